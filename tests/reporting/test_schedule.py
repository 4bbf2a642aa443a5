from __future__ import annotations

from datetime import timedelta

from metric_collection.reporting import schedule


def test_there_are_two_entries_whose_messages_expire_before_the_next_sweep():
    entries = schedule.beat_entries()
    assert {name: entry["schedule"] for name, entry in entries.items()} == {
        "metric_collection.heartbeat": timedelta(hours=24),
        "metric_collection.deliver": timedelta(minutes=10),
    }
    assert {entry["options"]["expires"] for entry in entries.values()} == {600}


def test_a_queue_can_be_named(settings):
    settings.METRIC_COLLECTION_QUEUE = "telemetry"
    entries = schedule.beat_entries()
    assert {entry["options"]["queue"] for entry in entries.values()} == {"telemetry"}
