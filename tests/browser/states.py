"""Every state in which an operator can meet the page: what leads there, and what the page then says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from django.urls import reverse

from metric_collection.collection import Collection
from metric_collection.consent import choose
from metric_collection.models import Change, Consent, Report

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


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How to get there, and some words that stand there."""

    says: str
    lead: Callable[[], None] = nothing
    settings: dict[str, Any] = field(default_factory=dict)
    path: str = PAGE
    user: str = "superuser"


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
    "notice": State(says="See exactly what is sent", path=INDEX),
}
