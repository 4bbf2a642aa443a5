from __future__ import annotations

import pytest
from celery import Celery
from celery.exceptions import Ignore
from django.apps import apps

from metric_collection import receivers


@pytest.fixture(autouse=True)
def recording(product):
    product.METRIC_COLLECTION_RECORDERS = {"tasks": "use", "errors": "use"}
    return product


@pytest.fixture
def app():
    apps.get_app_config("usage_metrics").connect_celery()
    app = Celery("host", broker="memory://", backend="cache+memory://", set_as_current=False)
    app.conf.task_always_eager = True
    yield app
    app.close()


@pytest.fixture
def shop(app):
    """A task that ends as it is told to."""

    @app.task(name="shop.tidy", bind=True, max_retries=1, shared=False)
    def tidy(self, how="well", secret=""):
        if how == "retry" and not self.request.retries:
            raise self.retry(countdown=0)
        if how == "fail":
            raise LookupError(secret)
        if how == "ignore":
            raise Ignore
        return secret

    return tidy


def test_runs_are_counted_by_how_they_ended(shop, recorded):
    for how in ("well", "well", "retry", "fail", "ignore"):
        shop.delay(how, secret="s3cret")
    assert recorded() == {
        ("Tasks", "Succeeded", "shop.tidy"): 3,
        ("Tasks", "Retried", "shop.tidy"): 1,
        ("Tasks", "Failed", "shop.tidy"): 1,
        ("Errors", "tests.recorders.test_tasks", "LookupError"): 1,
    }


def test_a_histogram_counts_durations_in_buckets(recording, shop, recorded):
    recording.METRIC_COLLECTION_RECORDERS = {"tasks": {"campaign": "use", "histogram": True}}
    shop.delay()
    counts = recorded()
    assert counts["Tasks", "Succeeded", "shop.tidy"] == 1
    [(category, action, bucket)] = counts.keys() - {("Tasks", "Succeeded", "shop.tidy")}
    assert (category, action) == ("Task durations", "shop.tidy")
    assert bucket.endswith(" ms")


def test_a_task_within_a_task_has_a_duration_of_its_own(app, journal):
    clock = iter([10.0, 11.0, 12.0, 20.0])

    @app.task(name="inner", shared=False)
    def inner():
        pass

    @app.task(name="outer", shared=False)
    def outer():
        inner.delay()

    original = receivers.time.perf_counter
    receivers.time.perf_counter = lambda: next(clock)
    try:
        outer.delay()
    finally:
        receivers.time.perf_counter = original
    found = {point.name: point.value for point in journal().counts()}
    assert found == {"inner": 1_000, "outer": 10_000}


def test_tasks_of_other_packages_are_not_counted(recording, shop, recorded):
    recording.METRIC_COLLECTION_PACKAGES = ["acme"]
    shop.delay()
    assert recorded() == {}


def test_a_task_without_a_start_time_is_not_counted(shop, recorded):
    receivers.record_task(shop, "SUCCESS")
    assert recorded() == {}


def test_a_failing_recorder_does_not_fail_the_task(caplog):
    caplog.set_level("DEBUG", "metric_collection")
    receivers.on_task_prerun(task=None)
    receivers.record_task(None, "SUCCESS")
    assert caplog.messages == ["A recorder failed with AttributeError."] * 2


def test_a_recorder_that_is_off_records_nothing(recording, shop, recorded):
    recording.METRIC_COLLECTION_RECORDERS = {}
    shop.delay()
    shop.delay("fail")
    assert recorded() == {}
