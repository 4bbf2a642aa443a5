"""Takes a collector to another database, table by table: from an embedded one to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management.color import no_style
from django.db import connections, transaction
from django.db.models import Model

from .models import Import

MOST_ROWS = 2000


class CannotMoveError(Exception):
    """The two databases do not allow it; the message says why and suggests a fix."""


def move(source: str, target: str) -> dict[str, int]:
    """Copy everything in one transaction; return the rows of each table. The source is not changed."""
    if source == target:
        raise CannotMoveError(f"Both databases are {source!r}. Name another one with --to.")
    for alias in (source, target):
        if alias not in connections:
            known = ", ".join(connections)
            raise CannotMoveError(f"There is no database {alias!r}. DATABASES has: {known}.")
    models = list(apps.get_app_config("usage_metrics_collector").get_models())
    for model in models:
        if model._base_manager.using(target).exists():
            raise CannotMoveError(
                f"The database {target!r} has {model._meta.verbose_name_plural} already."
                " Move to one that was only migrated."
            )
    with transaction.atomic(using=target):
        if copies_users := not get_user_model()._base_manager.using(target).exists():
            models = [get_user_model(), *models]
        copied = {
            model._meta.label: _copy(model, source, target, with_users=copies_users)
            for model in _parents_first(models)
        }
        _reset_sequences(models, target)
    return copied


def _parents_first(models: list[type[Model]]) -> Iterator[type[Model]]:
    """Put each model behind those that its foreign keys name."""
    rest = list(models)
    while rest:
        for model in rest:
            parents = {field.related_model for field in model._meta.fields if field.is_relation}
            if not parents & (set(rest) - {model}):
                yield model
                rest.remove(model)
                break


def _copy(model: type[Model], source: str, target: str, *, with_users: bool) -> int:
    number, last = 0, None
    rows = model._base_manager.using(source).order_by("pk")
    while chunk := list((rows if last is None else rows.filter(pk__gt=last))[:MOST_ROWS]):
        last, number = chunk[-1].pk, number + len(chunk)
        for row in chunk:
            if isinstance(row, Import) and not with_users:
                row.by = None  # the target has accounts of its own
        model._base_manager.using(target).bulk_create(chunk, batch_size=500)
    return number


def _reset_sequences(models: list[type[Model]], target: str) -> None:
    """Let the next new row have the next free id."""
    connection = connections[target]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
