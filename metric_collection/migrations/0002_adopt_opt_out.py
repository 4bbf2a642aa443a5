"""Adopt an opt-out from the app that this one replaces.

That app (label ``metric_collection``) has a table for it, which is only read here.
"""

from typing import Any

from django.db import migrations

TABLE, COLUMN = "metric_collection_consent", "user_consented"


def adopt_opt_out(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    if not has_declined(connection):
        return
    consents = apps.get_model("usage_metrics", "Consent").objects.using(connection.alias)
    consents.get_or_create(pk=1)
    # If this migration is reversed and run again, a later decision takes precedence.
    consents.filter(pk=1, choice="unknown").update(choice="denied")


def has_declined(connection: Any) -> bool:
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return False
        columns = connection.introspection.get_table_description(cursor, TABLE)
        if COLUMN not in {column.name for column in columns}:
            return False
        table, column = map(connection.ops.quote_name, (TABLE, COLUMN))
        cursor.execute(f"SELECT {column} FROM {table}")
        return any(not agreed for (agreed,) in cursor.fetchall())


class Migration(migrations.Migration):
    dependencies = [("usage_metrics", "0001_initial")]

    operations = [migrations.RunPython(adopt_opt_out, migrations.RunPython.noop)]
