"""Adopt an opt-out from the app that this one replaces."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models

from ._predecessor import read


class PreviousConsent(models.Model):
    user_consented = models.BooleanField(primary_key=True)

    class Meta:
        apps = Apps()
        app_label = "metric_collection"
        db_table = "metric_collection_consent"
        managed = False

    def __str__(self) -> str:
        return f"{self.user_consented}"


def adopt_opt_out(apps: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    answers = read(PreviousConsent, ["user_consented"], own=alias)
    if all(agreed for (agreed,) in answers):
        return
    consents = apps.get_model("usage_metrics", "Consent").objects.using(alias)
    consents.get_or_create(pk=1)
    # If this migration is reversed and run again, a later decision takes precedence.
    consents.filter(pk=1, choice="unknown").update(choice="denied")


class Migration(migrations.Migration):
    dependencies = [("usage_metrics", "0001_initial")]

    operations = [migrations.RunPython(adopt_opt_out, migrations.RunPython.noop)]
