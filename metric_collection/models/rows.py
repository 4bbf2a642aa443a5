"""Base classes: a manager that reads from the primary database, and a table of one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections, models, router


class PrimaryManager(models.Manager[Any]):
    """Reads from the primary: a lagging replica would repeat a heartbeat or show an old choice."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().using(router.db_for_write(self.model))

    def upsert(self, rows: Iterable[models.Model], *, key: str, fields: Sequence[str]) -> None:
        """Insert rows, or update these fields where a row with the same key exists."""
        database = connections[router.db_for_write(self.model)]
        has_target = database.features.supports_update_conflicts_with_target  # not on MariaDB
        self.bulk_create(
            rows,
            update_conflicts=True,
            update_fields=fields,
            unique_fields=[key] if has_target else None,
        )


class OnlyRow(models.Model):
    """A table of at most one row; subclasses add a check constraint."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)

    class Meta:
        abstract = True
