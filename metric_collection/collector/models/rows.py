"""Where the tables are read: on the database that is written to, because a replica may lag behind."""

from __future__ import annotations

from typing import Any

from django.db import models, router, transaction
from django.db.transaction import Atomic


class PrimaryManager(models.Manager[Any]):
    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().using(router.db_for_write(self.model))


def atomic(model: type[models.Model]) -> Atomic:
    """Open a transaction on the database of this model."""
    return transaction.atomic(using=router.db_for_write(model))
