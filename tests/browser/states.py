"""Every state in which an operator can meet the page: what leads there, and what the page then says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from django.urls import reverse

from metric_collection.campaigns import campaigns
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.consent import campaigns as windows
from metric_collection.consent.choice import choose
from metric_collection.models import Change, Consent, Report
from metric_collection.models import measurement as measurements
from metric_collection.reporting.collection import Collection

PAGE = reverse("admin:usage_metrics_system_info")
INDEX = reverse("admin:index")
RECORD = reverse("admin:usage_metrics_record")


def nothing() -> None:
    """Leave everything as it is after an installation."""


def agreed() -> None:
    choose(Consent.Choice.GRANTED, now=datetime.now(timezone.utc))


def told_of_less() -> None:
    """An update has brought a fact that nobody has been told of."""
    agreed()
    row = Consent.objects.get()
    row.disclosed.remove("Installation Method")
    row.save()


def declined() -> None:
    choose(Consent.Choice.DENIED, now=datetime.now(timezone.utc))


def busy() -> None:
    """Days of reports, one of them refused, one waiting; and two upgrades."""
    now = datetime.now(timezone.utc)
    agreed()
    body = Collection().preview()[1].decode()
    for day in range(12, 0, -1):
        refused = day == 4
        Report.objects.create(
            category="Heartbeat",
            body=body,
            sealed_at=now - timedelta(days=day),
            settled_at=now - timedelta(days=day - 1, hours=3),
            state=Report.State.GIVEN_UP if refused else Report.State.DELIVERED,
            status=404 if refused else 204,
            outcome="the collector refused it with 404" if refused else "accepted",
        )
    Report.objects.create(
        category="Upgrade",
        body=body,
        sealed_at=now,
        wait_until=now + timedelta(minutes=40),
        status=503,
        outcome="the collector answered 503",
    )
    installed = {"Acme Version": [None, "0.9"], "acme-maps": [None, "1.1"]}
    upgraded = {"Acme Version": ["0.9", "1.0"], "os_version": ["Debian 12", "Debian 13"]}
    Change.objects.create(
        category="Install", recorded_at=now - timedelta(days=40), changes=installed
    )
    Change.objects.create(category="Upgrade", recorded_at=now - timedelta(days=3), changes=upgraded)


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
    now = datetime.now(timezone.utc)
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
    tab.locator("[name=campaign]").first.evaluate("field => field.value = 'nowhere'")
    tab.locator(".um-campaign button").first.click()


def look(tab: Any) -> None:
    """Leave the page as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How to get there, and some words that stand there."""

    says: str
    lead: Callable[[], None] = nothing
    settings: dict[str, Any] = field(default_factory=dict)
    path: str = PAGE
    user: str = "superuser"
    act: Callable[[Any], None] = look


STATES = {
    "asked": State(says="Nobody has decided yet."),
    "asked for a yes": State(
        says="Off, until a superuser agrees.", settings={"METRIC_COLLECTION_CONSENT": "opt-in"}
    ),
    "on": State(says="The switch is on.", lead=agreed),
    "off": State(says="Off, because a superuser has declined.", lead=declined),
    "locked": State(says="The switch is locked.", settings={"METRIC_COLLECTION": False}),
    "silenced": State(
        says="counts once the reason above is gone.",
        settings={"METRIC_COLLECTION_SEND_IN_DEVELOPMENT": False, "DEBUG": True},
    ),
    "busy": State(says="One report waits to be sent.", lead=busy),
    "new facts": State(
        says="have one new fact: Installation Method.",
        lead=told_of_less,
    ),
    "viewer": State(says="Only superusers can change this.", user="viewer", lead=busy),
    "record": State(says="accepted (204)", lead=busy, path=RECORD),
    "campaigns": State(
        says="Counted 49 times since",
        lead=counting,
        settings={"METRIC_COLLECTION_CAMPAIGNS": declared()},
    ),
    "campaigns asked for": State(
        says="Off, until a superuser agrees to this campaign.",
        lead=agreed,
        settings={
            "METRIC_COLLECTION_CAMPAIGNS": declared(),
            "METRIC_COLLECTION_CONSENT": "opt-in",
        },
    ),
    "campaigns locked": State(
        says="The switches of all campaigns are locked.",
        lead=declined,
        settings={"METRIC_COLLECTION_CAMPAIGNS": declared()},
    ),
    "mistake": State(
        says="There is no campaign “nowhere” here.",
        act=mistake,
        settings={"METRIC_COLLECTION_CAMPAIGNS": declared()},
    ),
    "notice": State(says="See exactly what is sent", path=INDEX),
}
