"""The measurements: what campaigns have counted, aggregated in the database period by period.

Whoever changes them holds consent (``stores.held``) and so is the only one to do it: no count is
written over, and nobody waits for somebody who waits for them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, TypeAlias

from django.db import connections, router

from .cleaninsights.campaigns import Campaign
from .cleaninsights.datapoints import DataPoint
from .models import CountedJournal, Measurement, digest_of

Counted: TypeAlias = tuple[Campaign, DataPoint]

CHUNK: Final = 500  # rows that one statement names
MOST_SEALED: Final = 1_000  # points in one report


def count(counted: Iterable[Counted]) -> None:
    """Count points into the rows of their periods, in order, as their campaigns aggregate."""
    points = iter(counted)
    while chunk := list(islice(points, CHUNK)):
        _count(chunk)


def _count(chunk: Sequence[Counted]) -> None:
    keyed = [(digest_of(point), campaign, point) for campaign, point in chunk]
    points = {
        row.digest: row.point
        for row in Measurement.objects.filter(digest__in={digest for digest, *_ in keyed})
    }
    for digest, campaign, point in keyed:
        known = points.get(digest)
        points[digest] = campaign.merged(known, point) if known else point
    write(points)


def write(points: Mapping[str, DataPoint]) -> None:
    """Insert or update the rows of points, by their digests."""
    database = connections[router.db_for_write(Measurement)]
    has_target = database.features.supports_update_conflicts_with_target  # not on MariaDB
    Measurement.objects.bulk_create(
        [Measurement.of(point, digest=digest) for digest, point in points.items()],
        update_conflicts=True,
        update_fields=["times", "value"],
        unique_fields=["digest"] if has_target else None,
    )


def take_finished(campaign_id: str, now: datetime) -> list[DataPoint]:
    """Take out what a campaign has counted in periods that are over; a report's worth at most."""
    finished = Measurement.objects.of_campaign(campaign_id).ended_before(now)[:MOST_SEALED]
    points = {row.pk: row.point for row in finished}
    Measurement.objects.filter(pk__in=points).delete()
    return list(points.values())


def waiting(campaign_id: str, now: datetime) -> Iterator[list[DataPoint]]:
    """Look at what a campaign has counted, report by report: of periods that are over, then the rest."""
    rows = Measurement.objects.of_campaign(campaign_id)
    for part in (rows.ended_before(now), rows.ending_from(now)):
        points = (row.point for row in part)
        while chunk := list(islice(points, MOST_SEALED)):
            yield chunk


def put_back(points: Iterable[DataPoint]) -> None:
    """Undo taking points out; each gets a row of its own, to which nothing can be added."""
    Measurement.objects.bulk_create(
        Measurement.of(point, digest=secrets.token_hex(32)) for point in points
    )


def purge(before: datetime) -> None:
    """Delete what has become too old to be sent, and the memory of journals from that time."""
    Measurement.objects.ended_before(before).delete()
    CountedJournal.objects.filter(counted_at__lt=before).delete()
