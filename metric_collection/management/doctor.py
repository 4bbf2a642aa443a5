"""``doctor``: check everything that a report needs to arrive, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from django.core.management.color import Style
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, router
from django.db.migrations.executor import MigrationExecutor

from ..checks import check_settings
from ..cleaninsights.clock import utc_now
from ..conf.settings import NAMESPACE, conf
from ..conf.values import FIRST_REPORT_OF
from ..consent.rules import Rule, Ruling, by_operator, silenced, switched_off
from ..dictionary.tables import wrapped
from ..models import Consent, Report
from ..probes import registry
from ..probes.registry import Gathered
from ..reporting.collection import EARLIEST, HEARTBEAT, Collection
from ..reporting.delivery import Delivery
from ..reporting.state import DeliveryState, Situation, collector, delivery_state, shown
from ..system_info.handover import celery_app

COMMAND: Final = "manage.py metric_collection"
CRON: Final = f"7 * * * * {COMMAND} heartbeat -v 0"
ALL_DECLINED: Final = "all groups of facts are declined"
NO_FACT: Final = "there is no fact to send"
ANSWER_WITHIN: Final = 2.0  # seconds for Celery workers
SHAPES: Final = ("W001", "W003", "W004", "W006", "W017", "W018", "W020")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one step; without advice all is well."""

    step: str
    result: str
    advice: str = ""
    is_skipped: bool = False

    @property
    def is_problem(self) -> bool:
        return bool(self.advice)

    def text(self, style: Style) -> str:
        if self.is_problem:
            advice = f"\n{'':19}{self.advice}"
            return f"{style.ERROR('FAIL')}  {self.step:11}  {self.result}{advice}"
        mark = "skip" if self.is_skipped else style.SUCCESS("ok  ")
        return f"{mark}  {self.step:11}  {self.result}"


def workers(timeout: float = ANSWER_WITHIN) -> int | None:
    """Return how many Celery workers answer, None if Celery is not used here."""
    app = celery_app()
    if app is None:
        return None
    try:
        with app.connection_for_write() as connection:
            connection.connect()  # fails at once, where a ping would be retried
            return len(app.control.ping(timeout=timeout, connection=connection))
    except Exception:  # noqa: BLE001  any error of the broker's client
        return 0


