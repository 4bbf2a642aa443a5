"""The recipes, run as they stand in the document: what each of them sends, and when it sends nothing."""

from __future__ import annotations

INSTALLER = """architecture channel container country cpu_capable display_server
    extra_skills_feature gui_feature hardware installed_at os_kernel os_name os_type os_version
    profile python_version raspberry_pi skills_feature sound_server tuning_enabled venv"""
INFERENCE_SERVER = """architecture os_name os_release os_kernel uptime python_version
    django_version cpu_count cpu_capable total_memory virtualization mode"""
REQUEST = """
from django.test import Client
Client(SERVER_NAME="localhost").get("/api/devices/?user=hunter2")
"""
LOADED = """
from inference_models import note_loaded
note_loaded("resnet50", 102_000_000)
note_loaded("hunter2", 7_000_000_000)
"""
TOOLKIT = {
    "toolkit/__init__.py": "",
    "toolkit/management/__init__.py": "",
    "toolkit/management/commands/__init__.py": "",
    "toolkit/management/commands/convert.py": """
        from django.core.management.base import BaseCommand, CommandError
        from inventory.models import Device

        class Command(BaseCommand):
            def add_arguments(self, parser):
                parser.add_argument("file")

            def handle(self, *, file, **options):
                raise CommandError(f"{file} is none of the {Device.objects.count()} devices.")
    """,
    "toolkit/tasks.py": """
        from celery import shared_task

        class UnreadableFile(Exception):
            pass

        @shared_task
        def convert():
            raise UnreadableFile("/home/hunter2/model.onnx")
    """,
}
LOG_STORE = """reports_per_day num_org num_streams num_users streams_total_size
    streams_compressed_size num_ingest_functions num_query_functions real_time_alerts
    scheduled_alerts is_local_mode local_mode_storage is_HA_mode number_of_nodes os os_release
    version cpu_count total_memory free_memory avail_memory time_zone host_name"""


def test_an_installer_reports_21_facts_once_and_never_again(product):
    installer = product("An installer that asks once")
    installer.operate("a_day_later()", "manage.py migrate -v 0")
    (report,) = installer.collector.arrivals
    assert report.category == "Install"
    assert sorted(report.facts) == sorted(INSTALLER.split())
    assert len(report.facts) == 21
    expected = {"hardware": "Raspberry Pi 4", "country": "IT", "sound_server": "pipewire"}
    assert report.facts.items() >= expected.items()


def test_an_inference_server_reports_itself_its_requests_and_its_models_unless_it_is_off(product):
    server = product("An inference server")
    proven, *_ = server.operate(REQUEST, LOADED, "a_day_later()")
    assert proven == 0
    install, heartbeat, *usage = server.collector.arrivals
    assert server.collector.categories == ["Install", "Heartbeat", "Models", "Requests"]
    assert (
        sorted(install.facts)
        == sorted(heartbeat.facts)
        == sorted([*INFERENCE_SERVER.split(), "Inference Server Version"])
    )
    models, requests = [report.events for report in usage]
    assert {(event["name"], event["value"]) for event in models} == {
        ("other", 7000),
        ("resnet50", 102),
    }
    (request,) = requests
    assert (request["action"], request["name"], request["times"]) == ("Answered", "device-list", 1)
    assert all(b"hunter2" not in report.body for report in server.collector.arrivals)


def test_a_toolkit_counts_commands_and_errors_after_a_yes_and_nothing_before(product):
    toolkit = product("A toolkit")
    fail = "from toolkit.tasks import convert; convert.apply()"
    toolkit.operate(fail, "a_day_later()", files=TOOLKIT)
    usage = {report.category: report.events for report in toolkit.collector.arrivals}
    counted = {
        (event["category"], event["action"], event["name"], event["times"])
        for events in usage.values()
        for event in events
    }
    assert counted == {
        ("Commands", "Succeeded", "dumpdata", 1),
        ("Commands", "Failed", "convert", 1),
        ("Errors", "toolkit.tasks", "UnreadableFile", 1),
    }
    assert all(b"hunter2" not in report.body for report in toolkit.collector.arrivals)


def test_a_network_manager_reports_install_upgrade_and_heartbeat(product):
    manager = product("A network manager")
    upgrade = "import rackbook; rackbook.__version__ = '2.4.0'"
    manager.operate(upgrade, "manage.py migrate -v 0", "a_day_later()")
    install, upgraded, heartbeat = manager.collector.arrivals
    assert manager.collector.categories == ["Install", "Upgrade", "Heartbeat"]
    assert install.facts["Rackbook Version"] == "2.3.0"
    assert upgraded.facts["Rackbook Version"] == heartbeat.facts["Rackbook Version"] == "2.4.0"
    system = {"os_version", "kernel_version", "hardware_platform", "Installation Method"}
    modules = {"django-filter", "django-import-export"}
    assert heartbeat.facts.keys() == {"Rackbook Version", "first_report_of", *system, *modules}
    assert heartbeat.facts["Installation Method"] == "ansible"


def test_a_log_store_reports_23_metrics_a_day_and_nothing_when_it_is_off(product):
    log_store = product("A log store")
    proven, *_ = log_store.operate("a_day_later()")
    assert proven == 0
    (report,) = log_store.collector.arrivals
    assert report.category == "Heartbeat"
    assert sorted(report.facts) == sorted(LOG_STORE.split())
    assert len(report.facts) == 23
    sizes = {"streams_total_size": "5-9 GB", "streams_compressed_size": "200-499 MB"}
    numbers = {"num_streams": "5-9", "number_of_nodes": "1", "reports_per_day": "1"}
    nobody = {"host_name": "other", "is_local_mode": "true", "version": "2.3.0", "os": "Linux"}
    assert report.facts.items() >= {**sizes, **numbers, **nobody}.items()
