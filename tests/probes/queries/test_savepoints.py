import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, Error, IntegrityError, connection, transaction

from metric_collection.probes.queries.savepoints import savepoints
from metric_collection.probes.registry import gather

from ..servers import ALIAS, connected

MISSING = "SELECT nothing FROM nowhere"


def ask(connection, query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def fail_in_an_atomic_block():
    with transaction.atomic(savepoint=False):
        raise IntegrityError


@pytest.mark.django_db
def test_a_fact_that_fails_in_an_atomic_block_does_not_break_the_callers_transaction(settings):
    settings.METRIC_COLLECTION_FACTS = {"mode": fail_in_an_atomic_block, "channel": "stable"}
    facts = gather().facts
    assert ("mode" in facts, facts["channel"]) == (False, "stable")
    assert Group.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_no_statement_is_added(django_assert_num_queries):
    with django_assert_num_queries(0), savepoints() as roll_back:
        roll_back()


@pytest.mark.django_db(transaction=True)
def test_a_lost_transaction_stays_marked_for_rollback():
    with transaction.atomic():
        with savepoints() as roll_back:
            ask(connection, "ROLLBACK")
            roll_back()
        with pytest.raises(transaction.TransactionManagementError):
            Group.objects.count()


class TestOnPostgreSQL:
    @pytest.fixture
    def postgresql(self, tmp_path, django_db_blocker):
        with django_db_blocker.unblock(), connected("PostgreSQL", tmp_path) as connection:
            yield connection

    def test_a_failed_statement_is_undone(self, postgresql):
        with transaction.atomic(using=ALIAS):
            with savepoints() as roll_back:
                with pytest.raises(DatabaseError):
                    ask(postgresql, MISSING)
                roll_back()
                assert ask(postgresql, "SELECT 1") == [(1,)]
            assert ask(postgresql, "SELECT 2") == [(2,)]

    def test_an_error_that_a_callable_swallows_is_undone_at_the_end(self, postgresql):
        with transaction.atomic(using=ALIAS):
            with savepoints(), pytest.raises(Error):
                ask(postgresql, MISSING)
            assert ask(postgresql, "SELECT 1") == [(1,)]