# The status of a refused report -> the advice.
REFUSED: Final[dict[int | None, str]] = {
    401: "Check the user and password in METRIC_COLLECTION_COLLECTOR_URL.",
    413: "Let the collector, or the proxy in front of it, accept larger requests.",
    None: "Check METRIC_COLLECTION_SITE_ID: does the collector know this site?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """Runs the steps; the network and the workers come in as arguments."""

    delivery: Delivery = field(default_factory=Delivery)
    workers: Callable[[], int | None] = workers
    clock: Callable[[], datetime] = utc_now

    def examine(self) -> Iterator[Finding]:
        """Yield a finding for each step; steps that need an earlier one are skipped without it."""
        settings = list(self._settings())
        yield from settings
        off = switched_off()
        yield self._environment(off or silenced())
        yield self._clock()
        migrations = self._migrations()
        yield migrations
        if migrations.is_problem:
            for step in ("consent", "schedule", "collector", "facts", "next report"):
                yield Finding(step=step, result="not checked without tables", is_skipped=True)
            return
        consent = Consent.objects.current()
        position = by_operator(consent)
        yield self._consent(position)
        yield self._schedule(delivery_state(self.clock()))
        yield self._collector(off or (None if position.sends else position))
        gathered = registry.gather(declined=consent.declined_groups)
        yield self._facts(gathered)
        yield self._next_report(consent, gathered)

    def _settings(self) -> Iterator[Finding]:
        # Only settings that keep reports from being sent or from saying anything.
        keeping = (f"{NAMESPACE}.W1", *(f"{NAMESPACE}.{number}" for number in SHAPES))
        found = [each for each in check_settings() if not each.is_silenced()]
        messages = [each for each in found if str(each.id).startswith(keeping)]
        for message in messages:
            yield Finding(step="settings", result=message.msg, advice=str(message.hint))
        if not messages:
            yield Finding(step="settings", result=f"{conf.PRODUCT}, site {conf.SITE_ID}")

    def _environment(self, off: Ruling | None) -> Finding:
        find = partial(Finding, step="environment")
        if off is None:
            trial = "reports are sent even from development, test and CI environments"
            return find(result=trial if conf.SEND_IN_DEVELOPMENT else "production")
        advice = {
            Rule.DEBUG: "Set DEBUG = False, or METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True for a trial.",
            Rule.TEST_RUN: "Reports are never sent by a test run.",
            Rule.CI: "Reports are never sent by a CI machine.",
            Rule.CONFIGURATION: "Fix the settings above.",
        }.get(
            off.rule,
            "Whoever runs this installation wants no metrics. Leave it, or remove that switch.",
        )
        return find(result=off.sentence, advice=advice)

    def _clock(self) -> Finding:
        now = self.clock()
        if now >= EARLIEST:
            return Finding(step="clock", result=f"{shown(now)}")
        return Finding(
            step="clock",
            result=f"it shows {shown(now)}",
            advice="Set the clock: nothing is sealed before that.",
        )

    def _migrations(self) -> Finding:
        try:
            names = unapplied_migrations()
        except DatabaseError as error:
            return Finding(
                step="migrations",
                result=f"the database failed: {one_line(error)}",
                advice="Check that the database runs, and DATABASES in the settings.",
            )
        if names:
            return Finding(
                step="migrations",
                result=f"not applied: {', '.join(names)}",
                advice=f"Run {migrate_command(router.db_for_write(Report))}.",
            )
        return Finding(step="migrations", result="applied")

    def _consent(self, position: Ruling) -> Finding:
        advice = {
            Rule.DENIED: f"The operator's answer is final. To change it: {COMMAND} opt-in.",
            Rule.OPT_IN: f"Let a superuser agree on the System Info page, or run {COMMAND} consent.",
            Rule.NOTICE_PENDING: "Let a superuser open the admin, where the notice is shown.",
        }.get(position.rule, "")
        return Finding(step="consent", result=position.sentence, advice=advice)

    def _schedule(self, state: DeliveryState) -> Finding:
        find = partial(Finding, step="schedule")
        if state.situation is Situation.OFF:
            return find(result="not checked while metrics are off", is_skipped=True)
        if state.swept_at is not None and state.situation is not Situation.STALLED:
            return find(result=f"last run {shown(state.swept_at)}")
        result = state.sentence if state.situation is Situation.STALLED else "nothing has run yet"
        answered = self.workers()
        if answered is None:
            return find(
                result=result,
                advice=f"Celery is not used here. Add a line to cron: {CRON}",
            )
        if not answered:
            return find(
                result=f"{result}; no Celery worker answered",
                advice="Start a worker: celery -A <your project> worker --beat",
            )
        return find(
            result=f"{result}; Celery workers: {answered}",
            advice="Start Celery beat, which sends a worker to deliver every 10 minutes:"
            " celery -A <your project> beat",
        )

    def _collector(self, off: Ruling | None) -> Finding:
        find = partial(Finding, step="collector")
        if off is not None:
            return find(result="not contacted while metrics are off", is_skipped=True)
        if not conf.COLLECTOR_URL:
            return find(result="not set", advice="Set METRIC_COLLECTION_COLLECTOR_URL.")
        if problem := self.delivery.test_server():
            is_answer = problem.startswith("The server answered")
            result, _dot, advice = problem.partition(". ") if is_answer else (problem, "", "")
            fallback = (
                f"Check that this machine can reach {collector()}, and HTTPS_PROXY if it needs one"
            )
            return find(result=result, advice=f"{advice or fallback}.")
        last = Report.objects.settled_last()
        if last is not None and last.outcome == Report.Outcome.REFUSED:
            return find(
                result=f"the last report failed: {last.outcome_text}",
                advice=REFUSED.get(last.status, REFUSED[None]),
            )
        return find(result=f"{collector()} is a Clean Insights endpoint")

    def _facts(self, gathered: Gathered) -> Finding:
        unknown = f"; not known here: {', '.join(gathered.reasons)}" if gathered.reasons else ""
        find = partial(Finding, step="facts", result=f"{len(gathered.facts)} known{unknown}")
        failed = ", ".join(gathered.failed)
        return find(advice=f"See the log for the error of {failed}.") if failed else find()

    def _next_report(self, consent: Consent, gathered: Gathered) -> Finding:
        find = partial(Finding, step="next report")
        preview = Collection(clock=self.clock).preview(consent=consent, gathered=gathered)
        if preview is not None:
            return find(result=f"{preview[0]}, see {COMMAND} preview")
        reason = no_report_reason(consent)
        if reason == ALL_DECLINED:
            return find(result=f"none: {reason}", is_skipped=True)
        advice = {NO_FACT: f"Run {COMMAND} dictionary: it says why each fact is not sent."}
        fallback = "Add 'Heartbeat' to METRIC_COLLECTION_CATEGORIES."
        return find(result=f"none: {reason}", advice=advice.get(reason, fallback))


def no_report_reason(consent: Consent) -> str:
    """Return why no further report is planned."""
    if declares_facts() and not declares_facts(declined=consent.declined_groups):
        return ALL_DECLINED
    if HEARTBEAT in conf.CATEGORIES:
        return NO_FACT
    return f"METRIC_COLLECTION_CATEGORIES is {list(conf.CATEGORIES)!r}"


def declares_facts(*, declined: Sequence[str] = ()) -> bool:
    """Whether any fact can be sent from here; the one about the report itself does not count."""
    facts = [fact for _probe, fact in registry.declared(declined=declined)]
    return any(fact.name != FIRST_REPORT_OF for fact in facts)


def one_line(error: DatabaseError) -> str:
    """Return the message of a driver, which may have several lines, with a full stop."""
    text = " ".join(str(error).split())
    return text if text.endswith((".", "?")) else f"{text}."


def unapplied_migrations() -> list[str]:
    executor = MigrationExecutor(connections[router.db_for_write(Report)])
    targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] == NAMESPACE]
    return [migration.name for migration, _backwards in executor.migration_plan(targets)]


def migrate_command(alias: str) -> str:
    """Return the command that creates the tables in this database: plain migrate uses the default one only."""
    option = "" if alias == DEFAULT_DB_ALIAS else f" --database {alias}"
    return f"manage.py migrate{option}"


def finding_lines(findings: list[Finding], style: Style) -> list[str]:
    """Return a line for each finding, and the next step."""
    first = next((finding for finding in findings if finding.is_problem), None)
    if first:
        end = wrapped(f"Next: {first.advice}")
    elif any(finding.is_skipped for finding in findings):
        end = "There is nothing to do."
    else:
        end = "Everything is ready: reports will be sent."
    return [*(finding.text(style) for finding in findings), "", end]
