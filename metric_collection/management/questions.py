"""The question of consent in a shell: its text, and how it is asked."""

from __future__ import annotations

import select
import sys
from datetime import timedelta
from typing import Final

from django.core.management.base import OutputWrapper
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..campaigns import campaigns
from ..cleaninsights.clock import utc_now
from ..conf.settings import Mode, conf
from ..consent.choice import choose
from ..consent.rules import on_ci, ruling, silenced, switched_off, valid_choice
from ..models import Consent
from ..probes import registry
from ..probes.probe import Fact
from ..reporting.state import collector

ANSWERS: Final = {"y": Consent.Choice.GRANTED, "n": Consent.Choice.DENIED}
PATIENCE: Final = timedelta(seconds=50)
RECIPIENT: Final = gettext_lazy(
    "Reports are sent to %(host)s, which can see the IP address that they come from."
)


def notice(consent: Consent) -> list[str]:
    """Return everything that an answer covers: data, purposes, recipient, retention, how to change it."""
    declared = registry.declared(declined=consent.declined_groups)
    days = conf.KEEP_REPORTS.days
    return [
        _("%(product)s can share usage metrics with its makers.") % {"product": conf.PRODUCT},
        _("No identifier of a person, host or installation is sent. What is shared:"),
        *(f"  {fact.name}: {words_of(fact)}" for _probe, fact in declared),
        *(f"  {each.title}: {each.purpose}" for each in campaigns().values()),
        *([RECIPIENT % {"host": collector()}] if collector() else []),
        _("Sent reports are kept on this machine for %(days)s days.") % {"days": days},
        *([_("Learn more: %s") % conf.LEARN_MORE_URL] if conf.LEARN_MORE_URL else []),
        _("To change your answer, run manage.py metric_collection opt-in or opt-out."),
    ]


def words_of(fact: Fact) -> str:
    """Describe a fact and its purpose in the active language."""
    return " ".join(_(words) for words in (fact.description, fact.purpose) if words)


def prompt(out: OutputWrapper, *, patience: timedelta | None = None) -> None:
    """Ask once, on a terminal and in opt-in mode (METRIC_COLLECTION_PROMPT); the command goes on anyway.

    Without a reply nothing is saved: that is a no which is asked again next time.
    """
    try:
        has_terminal = sys.stdin.isatty() and sys.stdout.isatty()
        if not (conf.PROMPT and conf.CONSENT is Mode.OPT_IN and has_terminal):
            return
        if switched_off() or silenced() or on_ci():
            return
        consent = Consent.objects.current()
        if valid_choice(consent) != Consent.Choice.UNKNOWN:
            return
        out.write("\n".join([*notice(consent), _("Share these usage metrics? Y/N: ")]), ending="")
        out.flush()
        if choice := ANSWERS.get(reply(PATIENCE if patience is None else patience)):
            choose(choice, now=utc_now())
            out.write(ruling().sentence)
        else:
            out.write(_("No answer: nothing is shared. You will be asked again."))
    except KeyboardInterrupt:
        sys.exit(130)  # as from a shell: Ctrl-C stops the command, which has not begun
    except (DatabaseError, EOFError, OSError):
        return  # not migrated yet, or a read-only database: ask again next time


def reply(patience: timedelta) -> str:
    """Return the first letter of the reply in lower case, "" without one in time.

    Windows cannot wait for a console that way: there nobody replies, and `consent` asks instead.
    """
    try:
        is_ready, _writable, _failed = select.select([sys.stdin], [], [], patience.total_seconds())
    except (OSError, ValueError):
        return ""
    return sys.stdin.readline().strip().lower()[:1] if is_ready else ""


def ask(question: str) -> str:
    """Return the first letter of the answer in lower case, "" if nobody can answer."""
    try:
        return input(question).strip().lower()[:1] if sys.stdin.isatty() else ""
    except EOFError:
        return ""
