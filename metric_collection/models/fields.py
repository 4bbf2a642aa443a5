"""Fields of the tables: moments as numbers, and strings compared exactly."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models

from ..cleaninsights.clock import EPOCH, SECOND


class MomentField(models.BigIntegerField):  # type: ignore[type-arg]  # not subscriptable when it runs
    """An aware UTC datetime, stored as whole seconds since the epoch.

    So neither USE_TZ, TIME_ZONE nor daylight saving time can shift when something is due.
    """

    _pyi_private_set_type: datetime  # type: ignore[assignment]  # what django-stubs reads
    _pyi_private_get_type: datetime  # type: ignore[assignment]
    unit = SECOND

    def from_db_value(self, value: int | None, *_: object) -> datetime | None:
        return None if value is None else EPOCH + value * self.unit

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and not value.lstrip("-").isdecimal():  # in a fixture
            return datetime.fromisoformat(value.replace("Z", "+00:00"))
        if isinstance(value, datetime):
            return value
        return self.from_db_value(super().to_python(value))

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return (value - EPOCH) // self.unit
        return super().get_prep_value(value)


class InstantField(MomentField):
    """A moment to the microsecond, for the limits of periods, which decide where a measurement belongs."""

    unit = timedelta.resolution


class ExactCharField(models.CharField):  # type: ignore[type-arg]
    """A string that is compared exactly.

    MariaDB's default collations ignore case, and a database may have a character set without all of
    Unicode; the binary collation of utf8mb4 has neither problem.
    """

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        collation = "utf8mb4_bin" if connection.vendor == "mysql" else self.db_collation
        return {**super().db_parameters(connection), "collation": collation}
