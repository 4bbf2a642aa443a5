"""``manage.py metric_collection``: the switches of the System Info page, and delivery, from a shell."""

from __future__ import annotations

import json
import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections, router
from django.utils.translation import gettext as _

from metric_collection import outbox, proof
from metric_collection.campaigns import campaigns
from metric_collection.cleaninsights import payload
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.cleaninsights.exceptions import TransportError
from metric_collection.conf.settings import conf
from metric_collection.consent import campaigns as windows
from metric_collection.consent.rules import (
    by_operator,
    ruling,
    silenced,
    switched_off,
)
from metric_collection.dictionary import document, entries
from metric_collection.dictionary.tables import table
from metric_collection.management import files
from metric_collection.management.answers import (
    current_status,
    proof_lines,
    proof_of,
    report_lines,
)
from metric_collection.management.choices import (
    choose_campaign,
    choose_everything,
    choose_facts,
)
from metric_collection.management.doctor import (
    Doctor,
    finding_lines,
    migrate_command,
    no_report_reason,
    one_line,
    unapplied_migrations,
)
from metric_collection.management.questions import ANSWERS, ask, notice
from metric_collection.models import Consent, Report
from metric_collection.probes import registry
from metric_collection.proof import Testimony
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.delivery import Delivery, is_refusal
from metric_collection.reporting.state import Situation, collector
from metric_collection.reporting.sweep import note_sweep, sweep
from metric_collection.system_info import campaigns as usage

# Documented: scripts and monitoring rely on them.
EXIT_OFF: Final = 3
EXIT_STALLED: Final = 4
EXIT_PROBLEM: Final = 1
ACTIONS: Final = {
    "status": "Show whether metrics are on, which rule decides, and how delivery is going.",
    "doctor": "Check everything that a report needs to arrive, and say what to do.",
    "preview": "Show the next report; elsewhere than on a terminal, as the exact JSON.",
    "dictionary": "Show every fact that can be sent, as a table, a page to publish or JSON.",
    "opt-in": "Agree to usage metrics.",
    "opt-out": "Decline usage metrics and delete unsent data.",
    "consent": "Show the notice and ask; without an answer nothing changes.",
    "heartbeat": "Record a heartbeat if one is due, and deliver: for cron instead of Celery.",
    "send": "Deliver queued reports now, or those that another machine has exported.",
    "reports": "List sent and queued reports.",
    "export": "Move queued reports to a file, for a machine without internet access.",
    "test-server": "Check that the collector can be reached and is a Clean Insights endpoint.",
    "prove-off": "Run a whole cycle with every socket refused, and show what it did.",
}
PRINTING: Final = frozenset(ACTIONS) - {"dictionary", "consent"}


