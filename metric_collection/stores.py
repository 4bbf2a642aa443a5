"""What is kept in the database between gathering and delivery."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, connections, router, transaction
from django.db.transaction import Atomic

from . import measurements
from .cleaninsights import payload
from .cleaninsights.backoff import Backoff
from .cleaninsights.campaigns import Campaign
from .cleaninsights.clock import EPOCH, SECOND, Clock, utc_now
from .cleaninsights.consents import Consent as Consented
from .cleaninsights.datapoints import DataPoint, Event, Visit
from .cleaninsights.exceptions import StoreError
from .cleaninsights.forks import Forkable
from .cleaninsights.stores import Batch, Pack
from .conf import conf
from .measurements import Counted
from .measuring.folder import Folder
from .models import USAGE, CampaignConsent, Consent, Measurement, Report, Sighting

LEASE: Final = timedelta(minutes=1)  # more than a client of the SDK takes to post a batch
MOST_UNWRITTEN: Final = 10_000  # points kept in memory while the database cannot be written


def atomic() -> Atomic:
    """Open a transaction on the database that holds this app's tables."""
    return transaction.atomic(using=router.db_for_write(Report))


@contextmanager
def held() -> Iterator[Consent]:
    """Open a transaction in which consent stays as it is: other changes come before or after it.

    The row is made before it: MariaDB would end insertions that wait for each other as a deadlock.
    """
    Consent.objects.ensure()
    with atomic():
        yield Consent.objects.locked()


def hour_of(moment: datetime) -> datetime:
    """Cut a moment to the hour: nobody needs to know the minute in which a product was installed."""
    return moment.replace(minute=0, second=0, microsecond=0)


def seal(points: Iterable[DataPoint], *, category: str, now: datetime) -> Report:
    """Put points into the outbox as the exact JSON to be posted, with a key of its own."""
    return enqueue(pack(points), category=category, now=now)


def seal_usage(now: datetime, campaigns: Collection[str], packed: Pack) -> Report | None:
    """Move finished periods of one of the campaigns into the outbox; None if there are none.

    The caller holds consent. One report is of one campaign, so that consent to it can be withdrawn.
    """
    for campaign_id in sorted(campaigns):
        if points := measurements.take_finished(campaign_id, now):
            return enqueue(packed(points), category=USAGE, now=now, campaign_id=campaign_id)
    return None


def pack(points: Iterable[DataPoint]) -> bytes:
    """Return the body that posts these points to our collector."""
    points = tuple(points)
    return payload.encode(
        conf.SITE_ID,
        events=[point for point in points if isinstance(point, Event)],
        visits=[point for point in points if isinstance(point, Visit)],
    )


def enqueue(body: bytes, *, category: str, now: datetime, campaign_id: str = "") -> Report:
    """Put a body into the outbox."""
    report: Report = Report.objects.create(
        category=category, campaign_id=campaign_id, body=body.decode(), sealed_at=now
    )
    return report


def discard_undelivered() -> None:
    """Delete everything that has not left yet."""
    Report.objects.from_first_queued().delete()
    Measurement.objects.all().delete()
    Sighting.objects.all().delete()


def discard_campaign(campaign_id: str) -> None:
    """Delete everything of one campaign that has not left yet."""
    Report.objects.from_first_queued().of_campaign(campaign_id).delete()
    Measurement.objects.of_campaign(campaign_id).delete()


