import signal
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta

import pytest

from metric_collection.probes.registry import gather
from metric_collection.probes.values import interrupting
from metric_collection.probes.values.interrupting import call, without_exit
from tests.harness.host import Host

MOMENT = timedelta(milliseconds=50)
SLEEPY = """
import time

def sleep():
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def free_alarm(monkeypatch):
    """Undo what other tests of this process leave: gevent imported, a handler, an alarm that is set."""
    for name in ("gevent", "eventlet"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def sleep():
    """Ignores every error, as code that calls a server does."""
    with suppress(Exception):
        time.sleep(1)
    return "slept"


def test_a_slow_function_is_interrupted():
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"longer than 0.05 s"):
        call(sleep, limit=MOMENT)
    assert time.monotonic() - began < 0.9
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_a_quick_function_returns_its_value_and_its_alarm_is_cancelled():
    assert call(lambda: 7, limit=MOMENT) == 7
    time.sleep(0.1)


def test_an_error_is_raised_as_it_is():
    with pytest.raises(ZeroDivisionError):
        call(lambda: 1 / 0)


def test_in_another_thread_nothing_is_interrupted():
    results = []
    thread = threading.Thread(target=lambda: results.append(call(lambda: 7, limit=MOMENT)))
    thread.start()
    thread.join()
    assert results == [7]


def test_an_alarm_of_the_host_is_not_touched():
    signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        assert call(lambda: signal.getsignal(signal.SIGALRM)) is not signal.SIG_DFL
        assert call(lambda: signal.getitimer(signal.ITIMER_REAL)) == (0, 0)
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def refuse(*_):
    raise ValueError


@pytest.mark.parametrize("install", [lambda *_: None, refuse])
def test_where_no_handler_can_be_installed_no_alarm_is_set(monkeypatch, install):
    monkeypatch.setattr(signal, "signal", install)
    assert call(lambda: signal.getitimer(signal.ITIMER_REAL)) == (0, 0)


def test_under_gevent_nothing_is_interrupted(monkeypatch):
    monkeypatch.setitem(sys.modules, "gevent", sys)
    assert call(lambda: signal.getitimer(signal.ITIMER_REAL)) == (0, 0)


def test_code_that_would_end_the_process_raises_an_error_instead():
    with pytest.raises(RuntimeError, match=r"called sys\.exit"), without_exit():
        sys.exit(2)


def test_a_host_that_is_stopped_by_a_signal_still_ends():
    def stop(*_):
        sys.exit("stopped")

    before = signal.signal(signal.SIGINT, stop)
    try:
        with pytest.raises(SystemExit, match="stopped"), without_exit():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.django_db
@pytest.mark.parametrize("setting", ["FACTS", "COUNTS"])
def test_a_slow_callable_of_the_settings_costs_only_its_fact(settings, monkeypatch, setting):
    monkeypatch.setattr(interrupting.call, "__kwdefaults__", {"limit": MOMENT})
    setattr(settings, f"METRIC_COLLECTION_{setting}", {"slow": sleep})
    gathered = gather()
    assert gathered.failed == [f"METRIC_COLLECTION_{setting}['slow']"]
    assert "os_version" in gathered.facts


@pytest.mark.thorough
def test_migrate_does_not_hang_in_a_callable(tmp_path):
    host = Host(
        tmp_path,
        {"product/sleepy.py": SLEEPY},
        METRIC_COLLECTION_FACTS={"mode": "product.sleepy.sleep"},
        METRIC_COLLECTION_COUNTS={"users": "product.sleepy.sleep"},
    )
    began = time.monotonic()
    host.manage("migrate").check_returncode()
    assert time.monotonic() - began < 20
    assert host.sql("SELECT category FROM usage_metrics_report") == [("Install",)]
