from __future__ import annotations

import os
import re
import signal
import socket
import sys
import threading
import time
from contextlib import nullcontext

import pytest
import requests
from django.conf import settings as django_settings
from waitress.wasyncore import close_all

from metric_collection.collector import __main__ as command
from metric_collection.collector.embedded import serving
from metric_collection.collector.models import Period, Site
from tests.collector.reports import report


def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


@pytest.fixture(autouse=True)
def handlers():
    """Put the signal handlers back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("has_waitress", [True, False])
def test_a_server_answers_and_stops_by_a_signal(monkeypatch, capsys, has_waitress):
    if not has_waitress:
        monkeypatch.setitem(sys.modules, "waitress.server", None)
    server, port = serving.server_for(application, "127.0.0.1", 0)
    assert ("waitress is not installed" in capsys.readouterr().err) is not has_waitress
    answers, left = [], []

    def ask():
        answers.append(requests.get(f"http://127.0.0.1:{port}/", timeout=5).text)
        os.kill(os.getpid(), signal.SIGTERM)

    serving.serve(server, threading.Thread(target=ask).start, leave=left.append)
    assert answers == ["ok"]
    end = time.monotonic() + 5
    while not left:
        assert time.monotonic() < end
        time.sleep(0.01)
    # A real server leaves its connections to the end of its process.
    if has_waitress:
        close_all(server._map)
    else:
        server.server_close()


def test_a_worker_runs_beside_again_whenever_it_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "RESTART_AFTER", 0.01)
    log = tmp_path / "log"
    line = f"open({str(log)!r}, 'a').write('x')"
    with serving.worker([sys.executable, "-S", "-c", line]):
        end = time.monotonic() + 10
        while not log.exists() or len(log.read_text()) < 2:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_a_worker_ends_with_its_parent():
    slept = time.monotonic()
    serving.sleep_beside(os.getppid())(0.01)
    assert time.monotonic() - slept >= 0.01
    with pytest.raises(SystemExit):
        serving.sleep_beside(1)(60)


@pytest.mark.django_db
class TestCommand:
    @pytest.fixture(autouse=True)
    def embedded(self, monkeypatch):
        """Let the command find Django configured, and end instead of serving."""
        configured = {}
        monkeypatch.setattr(
            type(django_settings), "configure", lambda _, **given: configured.update(given)
        )
        monkeypatch.setattr(os, "umask", lambda mask: mask)
        monkeypatch.setattr(serving, "serve", lambda server, announce: (announce(), server.close()))
        monkeypatch.setattr(serving, "worker", lambda _: nullcontext())
        return configured

    @pytest.mark.urls("metric_collection.collector.embedded.urls")
    def test_it_adds_the_sites_and_prints_where_it_serves(self, tmp_path, capsys, embedded):
        bind = ["--bind", "127.0.0.1:0", "--host", "metrics.example.org"]
        for _ in range(2):
            command.main(["--data", str(tmp_path / "data"), *bind, "--site", "5=Acme"])
        assert Site.objects.get().name == "Acme"
        out = capsys.readouterr().out
        assert "Reports are received at http://127.0.0.1:" in out
        assert "Set the password of the account admin: http://127.0.0.1:" in out
        assert "metrics.example.org" in embedded["ALLOWED_HOSTS"]

    @pytest.mark.urls("metric_collection.collector.embedded.urls")
    @pytest.mark.parametrize(
        ("bind", "others"),
        [
            ("127.0.0.1:0", []),
            ("[::1]:0", []),
            ("0.0.0.0:0", ["127.0.0.1", "localhost"]),
            ("[::]:0", ["[::1]", "127.0.0.1", "localhost"]),
            ("127.0.0.1:0", ["[2001:db8::7]", "metrics.example.org"]),
        ],
    )
    def test_the_dashboard_opens_by_the_printed_address_and_on_the_machine_itself(
        self, tmp_path, capsys, embedded, settings, client, bind, others
    ):
        names = ["--host", "2001:db8::7", "--host", "metrics.example.org"]
        command.main(["--data", str(tmp_path / "data"), "--bind", bind, *names])
        (printed,) = re.findall(r"Dashboard: http://(\S+):\d+/admin/", capsys.readouterr().out)
        settings.ALLOWED_HOSTS = embedded["ALLOWED_HOSTS"]
        settings.MIDDLEWARE = embedded["MIDDLEWARE"]
        for host in [printed, *others]:
            page = client.get("/admin/login/", headers={"Host": f"{host}:18102"})
            assert page.status_code == 200, host

    @pytest.mark.urls("metric_collection.collector.embedded.urls")
    def test_settings_that_are_not_used_are_printed_at_the_start(self, tmp_path, capsys, settings):
        settings.METRIC_COLLECTOR_PROXIES = "yes"
        settings.METRIC_COLLECTOR_PROXYS = 1
        command.main(["--data", str(tmp_path / "data"), "--bind", "127.0.0.1:0"])
        printed = capsys.readouterr().err
        assert "METRIC_COLLECTOR_PROXIES is 'yes'" in printed
        assert "Did you mean METRIC_COLLECTOR_PROXIES?" in printed

    def refused(self, folder, capsys, *arguments):
        """What the command prints when it refuses its arguments."""
        with pytest.raises(SystemExit) as caught:
            command.main(["--data", str(folder / "data"), *arguments])
        assert caught.value.code == 2
        return capsys.readouterr().err

    @pytest.mark.parametrize("has_waitress", [True, False])
    def test_an_address_that_cannot_be_bound_is_named(
        self, tmp_path, capsys, monkeypatch, has_waitress
    ):
        if not has_waitress:
            monkeypatch.setitem(sys.modules, "waitress.server", None)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            used = f"127.0.0.1:{taken.getsockname()[1]}"
            for address in (used, "nosuch.invalid:8080"):
                printed = self.refused(tmp_path, capsys, "--bind", address)
                assert f"{address} cannot be served at: " in printed

    @pytest.mark.parametrize("text", [f"{2**30}=Big", f"{10**23}=Big", f"5={'x' * 101}"])
    def test_a_site_that_cannot_be_kept_is_refused(self, tmp_path, capsys, text):
        printed = self.refused(tmp_path, capsys, "--site", text)
        number, name = text.split("=")
        assert f"Site {number} with the name '{name}' cannot be added" in printed
        assert not Site.objects.exists()

    @pytest.mark.urls("metric_collection.collector.embedded.urls")
    def test_the_name_of_a_site_may_begin_with_a_hyphen(self, tmp_path):
        data = ["--data", str(tmp_path / "data"), "--bind", "127.0.0.1:0"]
        command.main([*data, "--site", "5=-Acme"])
        assert Site.objects.get().name == "-Acme"

    def test_a_management_command_is_run_on_the_folder(self, tmp_path, capsys):
        command.main(["--data", str(tmp_path / "data"), "--", "metric_collector", "site", "list"])
        assert "There is no site" in capsys.readouterr().out

    def test_the_worker_counts_until_its_parent_is_gone(self, tmp_path, put, monkeypatch):
        put(report())
        with pytest.raises(SystemExit):
            command.main(["--data", str(tmp_path / "data"), "--worker", "1"])
        assert Period.objects.exists()
