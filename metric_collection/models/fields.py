"""Moments in the tables, as numbers: neither a time zone nor a setting can shift them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models

from ..cleaninsights.clock import EPOCH, SECOND


class MomentField(models.BigIntegerField):  # type: ignore[type-arg]  # not subscriptable when it runs
    """An aware UTC datetime kept as whole seconds since the epoch.

    Neither USE_TZ, TIME_ZONE nor a change of the clock to summer time can then shift when something is due.
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
    """A moment to the microsecond, for the edges of periods: on which side of one a count falls matters."""

    unit = timedelta.resolution