class DatabaseStore(Forkable):
    """The store of a Clean Insights client in this app's tables: its batches are in the outbox.

    A forked child leaves to its parent what has been merged and not yet persisted.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        super().__init__()
        self._clock = clock

    def _begin(self) -> None:
        self._merged: deque[Counted] = deque(maxlen=MOST_UNWRITTEN)

    def merge(self, campaign: Campaign, point: DataPoint) -> None:
        """Remember a point; `persist` counts it into its row."""
        with self._of_this_process():
            self._merged.append((campaign, point))

    def persist(self) -> None:
        """Count into the rows what has been merged since; if it fails, nothing is forgotten."""
        with self._of_this_process():
            if self._merged:
                with reported(), held():
                    measurements.count(self._merged)
                self._merged.clear()

    def consent(self, subject: str) -> Consented | None:
        """Return what was said about a subject."""
        with reported():
            row = CampaignConsent.objects.filter(subject=subject).first()
        return row and consented(row)

    def put_consent(self, subject: str, consent: Consented) -> None:
        """Keep what was said about a subject."""
        with reported(), held():
            choice = Consent.Choice.GRANTED if consent.granted else Consent.Choice.DENIED
            put_consent(subject, consent, choice=choice)

    def sending(self) -> AbstractContextManager[bool]:
        """Keep nobody out: whoever seals a batch leases it, and that keeps the others out."""
        return nullcontext(enter_result=True)

    def backoff(self) -> Backoff:
        """Return the state of sending, which goes with the batch on its way."""
        with reported():
            report: Report | None = Report.objects.queued().usage().has_failed().first()
        return Backoff() if report is None else backoff_of(report)

    def put_backoff(self, backoff: Backoff) -> None:
        """Keep the state of sending with the batch on its way."""
        with reported():
            if report := Report.objects.queued().usage().first():
                hold_back(report, backoff)

    def seal(self, now: datetime, campaigns: Collection[str], pack: Pack) -> Batch | None:
        """Return the batch that is not settled yet, else a new one of one campaign's points.

        It is leased; as long as somebody else has leased one, there is none.
        """
        self.persist()
        queued = Report.objects.queued().usage()
        with reported(), held():
            if queued.claimed(now).exists():
                return None
            report = queued.first() or seal_usage(now, campaigns, pack)
            if report is None:
                return None
            Report.objects.filter(pk=report.pk).update(leased_until=now + LEASE)
            return batch_of(report)

    def settle(self, batch: Batch) -> None:
        """Put a batch into the operator's record: it has arrived."""
        with reported():
            report: Report = Report.objects.get(key=batch.key)
            report.settle(
                Report.State.DELIVERED, status=None, outcome="accepted", now=self._clock()
            )

    def release(self, batch: Batch) -> None:
        """Take a batch out of the outbox; its points are to be sealed anew."""
        with reported(), held():
            Report.objects.queued().filter(key=batch.key).delete()
            measurements.put_back(batch.points)

    def purge(self, before: datetime) -> None:
        """Forget the points whose period ended before then."""
        with reported():
            measurements.purge(before)


@contextmanager
def reported() -> Iterator[None]:
    """Raise what the database says as a StoreError."""
    try:
        yield
    except DatabaseError as error:
        raise StoreError(f"the database says: {error}") from error


def consented(row: CampaignConsent) -> Consented:
    """Return what a row says as the SDK has it: what nobody has decided is open."""
    return Consented(granted=row.choice != Consent.Choice.DENIED, start=row.start, end=row.end)


def put_consent(
    subject: str, said: Consented, *, choice: Consent.Choice, now: datetime | None = None
) -> None:
    """Write what was said about a subject; the caller holds consent."""
    values = {"choice": choice, "decided_at": now, "start": said.start, "end": said.end}
    CampaignConsent.objects.update_or_create(subject=subject, defaults=values)


def batch_of(report: Report) -> Batch:
    """Return the batch that a report of a campaign is to the SDK."""
    body = report.body.encode()
    return Batch(key=str(report.key), body=body, points=tuple(points_of(report)))


def points_of(report: Report) -> Iterator[DataPoint]:
    """Read what a report of a campaign has in its body."""
    body = payload.decode(report.body.encode())
    for event in body.get("events", ()):
        yield Event(
            category=event["category"],
            action=event["action"],
            name=event.get("name"),
            value=event.get("value"),
            **counted(event, report.campaign_id),
        )
    for visit in body.get("visits", ()):
        path = tuple(visit["action_name"].split("/"))
        yield Visit(path=path, **counted(visit, report.campaign_id))


def counted(found: Mapping[str, Any], campaign_id: str) -> dict[str, Any]:
    """Return what events and visits have in common."""
    return {
        "campaign_id": campaign_id,
        "times": found["times"],
        "period_start": EPOCH + SECOND * found["period_start"],
        "period_end": EPOCH + SECOND * found["period_end"],
    }


def backoff_of(report: Report) -> Backoff:
    """Return how sending has gone so far, as the SDK has it."""
    failed_at = report.attempted_at or EPOCH
    asked = report.wait_until - failed_at if report.must_wait and report.wait_until else SECOND * 0
    return Backoff(failures=report.attempts, failed_at=failed_at, asked=asked.total_seconds())


def hold_back(report: Report, backoff: Backoff) -> None:
    """Note how sending has gone so far."""
    Report.objects.filter(pk=report.pk).update(
        attempts=backoff.failures,
        attempted_at=backoff.failed_at,
        leased_until=None,
        wait_until=backoff.failed_at + SECOND * backoff.asked,
        must_wait=backoff.asked > 0,
        outcome="not accepted" if backoff.failures else "",
    )


def state_folder() -> Folder:
    """Return the private folder for the journals of this user's processes on this database."""
    database = connections[router.db_for_write(Report)]
    named = [str(database.settings_dict[key]) for key in ("ENGINE", "HOST", "PORT", "NAME")]
    if database.vendor == "sqlite":
        named[-1] = os.path.abspath(named[-1])  # noqa: PTH100  it may be a URL
    digest = hashlib.sha256("\n".join(named).encode()).hexdigest()[:16]
    parent = conf.STATE_FOLDER or Path(tempfile.gettempdir())
    return Folder(parent / f"metric_collection-{os.geteuid()}-{digest}")
