"""What the tables have in common: where they are read, and a table that is one row."""

from __future__ import annotations

from typing import Any

from django.db import models, router


class PrimaryManager(models.Manager[Any]):
    """Reads where it writes: a replica that lags would repeat a heartbeat or show an old choice."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().using(router.db_for_write(self.model))


class OnlyRow(models.Model):
    """A table of at most one row, which the database itself ensures."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)

    class Meta:
        abstract = True
