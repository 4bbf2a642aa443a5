"""The collector as one command, as a real process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
import requests

from metric_collection.collector import __main__ as command
from tests.collector.embedded.conftest import Embedded
from tests.collector.reports import report


def now():
    return datetime.now(timezone.utc)


def post(embedded, body=None, **headers):
    body = body or report(at=now())
    return requests.post(f"{embedded.url}/cleaninsights.php", body, headers=headers, timeout=5)


def heartbeats(embedded):
    """The reports counted so far."""
    counted = embedded.manage("metric_collector", "work", "--once")
    assert counted.returncode == 0, counted.stderr
    shown = json.loads(embedded.manage("metric_collector", "show", "5", "--json").stdout)
    return sum(day["heartbeats"] for day in shown["days"])


def test_a_report_is_received_counted_and_shown(embedded, running):
    before = heartbeats(embedded)
    key = {"Idempotency-Key": "3c1d"}
    assert [post(embedded, **key).status_code for _ in range(2)] == [204, 204]
    assert heartbeats(embedded) == before + 1
    stored = b"".join(path.read_bytes() for path in embedded.data.iterdir())
    assert b'"category": "Heartbeat"' not in stored, "a body outlives its counting"


def test_the_answer_says_nothing(embedded, running):
    response = post(embedded)
    assert response.content == b""
    assert "Set-Cookie" not in response.headers
    assert "Server" not in response.headers


@pytest.mark.parametrize("host", ["metrics.example.org", "10.0.0.7:81", "a b", "", "%00"])
def test_a_report_is_taken_by_whatever_name_it_is_sent_to(embedded, running, host):
    assert post(embedded, Host=host).status_code == 204
    page = requests.get(f"{embedded.url}/admin/", headers={"Host": host}, timeout=5)
    assert (page.status_code, page.text.partition(". ")[2]) == (
        400,
        "Start it with --host NAME.",
    )
    assert "Traceback" not in running.log


def test_a_report_without_a_name_is_taken(embedded, running):
    host, port = embedded.url.removeprefix("http://").split(":")
    body = report(at=now())
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST /cleaninsights.php HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        assert connection.recv(100).startswith(b"HTTP/1.0 204 ")


def test_nobody_else_can_read_the_folder(embedded, running):
    assert stat.S_IMODE(embedded.data.stat().st_mode) == 0o700
    for path in embedded.data.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_the_first_account_sets_its_password_by_the_link(embedded, running):
    (link,) = re.findall(r"account admin: (\S+)", running.log)
    session = requests.Session()
    form = session.get(link, timeout=5)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)[1]
    secret = "correct horse battery"
    fields = {"csrfmiddlewaretoken": token, "new_password1": secret, "new_password2": secret}
    admin = session.post(form.url, fields, headers={"Referer": form.url}, timeout=5)
    assert admin.url == f"{embedded.url}/admin/"
    assert "Sites" in admin.text
    assert session.get(f"{embedded.url}/static/admin/css/base.css", timeout=5).ok


@pytest.mark.thorough
def test_settings_come_from_the_environment(embedded, running):
    wrong = embedded.manage("check", METRIC_COLLECTOR_RATE="often")
    assert "METRIC_COLLECTOR_RATE is 'often'" in wrong.stderr
    right = embedded.manage("metric_collector", "check", METRIC_COLLECTOR_RATE="5")
    assert right.returncode == 0


@pytest.mark.thorough
def test_a_management_command_keeps_its_exit_code(embedded, running):
    assert embedded.manage("metric_collector", "show", "7").returncode == 1


def test_stalled_connections_stop_nobody(embedded, running):
    host, port = embedded.url.removeprefix("http://").split(":")
    stalled = [socket.create_connection((host, int(port))) for _ in range(64)]
    try:
        for each in stalled:
            each.sendall(
                b"POST /cleaninsights.php HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{"
            )
        began = time.monotonic()
        assert post(embedded).status_code == 204
        assert time.monotonic() - began < 2
    finally:
        for each in stalled:
            each.close()


@pytest.mark.thorough
def test_a_worker_that_was_killed_is_started_again(embedded, running):
    def workers():
        mine = [b"--worker", str(embedded.data).encode()]
        commands = {path: command_of(path) for path in Path("/proc").glob("[0-9]*")}
        return {int(path.name) for path, words in commands.items() if all(m in words for m in mine)}

    (before,) = workers()
    os.kill(before, signal.SIGKILL)
    end = time.monotonic() + 10
    while not (after := workers()) or after == {before}:
        assert time.monotonic() < end
        time.sleep(0.1)


def command_of(process):
    try:
        return (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.thorough)]
)
def test_it_ends_within_a_second_and_loses_nothing(tmp_path, number):
    embedded = Embedded(tmp_path)
    with embedded.running("--site", "5=Acme") as process:
        assert post(embedded).status_code == 204
        began = time.monotonic()
        process.send(number)
        time.sleep(0.1)
        assert process.stop(number) == 0, "a second signal is ignored"
        assert time.monotonic() - began < 1.5
        assert "Traceback" not in process.log
    assert heartbeats(embedded) == 1


def refused(capsys, *arguments):
    """What the command prints when it refuses its arguments."""
    with pytest.raises(SystemExit) as caught:
        command.main(arguments)
    assert caught.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("text", ["8080", ":8080", "localhost:", "localhost:99999", "x:²"])
def test_an_address_without_host_or_port_is_refused(text, capsys):
    assert f"{text!r} is not HOST:PORT" in refused(capsys, "--data", "/nowhere", "--bind", text)


@pytest.mark.parametrize("text", ["https://metrics.example.org", "metrics.example.org:8443", ""])
def test_what_is_no_name_of_a_host_is_refused(text, capsys):
    assert f"{text!r} is not the name of a host" in refused(
        capsys, "--data", "/nowhere", "--host", text
    )


@pytest.mark.parametrize("text", ["Acme", "0=Acme", "5=", "x=Acme", "²=Acme"])
def test_a_site_without_id_or_name_is_refused(text, capsys):
    assert f"{text!r} is not ID=NAME" in refused(capsys, "--data", "/nowhere", "--site", text)


@pytest.mark.parametrize("path", ["file", "file/data", "/proc/nothing"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys, path):
    (tmp_path / "file").touch()
    folder = tmp_path / path
    assert f"'{folder}' cannot be used: " in refused(capsys, "--data", str(folder))


def test_no_folder_is_not_the_current_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "'' is not the path of a folder" in refused(capsys, "--data", "")
    assert not list(tmp_path.iterdir())
