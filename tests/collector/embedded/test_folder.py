from __future__ import annotations

import stat

import pytest

from metric_collection.collector.embedded.folder import prepared
from metric_collection.collector.embedded.settings import from_environment, settings_for


def test_a_folder_is_made_once_and_keeps_its_key(tmp_path):
    first = prepared(tmp_path / "a" / "b")
    again = prepared(tmp_path / "a" / "b")
    assert (first.is_new, again.is_new) == (True, False)
    assert first.secret_key == again.secret_key
    assert len(first.secret_key) > 50
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in first.path.iterdir())


def test_each_folder_has_a_key_of_its_own(tmp_path):
    assert prepared(tmp_path / "a").secret_key != prepared(tmp_path / "b").secret_key


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ('["https://acme.example"]', ["https://acme.example"]), ("often", "often")],
)
def test_a_setting_of_the_environment_is_json_or_text(text, value):
    environ = {"METRIC_COLLECTOR_RATE": text, "METRIC_COLLECTION": "1", "PATH": "/"}
    assert from_environment(environ) == {"METRIC_COLLECTOR_RATE": value}


def test_a_misspelled_setting_of_the_environment_is_found():
    assert from_environment({"METRIC_COLLECTOR_PROXYS": "1"}) == {"METRIC_COLLECTOR_PROXYS": 1}


@pytest.mark.parametrize("name", ["PORT", "PORT_80_TCP_ADDR", "SERVICE_HOST", "SERVICE_PORT_HTTP"])
def test_what_kubernetes_says_about_a_service_is_no_setting(name):
    assert from_environment({f"METRIC_COLLECTOR_{name}": "tcp://10.0.0.1:80"}) == {}


def test_behind_a_proxy_cookies_are_secure(tmp_path):
    folder = prepared(tmp_path)
    plain = settings_for(folder, hosts=["localhost"], environ={})
    assert (plain["SESSION_COOKIE_SECURE"], plain["CSRF_TRUSTED_ORIGINS"]) == (False, [])
    environ = {"METRIC_COLLECTOR_PROXIES": "1"}
    proxied = settings_for(folder, hosts=["metrics.example.org"], environ=environ)
    assert proxied["SESSION_COOKIE_SECURE"]
    assert proxied["CSRF_COOKIE_SECURE"]
    assert proxied["CSRF_TRUSTED_ORIGINS"] == ["https://metrics.example.org"]


def test_deleted_rows_are_overwritten(tmp_path):
    options = settings_for(prepared(tmp_path), hosts=[], environ={})["DATABASES"]["default"][
        "OPTIONS"
    ]
    assert "secure_delete=ON" in options["init_command"]
    assert options["transaction_mode"] == "IMMEDIATE"
