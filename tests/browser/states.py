"""Every state in which an operator can see the page: how to get there, and some words of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from django.urls import reverse

from metric_collection.campaigns import campaigns
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.consent import campaigns as windows
from metric_collection.consent.choice import choose, choose_group
from metric_collection.models import Change, Consent, Report, Snapshot
from metric_collection.models import measurement as measurements
from metric_collection.probes import registry
from metric_collection.reporting.collection import Collection

PAGE = reverse("admin:usage_metrics_system_info")
INDEX = reverse("admin:index")
REPORTS = reverse("admin:usage_metrics_reports")


def installed(*, swept: bool = True, hours: float = 30) -> None:
    """Record the first snapshot some hours ago, with its Install still queued; workers have swept since."""
    now = utc_now()
    Collection(clock=lambda: now - timedelta(hours=hours), random=lambda: 0.5).record()
    due = now + timedelta(hours=7) if swept else now - timedelta(hours=hours - 12)
    Snapshot.objects.update(heartbeat_due=due, swept_at=now if swept else None)


def settled(report: Report, *, hours: float, accepted: bool = True) -> None:
    """Let a report be accepted or refused some hours ago."""
    moment = utc_now() - timedelta(hours=hours)
    report.attempts, report.attempted_at = 1, moment
    report.save()
    report.settle(
        Report.State.DELIVERED if accepted else Report.State.GIVEN_UP,
        outcome=Report.Outcome.ACCEPTED if accepted else Report.Outcome.REFUSED,
        status=204 if accepted else 404,
        now=moment,
    )


def delivered() -> None:
    """The Install was accepted three hours ago."""
    installed()
    settled(Report.objects.get(), hours=3)


def agreed() -> None:
    delivered()
    choose(Consent.Choice.GRANTED, now=utc_now())


def told_of_less() -> None:
    """An update has brought a fact that no notice has listed."""
    agreed()
    row = Consent.objects.get()
    row.disclosed.remove("Installation Method")
    row.save()


def declined() -> None:
    choose(Consent.Choice.DENIED, now=utc_now())


def group_declined() -> None:
    agreed()
    choose_group("operating-system", Consent.Choice.DENIED)


def failing() -> None:
    """An outage: three reports are queued, the first has failed."""
    installed(hours=100)
    settled(Report.objects.get(), hours=99)
    now = utc_now()
    body = Collection().preview()[1].decode()
    for days in (3, 2, 1):
        Report.objects.create(category="Heartbeat", body=body, sealed_at=now - timedelta(days=days))
    head = Report.objects.queued().first()
    head.attempts, head.attempted_at = 9, now - timedelta(minutes=50)
    head.failed_at = now - timedelta(days=3)
    head.save()
    head.retry(
        now + timedelta(minutes=10),
        must_wait=False,
        outcome=Report.Outcome.NO_CONNECTION,
        detail="Connection refused",
    )


def refused() -> None:
    installed()
    settled(Report.objects.get(), hours=3, accepted=False)


def stalled() -> None:
    installed(swept=False, hours=54)


def paused() -> None:
    """The collector has asked to wait."""
    agreed()
    now = utc_now()
    body = Collection().preview()[1].decode()
    Report.objects.create(
        category="Heartbeat", body=body, sealed_at=now, attempts=1, attempted_at=now
    )
    Report.objects.queued().get().retry(
        now + timedelta(hours=2), must_wait=True, outcome=Report.Outcome.ANSWERED, status=503
    )


def busy() -> None:
    """Days of reports, one of them refused, one queued; and two upgrades."""
    now = utc_now()
    agreed()
    body = Collection().preview()[1].decode()
    for day in range(12, 0, -1):
        sealed = now - timedelta(days=day)
        report = Report.objects.create(category="Heartbeat", body=body, sealed_at=sealed)
        settled(report, hours=24 * day - 3, accepted=day != 4)
    Report.objects.create(category="Upgrade", body=body, sealed_at=now)
    first = {"Acme Version": [None, "0.9"], "acme-maps": [None, "1.1"]}
    upgraded = {"Acme Version": ["0.9", "1.0"], "os_version": ["Debian 12", "Debian 13"]}
    Change.objects.create(category="Install", recorded_at=now - timedelta(days=40), changes=first)
    Change.objects.create(category="Upgrade", recorded_at=now - timedelta(days=3), changes=upgraded)


def elsewhere() -> None:
    """A worker without the setting has sent a report since this process was started."""
    now = utc_now()
    settled(Report.objects.create(category="Heartbeat", body="{}", sealed_at=now), hours=0)


def declared() -> dict[str, dict[str, Any]]:
    """Campaigns of every kind: running, agreed to, declined, to come and over."""
    now = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)

    def campaign(title: str, purpose: str, begins: int, ends: int, **values: Any) -> dict[str, Any]:
        start, end = (now + timedelta(days=days) for days in (begins, ends))
        span = {"start": start.isoformat(), "end": end.isoformat(), "aggregationPeriodLength": 7}
        return {"title": title, "purpose": purpose, **span, "numberOfPeriods": 4, **values}

    return {
        "search": campaign("Use of the search", "To know which searches to make faster.", -30, 90),
        "export": campaign("Exports", "To know which formats matter.", -9, 60),
        "labels": campaign("Printing of labels", "To know whether anybody prints them.", -20, 200),
        "next": campaign("The new dashboard", "To know whether it is found.", 14, 104),
        "past": campaign("The old dashboard", "To know when it can go.", -90, -3),
    }


def counting() -> None:
    """Some days of use, and two campaigns decided on."""
    agreed()
    now = utc_now()
    windows.decide("export", Consent.Choice.GRANTED, now=now)
    windows.decide("labels", Consent.Choice.DENIED, now=now)
    search = campaigns()["search"].campaign
    period = search.current_period(now)
    place = {"period_start": period.start, "period_end": period.end, "campaign_id": "search"}
    searches = [("devices", 41, 12.7), ("racks", 7, 1.25), ("cables", 1, 0.4)]
    measurements.count(
        (
            search,
            Event(category="Search", action="Run", name=name, times=times, value=value, **place),
        )
        for name, times, value in searches
    )


def mistake(tab: Any) -> None:
    """Send a form that somebody has tampered with."""
    tab.locator("[name=group]").first.evaluate("field => field.value = 'nowhere'")
    tab.locator("#shared button").first.click()


def look(tab: Any) -> None:
    """Leave the page as it is."""


def asked_for_campaigns() -> None:
    """A yes to a question that did not list the campaigns."""
    choose(Consent.Choice.GRANTED, now=utc_now())
    installed()
    Consent.objects.update(disclosed=[fact.name for _probe, fact in registry.declared()])


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How to get there, and some words that stand there."""

    says: str
    lead: Callable[[], None] = installed
    settings: dict[str, Any] = field(default_factory=dict)
    path: str = PAGE
    user: str = "superuser"
    act: Callable[[Any], None] = look


