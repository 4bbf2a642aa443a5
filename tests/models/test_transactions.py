from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metric_collection.models import Consent
from metric_collection.models.transactions import atomic, held


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("exists", [True, False])
def test_consent_is_held_by_a_write_before_any_read_of_a_transaction(exists):
    """SQLite answers "database is locked" at once if another process has written in between."""
    if exists:
        Consent.objects.create()
    with CaptureQueriesContext(connection) as asked, atomic(), held() as consent:
        assert consent.choice == Consent.Choice.UNKNOWN
    statements = [query["sql"].split()[0] for query in asked.captured_queries]
    assert next(word for word in statements if word not in {"BEGIN", "SAVEPOINT"}) == "UPDATE"
    assert Consent.objects.count() == 1
