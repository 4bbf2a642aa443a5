from __future__ import annotations

from threading import Thread

import pytest
from django.db import connections

from metric_collection import receivers
from metric_collection.management import execute_from_command_line, noting_databases
from metric_collection.measuring.meter import meter
from metric_collection.recorders.commands import CommandRecorder, ending
from metric_collection.recorders.recorder import Packages


@pytest.fixture(autouse=True)
def recording(product):
    product.METRIC_COLLECTION_RECORDERS = {"commands": "use"}
    return product


def test_a_command_is_counted_by_name_with_how_it_ended(recorded, capsys):
    execute_from_command_line(["manage.py", "check", "usage_metrics", "--deploy"])
    with pytest.raises(SystemExit):
        execute_from_command_line(["manage.py", "check", "--database", "none", "no_such_app"])
    assert recorded() == {("Commands", "Succeeded", "check"): 1, ("Commands", "Failed", "check"): 1}


@pytest.mark.parametrize("line", [["manage.py"], ["manage.py", "help"], ["manage.py", "--version"]])
def test_help_and_version_are_not_counted(line, recorded, capsys):
    execute_from_command_line(line)
    assert recorded() == {}


def test_an_unknown_command_is_not_counted(recorded, capsys):
    with pytest.raises(SystemExit):
        execute_from_command_line(["manage.py", "s3cret"])
    assert recorded() == {}


def test_only_commands_of_django_and_the_publisher_are_counted(recorded):
    recorder = CommandRecorder(campaign="use")
    for packages in (["acme"], ["metric_collection"]):
        recorder.record(["manage.py", "metric_collection", "status"], None, Packages(packages))
    assert recorded() == {("Commands", "Succeeded", "metric_collection"): 1}


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (None, "Succeeded"),
        (SystemExit(), "Succeeded"),
        (SystemExit(0), "Succeeded"),
        (SystemExit(3), "Failed"),
        (SystemExit("why"), "Failed"),
        (RuntimeError(), "Failed"),
        (KeyboardInterrupt(), "Stopped"),
    ],
)
def test_the_end_of_a_command_is_one_of_three(error, word):
    assert ending(error) == word


@pytest.mark.parametrize(
    "settings_of_today",
    [{"METRIC_COLLECTION_CAMPAIGNS": {}}, {"METRIC_COLLECTION_RECORDERS": {}}],
)
def test_without_campaign_or_recorder_nothing_is_recorded(
    recording, settings_of_today, recorded, capsys
):
    for name, value in settings_of_today.items():
        setattr(recording, name, value)
    execute_from_command_line(["manage.py", "check"])
    assert recorded() == {}


@pytest.mark.parametrize(
    ("consent", "reached", "times"),
    [
        ("opt-out", {"default"}, 1),
        ("opt-in", {"default"}, 1),
        ("notice", {"default"}, 1),
        ("opt-in", {"other"}, 0),
        ("opt-in", set(), 0),
    ],
)
def test_a_command_is_flushed_if_it_has_reached_our_database(
    recording, monkeypatch, consent, reached, times
):
    class Flushes(list):
        def flush(self):
            self.append("flushed")

    flushes = Flushes()
    monkeypatch.setattr(receivers, "flusher", flushes)
    recording.METRIC_COLLECTION_CONSENT = consent
    meter.forget()
    receivers.on_command(["manage.py", "check"], None, reached)
    assert len(flushes) == times


@pytest.mark.django_db(transaction=True)
def test_a_database_counts_as_reached_once_it_is_connected_to():
    def connect():
        connections["default"].ensure_connection()
        connections["default"].close()

    with noting_databases() as reached:
        assert not reached
        thread = Thread(target=connect)  # which has no connection yet
        thread.start()
        thread.join()
    assert reached == {"default"}
