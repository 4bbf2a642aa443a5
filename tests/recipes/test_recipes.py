"""The recipes, run as printed: what each of them sends, and when it sends nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from .document import comparison, heading, recipes

REQUEST = """
from django.test import Client
agent = "blindai-python/1.2.3 (Linux; hunter2)"
Client(SERVER_NAME="localhost").get("/api/devices/?user=hunter2", headers={"user-agent": agent})
"""
MODELS = """
from ai_server import model_loaded, model_run, server_started
server_started()
model_loaded("resnet50", 102_000_000, 1.5)
model_loaded("hunter2", 7_000_000_000, 20)
model_run("resnet50", 0.02)
model_run("resnet50", 0.2)
"""
TOOLKIT = {
    "toolkit/__init__.py": "",
    "toolkit/management/__init__.py": "",
    "toolkit/management/commands/__init__.py": "",
    "toolkit/management/commands/convert.py": """
        from django.core.management.base import BaseCommand
        from inventory.models import Device

        class UnreadableFile(Exception):
            pass

        class Command(BaseCommand):
            def add_arguments(self, parser):
                parser.add_argument("file")

            def handle(self, *, file, **options):
                raise UnreadableFile(f"/home/hunter2/{file} is no export of {Device.objects.count()} devices")
    """,
}


def compared(page, kind):
    """The names of facts, or of events, that the table of comparison promises for a system."""
    found = set()
    for line in comparison()[heading(page)]:
        text = line.here
        for begin in re.finditer(rf"\b{kind}s? (?=``)", text, re.IGNORECASE):
            rest = text[begin.end() :]
            named = re.match(r"``[^`]+``(?:(?:, | and )``[^`]+``)*", rest)[0]
            found |= set(re.findall(r"``([^`]+)``", named))
        if kind == "fact":
            found |= set(re.findall(r", beside ``([^`]+)``", text))
    return found


def counted(reports):
    return {
        (event["category"], event["action"], event.get("name")): event["times"]
        for report in reports
        for event in report.events
    }


@pytest.mark.thorough
@pytest.mark.parametrize("page", recipes())
def test_every_command_of_a_recipe_works_on_an_empty_database(product, page):
    fresh = product(page, database=None)
    codes = fresh.operate(files=TOOLKIT if page == "toolkit" else None)
    fails = ["convert" in command for command in fresh.recipe.console]
    assert codes == [int(fail) for fail in fails]


@pytest.mark.thorough
def test_the_installer_of_a_voice_assistant_reports_21_facts_once_and_never_again(product):
    installer = product("voice-assistant")
    assert installer.operate("a_day_later()", "manage.py migrate -v 0") == [0, 0]
    (report,) = installer.collector.arrivals
    assert report.category == "Install"
    assert report.facts.keys() == compared("voice-assistant", "fact")
    assert len(report.facts) == 21
    expected = {"hardware": "Mark II", "country": "IT", "sound_server": "pipewire"}
    assert report.facts.items() >= expected.items()
    assert report.facts["container"] in {"true", "false"}


@pytest.mark.thorough
def test_an_unattended_installation_can_say_no(product):
    installer = product("voice-assistant")
    installer.recipe = replace(installer.recipe, console=["python install.py --share-telemetry no"])
    assert installer.operate("a_day_later()") == [0]
    assert list(installer.collector.arrivals) == []


@pytest.mark.thorough
def test_an_ai_server_reports_itself_its_requests_and_its_models_unless_it_is_off(product):
    server = product("ai-server")
    assert server.operate(REQUEST, MODELS, "a_day_later()") == [0, 0, 0, 0]
    install, heartbeat, *usage = server.collector.arrivals
    assert (install.category, heartbeat.category) == ("Install", "Heartbeat")
    assert heartbeat.facts.keys() == compared("ai-server", "fact")
    counts = counted(usage)
    assert {category for category, _, _ in counts} == compared("ai-server", "event")
    assert counts["Server", "Started", None] == 1
    assert counts["Models", "Run", "resnet50"] == 2
    assert counts["Models", "Loaded", "other"] == 1
    assert counts["Model sizes", "resnet50", "100-199 MB"] == 1
    assert counts["Model durations: Run", "resnet50", "10-29 ms"] == 1
    assert counts["Model durations: Run", "resnet50", "100-299 ms"] == 1
    assert counts["Clients", "blindai-python", "1.2.3"] == 1
    assert counts["Client platforms", "blindai-python", "Linux"] == 1
    assert counts["Requests", "Answered", "device-list"] == 1
    assert all(b"hunter2" not in report.body for report in server.collector.arrivals)


@pytest.mark.thorough
def test_a_toolkit_counts_commands_and_errors_after_a_yes_and_nothing_before(product):
    toolkit = product("toolkit")
    toolkit.operate("a_day_later()", files=TOOLKIT)
    counts = counted(toolkit.collector.arrivals)
    assert counts == {
        ("Commands", "Succeeded", "dumpdata"): 1,
        ("Commands", "Failed", "convert"): 1,
        ("Errors", "toolkit.management.commands.convert", "UnreadableFile"): 1,
    }
    assert {category for category, _, _ in counts} == compared("toolkit", "event")
    assert all(b"hunter2" not in report.body for report in toolkit.collector.arrivals)


def test_a_network_manager_reports_install_upgrade_and_heartbeat(product):
    manager = product("network-manager")
    upgrade = "import rackbook; rackbook.__version__ = '2.4.0'"
    manager.operate(upgrade, "manage.py migrate -v 0", "a_day_later()")
    install, upgraded, heartbeat = manager.collector.arrivals
    assert manager.collector.categories == ["Install", "Upgrade", "Heartbeat"]
    assert install.facts["Rackbook Version"] == "2.3.0"
    assert upgraded.facts["Rackbook Version"] == heartbeat.facts["Rackbook Version"] == "2.4.0"
    assert heartbeat.facts.keys() == compared("network-manager", "fact")
    assert heartbeat.facts["Installation Method"] == "ansible"
    assert heartbeat.facts["first_report_of"].startswith("day")


@pytest.mark.thorough
def test_a_log_store_reports_its_metrics_once_a_day_and_nothing_when_it_is_off(product):
    log_store = product("log-store")
    files = {"data/stream.parquet": "1" * 3_000_000}
    assert log_store.operate(REQUEST, "a_day_later()", files=files) == [0, 0, 0]
    (report,) = log_store.collector.arrivals
    assert report.category == "Heartbeat"
    assert report.facts.keys() == compared("log-store", "fact")
    sizes = {"streams_total_size": "50-99 bytes", "streams_compressed_size": "2-4 MB"}
    numbers = {"num_streams": "5-9", "number_of_nodes": "1"}
    assert report.facts.items() >= {**sizes, **numbers, "Log Store Version": "2.3.0"}.items()
