"""The notice on the admin index, which superusers see until one of them answers it or puts it off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar, Final

from django.contrib import messages
from django.contrib.messages.storage.base import BaseStorage
from django.core.signals import setting_changed
from django.db import DatabaseError, Error, connections, router, transaction
from django.db.models.signals import post_migrate
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..campaigns import campaigns
from ..conf.settings import Mode, Settings, conf
from ..consent import rules
from ..consent.choice import disclose, names_to_tell, unanswered, undisclosed
from ..models import Consent
from ..models.report import CLOCK_SKEW
from ..models.transactions import atomic
from ..reporting.state import collector
from .assets import assets
from .groups import groups

POSTPONED: Final = timedelta(days=7)  # for which *Later* hides the notice
NAMED: Final = 6  # facts or campaigns of one kind that are listed by name
EVER: Final = datetime.min.replace(tzinfo=timezone.utc)
NEVER: Final = datetime.max.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Everything that can be sent from here; after an answer only the `news`, which were added since."""

    settings: ClassVar[Settings] = conf

    consent: Consent
    position: rules.Ruling
    news: Mapping[str, str] = field(default_factory=dict)  # as `names_to_tell` returns them
    collector: str = field(default_factory=collector)

    @property
    def is_pending(self) -> bool:
        """Whether nothing is sent before the notice is shown, so that showing it has to be recorded."""
        if conf.CONSENT is not Mode.NOTICE:
            return False
        is_first = self.consent.notice_shown_at is None
        return is_first or bool(undisclosed(names_to_tell(self.consent), self.consent))

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Each group of facts and the campaigns, with their names, or their number if there are many."""
        lines = [(group.title, group.names) for group in groups(self.consent) if group.is_on]
        if self.news:
            lines = [
                (title, [each for each in names if each in self.news]) for title, names in lines
            ]
        shown = [
            declared.title
            for declared in campaigns().values()
            if not self.news or declared.token in self.news
        ]
        lines.append((_("Usage campaigns"), shown))
        return [(title, listed(names)) for title, names in lines if names]

    @property
    def added(self) -> list[str]:
        """The news, as operators read them."""
        return list(self.news.values())


def listed(names: Sequence[str]) -> str:
    """Write a few names, or the number of many."""
    if len(names) <= NAMED:
        return ", ".join(names)
    return ngettext("%(number)d entry", "%(number)d entries", len(names)) % {"number": len(names)}


def open_notice(consent: Consent, *, now: datetime) -> Notice | None:
    """Return the notice that asks for an answer, if any.

    *Later* hides it for a while; an unanswered one comes back for facts that it did not list. In opt-in
    mode only a yes discloses anything, so there it comes back when the time is over.
    """
    position = rules.by_operator(consent, now=now)
    if is_overruled() or position.rule is rules.Rule.DENIED:
        return None
    is_postponed = postponed_until(consent, now=now) is not None
    if rules.valid_choice(consent, now=now) != Consent.Choice.UNKNOWN:
        names = names_to_tell(consent)
        news = {name: names[name] for name in unanswered(names, consent)}
        is_open = bool(news) and not is_postponed
        return Notice(consent=consent, position=position, news=news) if is_open else None
    if is_postponed and (
        conf.CONSENT is Mode.OPT_IN or not undisclosed(names_to_tell(consent), consent)
    ):
        return None
    return Notice(consent=consent, position=position)


def postponed_until(consent: Consent, *, now: datetime) -> datetime | None:
    """Return until when *Later* hides the notice, None if it does not; not for longer if a clock was ahead."""
    until = consent.notice_postponed_until
    return until if until and now < until <= now + POSTPONED + CLOCK_SKEW else None


def is_overruled() -> bool:
    """Whether nothing can be gathered here at present, so that there is nothing to ask."""
    return bool(rules.switched_off() or rules.silenced())


def on_page(consent: Consent, *, now: datetime) -> tuple[Consent, Notice | None]:
    """Return the notice for a superuser on the page, and the row with that recorded."""
    notice = open_notice(consent, now=now)
    if notice is None or not notice.is_pending:
        return consent, notice
    with suppress(Error), atomic():  # the page is shown even if the database is read-only
        disclose(consent, now=now)
    return Consent.objects.current(), notice


class Quiet:
    """When this process need not read the row, as there is nothing to ask: new facts take a restart."""

    since = until = EVER

    def reset(self, **_: Any) -> None:
        """Read the row again: tests flush the database and change settings within one process."""
        self.until = EVER


quiet = Quiet()
for signal in (post_migrate, setting_changed):
    signal.connect(quiet.reset, dispatch_uid="metric_collection.system_info.notice")


def quiet_until(consent: Consent, *, now: datetime) -> datetime:
    """Return when a row without an open notice may have one again."""
    moments = [NEVER]
    if until := postponed_until(consent, now=now):
        moments.append(until)
    if conf.CONSENT_EXPIRES and consent.decided_at:
        moments.append(consent.decided_at + conf.CONSENT_EXPIRES)
    return min(moments)


def announce(request: HttpRequest, *, url: str, now: datetime) -> None:
    """Add the open notice to the messages of a superuser's request; `url` is that of the page.

    One query while there is a notice, none afterwards. Without our tables the index works as before.
    """
    if quiet.since <= now < quiet.until or is_overruled():
        return
    in_use = isinstance(messages.get_messages(request), BaseStorage)
    if not in_use or messages.get_level(request) > messages.INFO:  # it would be dropped
        return
    alias = router.db_for_write(Consent)
    # A failing query must not break the transaction of the host's request, if there is one.
    is_within = connections[alias].in_atomic_block
    try:
        with transaction.atomic(using=alias) if is_within else nullcontext():
            consent = Consent.objects.current()
            notice = open_notice(consent, now=now)
            if notice is None:
                quiet.since, quiet.until = now, quiet_until(consent, now=now)
                return
            # Without the host's context processors, which may use the database.
            context = {"notice": notice, "url": url, "csrf_token": get_token(request), **assets()}
            text = render_to_string("usage_metrics/notice.html", context)
            if notice.is_pending:
                disclose(consent, now=now)
            messages.info(request, text)
    except DatabaseError:
        return
