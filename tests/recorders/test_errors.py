from __future__ import annotations

import asyncio

import pytest
from django.core.management import CommandError
from django.core.management.commands import check
from django.test import AsyncClient, Client

from metric_collection import receivers
from metric_collection.management import execute_from_command_line
from metric_collection.recorders.errors import class_name, origin
from metric_collection.recorders.recorder import Packages

from . import views


class Theirs(ConnectionError):
    pass


Theirs.__module__ = "acme_customer.plugins"


@pytest.fixture(autouse=True)
def recording(product):
    product.METRIC_COLLECTION_RECORDERS = {"errors": "use"}
    product.ROOT_URLCONF = "tests.recorders.views"
    return product


def raised(call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        return error


def passing(name, error):
    """Return a function that raises an error within a module of this name."""
    names = {"__name__": name, "error": error}
    exec("def call(inner=None):\n    if inner: inner()\n    raise error", names)
    return names["call"]


@pytest.mark.parametrize("path", ["failing/x", "failing-later"])
def test_an_uncaught_error_in_a_view_is_counted(path, recorded):
    client = Client(raise_request_exception=False)
    assert client.get(f"/shop/{path}").status_code == 500
    assert recorded() == {("Errors", "tests.recorders.views", "OutOfPaper"): 1}


def test_so_is_one_under_asgi(recorded):
    client = AsyncClient(raise_request_exception=False)
    for path in ("failing/x", "failing-later"):
        assert asyncio.run(client.get(f"/shop/{path}")).status_code == 500
    assert recorded() == {("Errors", "tests.recorders.views", "OutOfPaper"): 2}


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (Theirs("/home/hunter2"), {("Errors", __name__, "ConnectionError"): 1}),
        (CommandError("No file /home/hunter2."), {}),
        (KeyboardInterrupt(), {}),
    ],
)
def test_the_error_of_a_command_is_counted_unless_it_is_an_answer(
    monkeypatch, recorded, capsys, error, counts
):
    def handle(*_, **__):
        raise error

    monkeypatch.setattr(check.Command, "handle", handle)
    with pytest.raises((type(error), SystemExit)):
        execute_from_command_line(["manage.py", "check"])
    assert recorded() == counts


def test_an_exception_that_django_handles_is_not_counted(recorded):
    client = Client(raise_request_exception=False)
    client.get("/no/such/path")
    client.get("/shop/refused")
    assert recorded() == {}


def test_the_innermost_module_of_the_publisher_is_recorded():
    error = ValueError()
    inner = passing("library.core", error)
    middle = passing("acme.jobs.nightly", error)
    outer = passing("acme.views", error)
    found = raised(outer, lambda: middle(inner))
    assert origin(found, Packages(["acme"])) == "acme.jobs.nightly"
    assert origin(found, Packages(["acme.views"])) == "acme.views"
    assert origin(found, Packages(["acm", "views"])) is None


def test_an_error_class_of_the_publisher_counts_wherever_it_was_raised():
    error = views.OutOfPaper()
    found = raised(passing("acme_customer.plugins", error))
    assert origin(found, Packages(["tests.recorders.views"])) == "tests.recorders.views"


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (KeyError("secret"), "KeyError"),
        (views.OutOfPaper("secret"), "OutOfPaper"),
        (Theirs("secret"), "ConnectionError"),
    ],
)
def test_a_third_party_class_is_replaced_by_its_nearest_public_base(error, name):
    assert class_name(error, Packages(["tests"])) == name


def test_an_error_outside_the_publishers_code_is_not_counted(recording, recorded):
    recording.METRIC_COLLECTION_PACKAGES = ["acme"]
    receivers.on_task_failure(exception=raised(passing("acme_customer.plugins", Theirs())))
    receivers.on_task_failure(exception=Theirs("never raised"))
    receivers.on_task_failure(exception=None)
    receivers.on_request_exception()
    assert recorded() == {}


def test_a_broken_exception_does_not_break_the_host(caplog):
    class Broken(Exception):
        __traceback__ = property(lambda self: 1 / 0)

    caplog.set_level("DEBUG", "metric_collection")
    receivers.on_task_failure(exception=Broken())
    assert caplog.messages == ["A recorder failed with ZeroDivisionError."]


def test_an_invalid_or_missing_recorder_records_nothing(recording, recorded):
    for recorders in ({"errors": {"campaign": "use", "packages": ["tests"]}}, {}):
        recording.METRIC_COLLECTION_RECORDERS = recorders
        Client(raise_request_exception=False).get("/shop/failing/x")
    assert recorded() == {}
