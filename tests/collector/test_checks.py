from __future__ import annotations

from metric_collection.collector.checks import check_collector


def ids():
    return [message.id.rpartition(".")[2] for message in check_collector()]


def test_the_defaults_pass():
    assert ids() == []


def test_a_wrong_setting_is_a_warning_that_quotes_it_and_says_what_to_write(settings):
    settings.METRIC_COLLECTOR_RATE = "often"
    (message,) = check_collector()
    assert not message.is_serious()
    assert "METRIC_COLLECTOR_RATE is 'often'" in message.msg
    assert "an integer >= 1. Until then 60 is used" in message.hint


def test_a_misspelled_setting_is_named(settings):
    settings.METRIC_COLLECTOR_INBOX_LIMT = 5
    (message,) = check_collector()
    assert message.hint == "Did you mean METRIC_COLLECTOR_INBOX_LIMIT?"


def test_a_project_without_time_zones_is_warned(settings):
    settings.USE_TZ = False
    assert ids() == ["W020"]
