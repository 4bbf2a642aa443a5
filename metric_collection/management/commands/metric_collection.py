"""``manage.py metric_collection``: what the System Info page can do, and delivery, from a shell."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _

from metric_collection import outbox as reports
from metric_collection import proof
from metric_collection.campaigns import campaigns
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.conf.settings import PREFIX, conf
from metric_collection.consent import campaigns as windows
from metric_collection.consent import rules as consent
from metric_collection.consent.choice import choose
from metric_collection.dictionary import document, entries
from metric_collection.management.answers import (
    current_state,
    current_usages,
    proof_lines,
    proof_of,
    report_lines,
    status_lines,
)
from metric_collection.models import Consent, Report
from metric_collection.probes import registry
from metric_collection.proof import Testimony
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.delivery import Delivery
from metric_collection.reporting.sweep import note_sweep, sweep
from metric_collection.system_info import campaigns as usage

OF_CAMPAIGNS = "What campaigns have counted so far instead, a report a line."
EXIT_OFF = 3
EXIT_NOT_PROVEN = 1
ACTIONS = {
    "status": "Say whether metrics are on, which rule decides, and what was sent last.",
    "preview": "Print the exact JSON of the next heartbeat.",
    "dictionary": "Print every fact that can be sent, as a page to publish or as JSON.",
    "opt-in": "Agree to usage metrics.",
    "opt-out": "Decline usage metrics and delete what has not been sent.",
    "consent": "Show the notice and ask; without an answer nothing is changed.",
    "heartbeat": "Record a heartbeat if one is due, and deliver: for cron, instead of Celery.",
    "send": "Deliver what waits, now.",
    "reports": "List what was sent and what waits.",
    "export": "Write the queued reports to a file, for a machine without a way out.",
    "test-server": "Ask the collector whether it is one.",
    "prove-off": "Run a whole cycle with every socket refused, and say what it did.",
}
PRINTING = ("status", "preview", "heartbeat", "send", "reports", "test-server", "prove-off")
ANSWERS = {"y": Consent.Choice.GRANTED, "n": Consent.Choice.DENIED}


class Command(BaseCommand):
    help = "Shows, sends, and switches on or off the usage metrics of this product."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        for name, summary in ACTIONS.items():
            action = actions.add_parser(name, help=summary, description=summary)
            if name in PRINTING:
                action.add_argument("--json", action="store_true", help="Print JSON.")
            if name == "export":
                action.add_argument("file", metavar="FILE", help="A new file, or - to print.")
            if name == "preview":
                action.add_argument("--campaigns", action="store_true", help=OF_CAMPAIGNS)
            if name in {"opt-in", "opt-out"}:
                action.add_argument("--campaign", metavar="ID", help="For this campaign alone.")
            if name == "dictionary":
                add_dictionary_options(action)

    def handle(self, *_args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, action.replace("-", "_"))(**options)
        except DatabaseError as error:
            raise CommandError(f"The database says: {error}. Has migrate been run?") from error

    def status(self, **options: Any) -> None:
        """Exit with 0 when reports are sent, with 3 when not."""
        state = current_state()
        self._print(state, lines=status_lines, **options)
        if not state["on"]:
            sys.exit(EXIT_OFF)

    def preview(self, *, campaigns: bool, **options: Any) -> None:
        if campaigns:
            self._preview_campaigns()
        elif (preview := Collection().preview()) is None:
            self.stderr.write(f"No report is planned: {PREFIX}_CATEGORIES is {conf.CATEGORIES!r}.")
        else:
            self.stdout.write(preview[1].decode())

    def dictionary(self, *, form: str, static: bool, **options: Any) -> None:
        dictionary = entries.as_declared() if static else entries.as_found_here()
        self.stdout.write(document.written(dictionary, form))

    def opt_in(self, *, campaign: str | None, **options: Any) -> None:
        row = Consent.objects.current()
        if locked := consent.switched_off() if campaign is None else windows.lock(row):
            raise CommandError(f"{locked.sentence} Change that first.")
        self._choose(Consent.Choice.GRANTED, campaign)

    def opt_out(self, *, campaign: str | None, **options: Any) -> None:
        self._choose(Consent.Choice.DENIED, campaign)

    def consent(self, **options: Any) -> None:
        self.stdout.write("\n".join(notice()))
        self._ask(_("Share these usage metrics? Y/N: "))

    def heartbeat(self, **options: Any) -> None:
        self._print_attempts(sweep(), **options)

    def send(self, **options: Any) -> None:
        note_sweep(utc_now())
        self._print_attempts(Delivery(hurried=True).deliver(), **options)

    def reports(self, **options: Any) -> None:
        listed = [reports.described(report) for report in Report.objects.order_by("id")]
        self._print(listed, lines=report_lines, **options)

    def export(self, *, file: str, **options: Any) -> None:
        """Move the queue into a new file, one body a line; overwrite nothing."""
        if not (ruling := consent.ruling()).sends:
            raise CommandError(f"{ruling.sentence} Nothing may leave this machine.")
        write = self._print_bodies if file == "-" else lambda bodies: write_new(Path(file), bodies)
        try:
            count = reports.export(write, now=utc_now())
        except OSError as error:
            raise CommandError(f"{error}. Nothing was exported; name another file.") from error
        self.stderr.write(f"{count} reports exported.")

    def test_server(self, **options: Any) -> None:
        if locked := consent.switched_off():
            raise CommandError(f"{locked.sentence} No request was made.")
        unset = "METRIC_COLLECTION_COLLECTOR_URL is not set"
        problem = Delivery().test_server() if conf.COLLECTOR_URL else unset
        if problem is not None:
            raise CommandError(f"The collector cannot be used: {problem}.")
        answer = "The collector can be reached and is a Clean Insights endpoint."
        self._print({"reachable": True}, lines=lambda _: [answer], **options)

    def prove_off(self, **options: Any) -> None:
        """Exit with 0 when nothing was gathered, written or tried, with 1 when it was or may be."""
        ruling = consent.ruling()
        seen = Testimony() if ruling.sends else proof.run_cycle()
        self._print(proof_of(ruling, seen), lines=proof_lines, **options)
        if ruling.sends or not seen.is_empty:
            sys.exit(EXIT_NOT_PROVEN)

    def _ask(self, question: str) -> None:
        """Make the choice that is the answer; without one nothing is changed."""
        if choice := ANSWERS.get(ask(question)):
            self._choose(choice, None)
        else:
            self.stdout.write(_("Nothing was changed."))

    def _choose(self, choice: Consent.Choice, campaign: str | None) -> None:
        """Make a choice, for everything or for one campaign, and say what holds now."""
        if campaign is None:
            choose(choice, now=utc_now())
            self.stdout.write(consent.ruling().sentence)
        else:
            known(campaign)
            windows.decide(campaign, choice, now=utc_now())
            self.stdout.write(current_usages()[campaign].sentence)

    def _preview_campaigns(self) -> None:
        """Print what each campaign has counted, a line for each report that would be made of it."""
        now, counted = utc_now(), False
        for body in (body for each in campaigns() for body in usage.bodies(each, now=now)):
            self.stdout.write(body.decode())
            counted = True
        if not counted:
            self.stderr.write("No campaign has counted anything that was not sent.")

    def _print_attempts(self, attempted: Sequence[Report], **options: Any) -> None:
        if options["verbosity"]:
            listed = [reports.described(report) for report in attempted]
            self._print(listed, lines=report_lines, **options)

    def _print(
        self, content: Any, *, lines: Callable[[Any], Sequence[str]], **options: Any
    ) -> None:
        as_json = options["json"]
        self.stdout.write(json.dumps(content, indent=2) if as_json else "\n".join(lines(content)))

    def _print_bodies(self, bodies: Sequence[str]) -> None:
        for body in bodies:
            self.stdout.write(body)


def add_dictionary_options(action: ArgumentParser) -> None:
    """Say in which form, and with which examples, the dictionary is to be."""
    add, forms = action.add_argument, document.FORMS
    add("--format", dest="form", choices=forms, default=forms[0], help="How to write it.")
    add("--json", dest="form", action="store_const", const="json", help="Print JSON.")
    add("--static", action="store_true", help="Give declared examples, not this machine's values.")


def known(campaign: str) -> None:
    """Refuse a campaign that is not declared, and name those that are."""
    if campaign not in campaigns():
        names = ", ".join(sorted(campaigns())) or "none"
        raise CommandError(
            f"There is no campaign {campaign!r}. {PREFIX}_CAMPAIGNS declares: {names}."
        )


def notice() -> list[str]:
    """Say what is shared before asking: every fact, and every campaign with its purpose."""
    facts = [f"  {fact.name}: {fact.description}" for _probe, fact in registry.declared()]
    counted = [f"  {each.title}: {each.purpose}" for each in campaigns().values()]
    return [
        _("%(product)s can share anonymous usage metrics with its makers.")
        % {"product": conf.PRODUCT},
        _("No identifier of a person, host or installation is sent. What is shared:"),
        *facts,
        *counted,
        *([_("Learn more: %s") % conf.LEARN_MORE_URL] if conf.LEARN_MORE_URL else []),
        consent.ruling().sentence,
    ]


def ask(question: str) -> str:
    """Return the first letter of the answer, in lower case; none where nobody can answer."""
    try:
        return input(question).strip().lower()[:1] if sys.stdin.isatty() else ""
    except EOFError:
        return ""


def write_new(path: Path, bodies: Sequence[str]) -> None:
    """Write a line for each body to a file that does not exist yet, and see it onto the disk."""
    with path.open("x", encoding="utf-8") as file:
        file.writelines(f"{body}\n" for body in bodies)
        file.flush()
        os.fsync(file.fileno())
