from __future__ import annotations

import re
import socket
import unittest

import pytest
from django.core.management import call_command

from metric_collection.models import Consent, Report
from metric_collection.reporting.delivery import Delivery
from metric_collection.testing import SilentMetricsMixin, silence, silent_metrics  # noqa: F401
from tests.harness.collector import collecting
from tests.harness.host import Host


@pytest.mark.django_db
class TestSilence:
    def test_a_write_fails_the_block(self, clock):
        told = r"not silent in here: INSERT usage_metrics_report \(1x\)"
        with pytest.raises(AssertionError, match=told), silence("here"):
            Report.objects.create(category="Install", body="{}", sealed_at=clock())

    def test_a_request_is_refused_and_fails_the_block(self):
        told = r"getaddrinfo 127\.0\.0\.1"
        with collecting() as collector, pytest.raises(AssertionError, match=told), silence():
            assert Delivery().test_server() is not None
        assert collector.arrivals == []

    def test_writes_and_connections_of_the_host_are_allowed(self, django_user_model):
        with socket.create_server(("127.0.0.1", 0)) as server, silence():
            django_user_model.objects.create(username="ada")
            socket.create_connection(server.getsockname(), 1).close()

    def test_tables_may_be_emptied_after_a_test(self):
        Consent.objects.create()
        with silence():
            call_command("flush", interactive=False, verbosity=0)

    def test_an_error_in_the_block_is_not_hidden(self):
        def fail():
            Consent.objects.create()
            raise KeyError

        with pytest.raises(KeyError), silence():
            fail()


def defined(source: str, *, module: str, **names: object):
    """The function that `source` defines as if it stood in `module`."""
    exec(source, namespace := {"__name__": module, **names})
    return list(namespace.values())[-1]


def test_a_connection_to_the_database_is_allowed():
    with socket.create_server(("127.0.0.1", 0)) as server, silence():
        address = server.getsockname()
        backend = "def connect(): socket.create_connection(address, 1).close()"
        names = {"socket": socket, "address": address}
        connect = defined(backend, module="django.db.backends.far", **names)
        sweep = defined("def sweep(): connect()", module="metric_collection.tasks", connect=connect)
        sweep()


@pytest.mark.django_db
@pytest.mark.usefixtures("silent_metrics")
def test_the_fixture_lets_a_silent_test_pass():
    assert Consent.objects.current().choice == Consent.Choice.UNKNOWN


@pytest.mark.django_db
def test_the_mixin_fails_a_test_that_is_not_silent():
    class Case(SilentMetricsMixin):
        def test_quiet(self):
            Consent.objects.current()

        def test_loud(self):
            Consent.objects.create()

    results = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(results)
    ((failed, why),) = results.failures
    assert (results.testsRun, failed.id().split(".")[-1]) == (2, "test_loud")
    assert "INSERT usage_metrics_consent" in why


PYTEST = """
import pytest
from django.core.management import call_command

@pytest.mark.django_db
def test_quiet(client):
    call_command("metric_collection", "heartbeat", verbosity=0)

@pytest.mark.django_db
def test_loud(settings):
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True
    call_command("metric_collection", "heartbeat", verbosity=0)
"""
UNITTEST = """
from django.core.management import call_command
from django.test import TestCase, TransactionTestCase, override_settings
from metric_collection.testing import SilentMetricsMixin

class Tests(SilentMetricsMixin, TestCase):
    def test_quiet(self):
        call_command("metric_collection", "heartbeat", verbosity=0)

    @override_settings(METRIC_COLLECTION_SEND_IN_DEVELOPMENT=True)
    def test_loud(self):
        call_command("metric_collection", "heartbeat", verbosity=0)

class TransactionTests(SilentMetricsMixin, TransactionTestCase):
    def test_flushed(self):
        call_command("metric_collection", "heartbeat", verbosity=0)
"""


class TestHost:
    """A product's own test run, in a process of its own."""

    @pytest.mark.thorough
    def test_under_pytest(self, tmp_path):
        host = Host(tmp_path)
        host.write(
            {
                "conftest.py": 'pytest_plugins = ["metric_collection.testing"]\n',
                "pytest.ini": "[pytest]\nusefixtures = silent_metrics\n",
                "test_product.py": PYTEST,
            }
        )
        ended = host.module("pytest", "-q", "-p", "no:cacheprovider")
        assert ended.returncode == 1, ended.stdout
        assert re.search(r"ERROR test_product.py::test_loud", ended.stdout), ended.stdout
        assert "2 passed, 1 error" in ended.stdout
        assert "INSERT usage_metrics_report (1x)" in ended.stdout
        assert "getaddrinfo 127.0.0.1:9" in ended.stdout

    def test_under_the_runner_of_django(self, tmp_path):
        host = Host(tmp_path)
        host.write({"product/tests.py": UNITTEST})
        ended = host.manage("test")
        assert ended.returncode == 1
        assert "FAIL: test_loud" in ended.stderr
        assert "Ran 3 tests" in ended.stderr
        assert "FAILED (failures=1)" in ended.stderr

    def test_pytest_is_not_needed(self, tmp_path):
        host = Host(tmp_path)
        host.write({"pytest.py": "raise ImportError('not installed')"})
        assert (
            host.django(
                "from metric_collection import testing;"
                "print(json.dumps(hasattr(testing, 'silent_metrics')))"
            )
            is False
        )
