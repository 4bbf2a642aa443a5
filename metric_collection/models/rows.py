"""Base classes: a manager that reads from the primary database, and a table of one row."""

from __future__ import annotations

from typing import Any

from django.db import models, router


class PrimaryManager(models.Manager[Any]):
    """Reads from the primary: a lagging replica would repeat a heartbeat or show an old choice."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().using(router.db_for_write(self.model))


class OnlyRow(models.Model):
    """A table of at most one row; subclasses add a check constraint."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)

    class Meta:
        abstract = True
