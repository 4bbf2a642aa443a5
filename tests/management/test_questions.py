from __future__ import annotations

import io
import os
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.management.base import OutputWrapper
from django.db import OperationalError, connection
from django.utils.translation import override

from metric_collection import management
from metric_collection.consent.choice import choose
from metric_collection.management import execute_from_command_line
from metric_collection.management.questions import notice, prompt
from metric_collection.models import Consent
from tests.campaigns import daily

pytestmark = pytest.mark.django_db


class Pipe(io.TextIOWrapper):
    """A terminal whose operator has typed some text, and is silent from there on."""

    def __init__(self, typed: str):
        reading, self.writing = os.pipe()
        os.write(self.writing, typed.encode())
        super().__init__(os.fdopen(reading, "rb"))

    def isatty(self):
        return True

    def close(self):
        os.close(self.writing)
        super().close()


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def at_terminal(monkeypatch):
    """Sit at a terminal and type; return what is shown there."""
    opened = []

    def at_terminal(typed, *, patience=0.01):
        screen, keyboard = Screen(), Pipe(typed)
        opened.append(keyboard)
        with monkeypatch.context() as patched:
            patched.setattr("sys.stdin", keyboard)
            patched.setattr("sys.stdout", screen)
            prompt(OutputWrapper(screen), patience=timedelta(seconds=patience))
        return screen.getvalue()

    yield at_terminal
    for pipe in opened:
        pipe.close()


@pytest.fixture(autouse=True)
def prompting(settings):
    settings.METRIC_COLLECTION_CONSENT = "opt-in"
    settings.METRIC_COLLECTION_PROMPT = True
    return settings


@pytest.mark.parametrize(
    ("typed", "choice", "said"),
    [("y\n", "granted", "On, because"), ("No\n", "denied", "Off, because")],
)
def test_an_answer_is_saved_and_nobody_is_asked_again(at_terminal, typed, choice, said):
    assert said in at_terminal(typed)
    assert Consent.objects.get().choice == choice
    assert at_terminal("y\n") == ""
    assert Consent.objects.get().choice == choice


@pytest.mark.parametrize("typed", ["", "\n", "maybe\n"])
def test_no_answer_is_a_no_that_is_asked_again(at_terminal, typed):
    assert "nothing is shared. You will be asked again." in at_terminal(typed)
    assert not Consent.objects.exists()
    at_terminal("y\n")
    assert Consent.objects.get().choice == "granted"


def test_ctrl_c_ends_the_command_without_an_answer_or_a_traceback(at_terminal, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("select.select", interrupt)
    with pytest.raises(SystemExit) as ended:
        at_terminal("")
    assert ended.value.code == 130
    assert not Consent.objects.exists()


def test_the_question_has_data_purpose_recipient_retention_and_how_to_change_it(
    prompting, at_terminal
):
    prompting.METRIC_COLLECTION_CAMPAIGNS = {"search": daily()}
    prompting.METRIC_COLLECTION_LEARN_MORE_URL = "https://example.org/metrics"
    shown = at_terminal("")
    for text in (
        "kernel_version: ",
        "To know which kernel features can be relied on.",
        "Search: To know whether search is used.",
        "Reports are sent to 127.0.0.1:9, which can see",
        "for 90 days",
        "https://example.org/metrics",
        "opt-in or opt-out",
    ):
        assert text in shown


def test_the_question_is_in_the_language_of_the_product(prompting, at_terminal):
    with override("de"):
        shown = at_terminal("")
    assert "kernel_version: Version des Kernels." in shown


@pytest.fixture
def run_at_terminal(monkeypatch):
    """Run manage.py at a terminal where somebody types y; return what is shown there."""
    monkeypatch.setattr("metric_collection.management.questions.PATIENCE", timedelta(seconds=0.01))

    def run_at_terminal(*arguments):
        screen, keyboard = Screen(), Pipe("y\n")
        with monkeypatch.context() as patched, suppress(SystemExit):
            patched.setattr("sys.stdin", keyboard)
            patched.setattr("sys.stdout", screen)
            execute_from_command_line(["manage.py", *arguments])
        keyboard.close()
        return screen.getvalue()

    return run_at_terminal


def test_the_first_command_asks_before_it_runs(run_at_terminal):
    shown = run_at_terminal("diffsettings")
    assert shown.startswith("Acme can share usage metrics")
    assert shown.index("On, because a superuser has agreed.") < shown.index("DATABASES = ")
    assert run_at_terminal("diffsettings").startswith("ALLOWED_HOSTS")


@pytest.mark.parametrize(
    "arguments",
    [("check", "--help"), ("metric_collection", "status"), ("opt_in_out", "--opt_out"), ("help",)],
)
def test_help_and_our_own_commands_do_not_ask(run_at_terminal, arguments):
    assert "Y/N" not in run_at_terminal(*arguments)


def test_a_product_without_the_app_neither_asks_nor_records(prompting, monkeypatch, capsys):
    prompting.METRIC_COLLECTION_RECORDERS = {"commands": "use"}
    monkeypatch.setattr(
        "django.apps.apps.ready", False
    )  # as apps.is_installed() has a check of its own
    management.prompt()
    management.record(["manage.py", "check"], None, ())
    assert capsys.readouterr().out == ""


def test_the_reloaded_server_does_not_ask_again(run_at_terminal, monkeypatch):
    monkeypatch.setenv("RUN_MAIN", "true")
    assert "Y/N" not in run_at_terminal("diffsettings")


def test_a_declined_group_is_not_in_the_notice():
    assert not any(
        "os_version" in line for line in notice(Consent(declined_groups=["operating-system"]))
    )


@pytest.mark.parametrize(
    ("name", "value"), [("PROMPT", False), ("CONSENT", "opt-out"), ("CONSENT", "notice")]
)
def test_it_is_for_opt_in_mode_where_the_publisher_wants_it(prompting, at_terminal, name, value):
    setattr(prompting, f"METRIC_COLLECTION_{name}", value)
    assert at_terminal("y\n") == ""


@pytest.mark.parametrize("name", ["CI", "JENKINS_URL", "DO_NOT_TRACK"])
def test_nobody_is_asked_on_a_ci_machine_or_where_metrics_are_switched_off(
    at_terminal, monkeypatch, name
):
    monkeypatch.setenv(name, "1")
    assert at_terminal("y\n") == ""


def test_nobody_is_asked_without_a_terminal():
    screen = io.StringIO()
    prompt(OutputWrapper(screen))
    assert screen.getvalue() == ""


def test_a_yes_that_has_expired_is_asked_for_again(prompting, at_terminal, clock):
    prompting.METRIC_COLLECTION_CONSENT_EXPIRES = timedelta(days=1)
    choose(Consent.Choice.GRANTED, now=clock())
    assert "Share these usage metrics?" in at_terminal("")


def test_without_our_tables_the_command_goes_on(at_terminal):
    def fail(execute, sql, *arguments):
        raise OperationalError("no such table")

    with connection.execute_wrapper(fail):
        assert at_terminal("y\n") == ""


def test_a_console_that_cannot_be_read_with_a_time_limit_is_not_waited_for(
    at_terminal, monkeypatch
):
    def unsupported(*_):
        raise OSError

    monkeypatch.setattr("select.select", unsupported)
    assert "You will be asked again." in at_terminal("y\n")
