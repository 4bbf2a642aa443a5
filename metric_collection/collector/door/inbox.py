"""The inbox: reports that are not counted yet."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connections, router

from ..models import Arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How full the inbox is: about how many reports are queued, and since when the oldest is."""

    waiting: int
    since: datetime | None

    def age(self, now: datetime) -> timedelta:
        return now - self.since if self.since else timedelta(0)


def put(*, site_id: int, key: uuid.UUID | None, body: bytes, source: str, now: datetime) -> None:
    """Store a body: one INSERT, in plain SQL, because the ORM's would cost twice as much."""
    connection = connections[router.db_for_write(Arrival)]
    row = Arrival(site_id=site_id, key=key, body=body, source=source, received_at=now)
    fields = Arrival._meta.concrete_fields[1:]  # the database makes the primary key
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    name = connection.ops.quote_name
    columns = ", ".join(name(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {name(Arrival._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def put_many(arrivals: list[Arrival]) -> None:
    """Store the reports of a file."""
    Arrival.objects.bulk_create(arrivals, batch_size=500)


def take(most: int) -> list[Arrival]:
    """Return the oldest queued reports, and change nothing: counting them deletes them."""
    return list(Arrival.objects.waiting()[:most])


def level() -> Level:
    """Estimate from the first and the last primary key: counting the rows would read all of them."""
    first = Arrival.objects.waiting().values_list("pk", "received_at").first()
    if first is None:
        return Level(waiting=0, since=None)
    last = Arrival.objects.order_by("-pk").values_list("pk", flat=True).first() or first[0]
    return Level(waiting=last - first[0] + 1, since=first[1])
