import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from metric_collection.probes.queries.counting import HUGE, count, countable

from ..servers import ALIAS, connected

groups = Group.objects.filter(name__startswith="a")


def seven():
    return 7


def some_groups():
    return groups


@pytest.fixture
def filled(db):
    Group.objects.bulk_create([Group(name=name) for name in ("aa", "ab", "b")])


@pytest.mark.parametrize(
    ("entry", "number"),
    [
        ("auth.Group", 3),
        ("django.contrib.auth.models.Group", 3),
        (Group, 3),
        (Group.objects, 3),
        (groups, 2),
        (f"{__name__}.groups", 2),
        (f"{__name__}.seven", 7),
        (seven, 7),
        (some_groups, 2),
        (Group.objects.none(), 0),
        (lambda: None, None),
        (lambda: 2.9, 2),
    ],
)
def test_models_querysets_and_callables_are_counted(filled, entry, number):
    assert count(countable(entry)) == number


def test_a_queryset_is_counted_again_each_time(filled):
    assert count(countable(groups)) == 2
    Group.objects.create(name="ac")
    assert count(countable(groups)) == 3


@pytest.mark.parametrize("entry", ["auth.Nothing", "nonsense", 5, None, ["auth.Group"]])
def test_an_entry_that_cannot_be_counted_is_refused(entry):
    with pytest.raises(TypeError):
        countable(entry)


def test_a_count_takes_one_query(filled, django_assert_num_queries):
    with django_assert_num_queries(1):
        count(countable("auth.User"))


def test_a_callable_whose_query_is_too_slow_is_aborted(db):
    def endless():
        with connection.cursor() as cursor:
            cursor.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
            )

    with pytest.raises(DatabaseError):
        count(endless)


@pytest.fixture
def postgresql(tmp_path, django_db_blocker):
    with django_db_blocker.unblock(), connected("PostgreSQL", tmp_path) as connection:
        with connection.schema_editor() as editor:
            editor.create_model(ContentType)
        yield connection


def fill(connection, rows):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_content_type (app_label, model)"
            " SELECT mod(i, 2), i FROM generate_series(1, %s) i",
            [rows],
        )
        cursor.execute("ANALYZE django_content_type")


def test_a_small_table_in_postgresql_is_counted(postgresql):
    fill(postgresql, 7)
    assert count(ContentType.objects.using(ALIAS)) == 7
    assert count(ContentType.objects.using(ALIAS).none()) == 0


def test_a_huge_table_in_postgresql_is_estimated_without_being_read(postgresql):
    fill(postgresql, HUGE + 1000)
    half = ContentType.objects.using(ALIAS).filter(app_label="1")
    with CaptureQueriesContext(postgresql) as queries:
        assert count(ContentType.objects.using(ALIAS)) == pytest.approx(HUGE + 1000, rel=0.05)
    assert not any("COUNT" in query["sql"] for query in queries)
    assert count(half) == HUGE / 2 + 500


def test_an_exact_number_is_never_estimated(postgresql):
    fill(postgresql, HUGE + 1000)
    assert count(ContentType.objects.using(ALIAS), exactly=True) == HUGE + 1000


def test_a_locked_table_costs_the_count_and_at_most_the_limit(postgresql):
    fill(postgresql, 7)
    with postgresql.copy().cursor() as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE django_content_type IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseError):
            count(ContentType.objects.using(ALIAS))
        other.execute("ROLLBACK")
        other.connection.close()
