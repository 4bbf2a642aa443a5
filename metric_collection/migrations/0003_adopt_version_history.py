"""Adopt the version history of the app that this one replaces, so that no second Install is reported.

That app has a row with all versions for the install and for each upgrade.
"""

import random
from datetime import timedelta
from itertools import pairwise
from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.utils import timezone

from ._predecessor import read


class OpenwispVersion(models.Model):
    created = models.DateTimeField(primary_key=True)
    module_version = models.JSONField()

    class Meta:
        apps = Apps()
        app_label = "metric_collection"
        db_table = "metric_collection_openwispversion"
        managed = False

    def __str__(self) -> str:
        return f"{self.created}"


def adopt_version_history(apps: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    snapshots = apps.get_model("usage_metrics", "Snapshot").objects.using(alias)
    if snapshots.exists():
        return
    rows = read(OpenwispVersion, ["created", "module_version"], own=alias)
    history = [(aware(created), texts(versions)) for created, versions in rows]
    if not history:
        return
    changes = apps.get_model("usage_metrics", "Change").objects.using(alias)
    for (_, before), (moment, after) in pairwise([(None, {}), *history]):
        changed = {
            name: [before.get(name), text]
            for name, text in after.items()
            if before.get(name) != text
        }
        category = "Upgrade" if before else "Install"
        changes.create(category=category, recorded_at=moment, changes=changed)
    (installed_at, _), (_, facts) = history[0], history[-1]
    # Theirs is the name of the system, ours the ID of a known distribution: that is no upgrade.
    facts.pop("os_version", None)
    due = timezone.now() + timedelta(days=random.random())  # noqa: S311
    snapshots.create(facts=facts, installed_at=installed_at, heartbeat_due=aware(due))


def texts(versions: Any) -> dict[str, str]:
    found = versions if isinstance(versions, dict) else {}
    return {name: str(value) for name, value in found.items() if value}


def aware(moment: Any) -> Any:
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


class Migration(migrations.Migration):
    dependencies = [("usage_metrics", "0002_adopt_opt_out")]

    operations = [migrations.RunPython(adopt_version_history, migrations.RunPython.noop)]
