"""Takes a collector to another database, table by table: from an embedded one to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission, PermissionsMixin
from django.core.management.color import no_style
from django.db import DatabaseError, connections, transaction
from django.db.models import Model

from .models import Import

MOST_ROWS = 2000


class CannotMoveError(Exception):
    """The two databases do not allow it; the message says why and suggests a fix."""


def move(source: str, target: str) -> dict[str, int]:
    """Copy everything in one transaction; return the rows of each table. The source is not changed.

    Accounts are copied with their groups and permissions, unless the target has accounts.
    """
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
        if copies_users and issubclass(get_user_model(), PermissionsMixin):
            copied[Group._meta.label] = _copy_groups(source, target)
            _copy_grants(source, target)
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
        _create(model, chunk, target)
    return number


def _create(model: type[Model], rows: list[Model], target: str) -> None:
    """Create the rows at once. If the database refuses them, find the first that it refuses."""
    manager = model._base_manager.using(target)
    try:
        with transaction.atomic(using=target):
            manager.bulk_create(rows, batch_size=500)
    except DatabaseError as error:
        if len(rows) == 1:
            raise CannotMoveError(
                f"{model._meta.label} {rows[0].pk} cannot be written to {target!r}: {error}."
                " Nothing was moved. Correct that row and try again."
            ) from error
        half = len(rows) // 2
        _create(model, rows[:half], target)
        _create(model, rows[half:], target)


def _copy_groups(source: str, target: str) -> int:
    """Copy groups by their names, with their permissions; return how many."""
    groups = Group._base_manager.using(source).all()
    for group in groups:
        copy, _ = Group._base_manager.using(target).get_or_create(name=group.name)
        copy.permissions.set(_counterparts(group.permissions.all(), target))
    return len(groups)


def _copy_grants(source: str, target: str) -> None:
    """Put the accounts into their groups, and give them the permissions that they have themselves."""
    copies = get_user_model()._base_manager.using(target).in_bulk()
    for user in get_user_model()._base_manager.using(source).all():
        copy, names = copies[user.pk], [group.name for group in user.groups.all()]
        copy.groups.set(Group._base_manager.using(target).filter(name__in=names))
        copy.user_permissions.set(_counterparts(user.user_permissions.all(), target))


def _counterparts(permissions: Iterable[Permission], target: str) -> list[Permission]:
    """Return the same permissions, whose ids differ between databases. Other apps' may be missing."""
    return [
        counterpart
        for each in permissions
        for counterpart in Permission._base_manager.using(target).filter(
            codename=each.codename,
            content_type__app_label=each.content_type.app_label,
            content_type__model=each.content_type.model,
        )
    ]


def _reset_sequences(models: list[type[Model]], target: str) -> None:
    """Let the next new row have the next free id."""
    connection = connections[target]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