CAMPAIGNS = {"METRIC_COLLECTION_CAMPAIGNS": declared()}
STATES = {
    "new": State(says="The first report has not been sent yet.", lead=installed),
    "asked for a yes": State(
        says="Off by default.", settings={"METRIC_COLLECTION_CONSENT": "opt-in"}
    ),
    "on": State(says="The last report was delivered on", lead=agreed),
    "off": State(says="Usage metrics are off", lead=declined),
    "locked": State(says="The switch is locked.", settings={"METRIC_COLLECTION": False}),
    "sent elsewhere": State(
        says="Another process sent a report on",
        lead=elsewhere,
        settings={"METRIC_COLLECTION": False},
    ),
    "silenced": State(
        says="Your choice takes effect once this reason no longer applies.",
        settings={"METRIC_COLLECTION_SEND_IN_DEVELOPMENT": False, "DEBUG": True},
    ),
    "failing": State(says="Not delivered since", lead=failing),
    "refused": State(says="The last report failed on", lead=refused),
    "stalled": State(says="Start a Celery worker and beat", lead=stalled),
    "paused": State(says="Paused by the collector until", lead=paused),
    "busy": State(says="12 reports sent, 1 queued", lead=busy),
    "new facts": State(says="New since you agreed: Installation Method.", lead=told_of_less),
    "group off": State(
        says="Not gathered and not sent: os_version, kernel_version, hardware_platform",
        lead=group_declined,
    ),
    "viewer": State(says="Only superusers can change this.", user="viewer", lead=busy),
    "reports": State(says="refused or expired 1", lead=busy, path=REPORTS),
    "campaigns": State(says="5 campaigns, 2 counting", lead=counting, settings=CAMPAIGNS),
    "campaigns asked for": State(
        says="Off until a superuser agrees to this campaign.",
        lead=asked_for_campaigns,
        settings={**CAMPAIGNS, "METRIC_COLLECTION_CONSENT": "opt-in"},
    ),
    "campaigns locked": State(says="5 campaigns, 0 counting", lead=declined, settings=CAMPAIGNS),
    "mistake": State(says="There is no group “nowhere” here.", act=mistake),
    "notice": State(says="Keep on Switch off Later", path=INDEX, settings=CAMPAIGNS),
}