class Command(BaseCommand):
    help = "Shows, sends, and switches on or off the usage metrics of this product."
    requires_system_checks = ()  # a wrong setting must not stop an operator's opt-out

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        for name, summary in ACTIONS.items():
            action = actions.add_parser(name, help=summary, description=summary)
            add_django_options(action)
            if name in PRINTING:
                action.add_argument("--json", action="store_true", help="Print JSON.")
            if name == "export":
                action.add_argument("file", metavar="FILE", help="A new file, or - to print.")
                action.add_argument("--bare", action="store_true", help="Bodies without keys.")
            if name == "send":
                action.add_argument("--from", dest="file", metavar="FILE", help="An exported file.")
            if name == "preview":
                of_campaigns = "The reports of campaigns instead, one a line."
                action.add_argument("--campaigns", action="store_true", help=of_campaigns)
            if name in {"opt-in", "opt-out"}:
                part = action.add_mutually_exclusive_group()
                part.add_argument("--campaign", metavar="ID", help="For this campaign only.")
                part.add_argument("--group", metavar="NAME", help="For this group of facts only.")
            if name == "dictionary":
                add, on_terminal = action.add_argument, "The default is table on a terminal."
                add("--format", dest="form", choices=document.FORMS, help=on_terminal)
                add("--json", dest="form", action="store_const", const="json", help="Print JSON.")
                declared = "Declared examples instead of this machine's values."
                add("--static", action="store_true", help=declared)

    def handle(self, *_args: Any, action: str, **options: Any) -> None:
        try:
            try:
                getattr(self, action.replace("-", "_"))(**options)
            except DatabaseError as error:
                raise CommandError(
                    f"The database failed: {one_line(error)}{migrate_advice()}"
                ) from error
        except CommandError as error:
            if not options.get("json"):
                raise
            self._write_json({"error": str(error)})
            sys.exit(error.returncode)

    def status(self, **options: Any) -> None:
        """Exit with 0 if reports are sent, 3 if not, 4 if they are due but nothing delivers them."""
        status = current_status()
        self._print(status.json, lines=lambda _: status.lines(self.style), **options)
        if not status.ruling.sends:
            sys.exit(EXIT_OFF)
        if status.delivery.situation is Situation.STALLED:
            sys.exit(EXIT_STALLED)

    def doctor(self, **options: Any) -> None:
        """Exit with 0 if everything is ready, 1 if there is something to do."""
        findings = list(Doctor().examine())
        found = [
            {"step": each.step, "result": each.result, "advice": each.advice or None}
            for each in findings
        ]
        self._print(found, lines=lambda _: finding_lines(findings, self.style), **options)
        if any(finding.is_problem for finding in findings):
            sys.exit(EXIT_PROBLEM)

    def preview(self, *, campaigns: bool, **options: Any) -> None:
        if campaigns:
            self._preview_campaigns()
            return
        consent = Consent.objects.current()
        gathered = registry.gather(declined=consent.declined_groups)
        if (preview := Collection().preview(consent=consent, gathered=gathered)) is None:
            self.stderr.write(f"No report is planned: {no_report_reason(consent)}.")
            if options["json"]:
                self._write_json(None)
        elif options["json"] or not self.stdout.isatty():
            self.stdout.write(preview[1].decode())
        else:
            category, body = preview
            self.stdout.write(
                f"The next report, {category}, goes to {collector() or 'nobody yet'}.\n"
            )
            facts = [
                (event["action"], event.get("name", "")) for event in payload.decode(body)["events"]
            ]
            self.stdout.write("\n".join(table(["Fact", "Value"], facts)))
            for reason in gathered.reasons:
                self.stdout.write(f"Not known here: {reason}")

    def dictionary(self, *, form: str | None, static: bool, **options: Any) -> None:
        dictionary = entries.as_declared() if static else entries.as_found_here()
        default = "table" if self.stdout.isatty() else "rst"
        self.stdout.write(document.written(dictionary, form or default))

    def opt_in(self, **options: Any) -> None:
        main_only = not (options["campaign"] or options["group"])
        if locked := switched_off() if main_only else windows.lock(Consent.objects.current()):
            raise CommandError(f"{locked.sentence} Change that first.")
        self._choose(Consent.Choice.GRANTED, **options)

    def opt_out(self, **options: Any) -> None:
        self._choose(Consent.Choice.DENIED, **options)

    def consent(self, **options: Any) -> None:
        self.stdout.write("\n".join([*notice(Consent.objects.current()), ruling().sentence]))
        if choice := ANSWERS.get(ask(_("Share these usage metrics? Y/N: "))):
            self._choose(choice)
        else:
            self.stdout.write(_("Nothing was changed."))

    def heartbeat(self, **options: Any) -> None:
        attempted = sweep()
        if options["verbosity"]:  # cron mails whatever is printed
            self._print_reports(attempted, **options)

    def send(self, *, file: str | None, **options: Any) -> None:
        if file is None:
            note_sweep(utc_now())
            attempted = Delivery(hurried=True).deliver()
            if options["verbosity"]:
                self._print_reports(attempted, **options)
        else:
            self._send_file(Path(file), **options)

    def reports(self, **options: Any) -> None:
        self._print_reports(list(Report.objects.order_by("id")), **options)

    def export(self, *, file: str, bare: bool, **options: Any) -> None:
        """Move the queue to a new file, a report a line; nothing is overwritten."""
        if not (allowed := ruling()).sends:
            raise CommandError(f"{allowed.sentence} Nothing may leave this machine.")

        def write(reports: Sequence[Report]) -> None:
            lines = [files.line_of(report, bare=bare) for report in reports]
            if file == "-":
                self._print_now(lines)
            else:
                files.write_new(Path(file), lines)

        try:
            count = outbox.export(write, now=utc_now())
        except OSError as error:
            raise CommandError(f"{error}. Nothing was exported; name another file.") from error
        if options["json"] and file != "-":
            self._write_json({"exported": count})
        else:
            self.stderr.write("1 report exported." if count == 1 else f"{count} reports exported.")

    def test_server(self, **options: Any) -> None:
        position = by_operator(Consent.objects.current())
        if off := switched_off() or (None if position.sends else position):
            raise CommandError(f"{off.sentence} No request was made.")
        if not conf.COLLECTOR_URL:
            raise CommandError("METRIC_COLLECTION_COLLECTOR_URL is not set. No request was made.")
        if problem := Delivery().test_server():
            raise CommandError(f"The collector cannot be used: {problem}.")
        answer = f"{collector()} can be reached and is a Clean Insights endpoint."
        self._print({"reachable": True}, lines=lambda _: [answer], **options)

    def prove_off(self, **options: Any) -> None:
        """Exit with 0 if nothing was gathered, written or tried, with 1 otherwise or if metrics are on."""
        introspection = connections[router.db_for_write(Report)].introspection
        if Report._meta.db_table in introspection.table_names():
            allowed = ruling()
            seen = Testimony() if allowed.sends else proof.run_cycle()
        else:  # on a fresh database no operator can have made a choice yet
            allowed = switched_off() or silenced() or by_operator(Consent())
            seen = Testimony()
        self._print(proof_of(allowed, seen), lines=proof_lines, **options)
        if allowed.sends or not seen.is_empty:
            sys.exit(EXIT_PROBLEM)

    def _choose(
        self,
        choice: Consent.Choice,
        *,
        campaign: str | None = None,
        group: str | None = None,
        **options: Any,
    ) -> None:
        """Save a choice, for everything or for a part, and describe its effect."""
        if campaign is not None:
            lines = choose_campaign(campaign, choice, utc_now())
        elif group is not None:
            lines = choose_facts(group, choice)
        else:
            lines = choose_everything(choice, utc_now())
        self._print({"result": lines}, lines=lambda _: lines, **{"json": False, **options})

    def _preview_campaigns(self) -> None:
        """Print a line for each report that campaigns would send if their periods ended now."""
        now, counted = utc_now(), False
        for body in (body for each in campaigns() for body in usage.bodies(each, now=now)):
            self.stdout.write(body.decode())
            counted = True
        if not counted:
            self.stderr.write("No campaign has counted anything that was not sent.")

    def _send_file(self, path: Path, **options: Any) -> None:
        """Post the reports of a file; a repetition is recognized by its key, so run it again after a failure.

        Refused reports do not block the others; they are listed at the end.
        """
        if off := switched_off():
            raise CommandError(f"{off.sentence} Nothing may leave this machine.")
        if not conf.COLLECTOR_URL:
            raise CommandError("METRIC_COLLECTION_COLLECTOR_URL is not set. Nothing was sent.")
        try:
            exported = list(files.read(path))
        except (OSError, ValueError) as error:
            raise CommandError(f"{error}. Nothing was sent.") from error
        delivery, sent, refused = Delivery(), 0, []
        for report in exported:
            try:
                answer = delivery.post_exported(report.key, report.body)
            except TransportError as error:
                problem = str(error)
            else:
                if answer.accepted:
                    sent += 1
                    continue
                if is_refusal(answer):
                    refused.append(f"line {report.line} ({answer.status})")
                    continue
                problem = f"the collector answered {answer.status}"
            raise CommandError(
                f"{path}, line {report.line}: {problem}. Sent before it: {sent}. Run this again later:"
                " a report that was sent twice is recognized by its key."
            )
        if refused:
            raise CommandError(
                f"{path}: the collector refused {', '.join(refused)}; sending them again will not help."
                f" Sent: {sent}."
            )
        lines = ["1 report sent." if sent == 1 else f"{sent} reports sent."]
        self._print({"sent": sent}, lines=lambda _: lines, **options)

    def _print_reports(self, reports: Sequence[Report], **options: Any) -> None:
        described = [outbox.described(report) for report in reports]
        self._print(described, lines=lambda _: report_lines(reports), **options)

    def _print(
        self, content: Any, *, lines: Callable[[Any], Sequence[str]], **options: Any
    ) -> None:
        if options["json"]:
            self._write_json(content)
        else:
            self.stdout.write("\n".join(lines(content)))

    def _print_now(self, lines: Sequence[str]) -> None:
        """Print lines without leaving any in a buffer; OSError if that fails."""
        if self.stdout._out is None:
            raise OSError("The standard output is closed")
        self.stdout.write("\n".join(lines), ending="\n" if lines else "")
        self.stdout.flush()

    def _write_json(self, content: Any) -> None:
        self.stdout.write(json.dumps(content, indent=2))


def add_django_options(action: ArgumentParser) -> None:
    """Accept Django's own options after the action too; before it, they are Django's."""
    options: dict[str, Any] = {"default": SUPPRESS, "help": SUPPRESS}
    action.add_argument("-v", "--verbosity", type=int, choices=range(4), **options)
    action.add_argument("--settings", **options)
    action.add_argument("--pythonpath", **options)
    for name in ("--traceback", "--no-color", "--force-color"):
        action.add_argument(name, action="store_true", **options)


def migrate_advice() -> str:
    """Return the advice to migrate, "" if that is done or the database does not answer."""
    try:
        is_advised = bool(unapplied_migrations())
    except DatabaseError:
        is_advised = False
    return f" Run {migrate_command(router.db_for_write(Report))}." if is_advised else ""
