"""The version history of the app that ours replaces, as each database keeps it."""

from __future__ import annotations

import pytest

ADOPT = """
import uuid
from datetime import datetime, timezone
from django.core.management import call_command
from django.db import connection, models
from metric_collection.models import Change, Snapshot

class Row(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    created = models.DateTimeField()
    module_version = models.JSONField()
    class Meta:
        app_label, db_table = "product", "metric_collection_openwispversion"

call_command("migrate", "usage_metrics", "zero", verbosity=0)
with connection.schema_editor() as editor:
    editor.create_model(Row)
for day, version in enumerate(["0.8", "0.9"], start=1):
    created = datetime(2025, 1, day, 12, tzinfo=timezone.utc)
    Row.objects.create(created=created, module_version={"Acme Version": version})
call_command("migrate", verbosity=0)
with connection.schema_editor() as editor:
    editor.delete_model(Row)
changes = [change["Acme Version"] for change in Change.objects.order_by("id").values_list("changes", flat=True)]
print(json.dumps([changes, Snapshot.objects.get().installed_at.isoformat()]))
"""


@pytest.mark.thorough
def test_it_is_adopted_from_every_database(host):
    changes, installed_at = host.django(ADOPT)
    assert changes == [[None, "0.8"], ["0.8", "0.9"], ["0.9", "1.0"]]
    assert installed_at == "2025-01-01T12:00:00+00:00"
