"""No probe gives a secret away: not in facts, not in reports, not in the log, not on the page."""

import logging
import platform
import sys
from inspect import signature
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from metric_collection.models import Report
from metric_collection.probes.catalog import choosable_probes
from metric_collection.probes.operating_system import OperatingSystem
from metric_collection.probes.registry import gather
from metric_collection.reporting.collection import Collection

from .machines import write

CHOOSABLE_PROBES = choosable_probes()
SECRET = "hunter2"
# Wherever a machine keeps what identifies it or its people, and wherever a probe looks.
FILES = {
    "etc/hostname": f"{SECRET}\n",
    "etc/machine-id": f"{SECRET}\n",
    "etc/passwd": f"{SECRET}:x:1000:1000::/home/{SECRET}:/bin/sh\n",
    "etc/timezone": f"{SECRET}\n",
    "proc/1/cmdline": f"/home/{SECRET}/bin/serve\0--password={SECRET}\0",
    "proc/1/comm": f"{SECRET}\n",
    "proc/1/environ": f"PASSWORD={SECRET}\0container={SECRET}\0",
    "proc/cpuinfo": f"model name : {SECRET}\nflags : fpu hypervisor avx {SECRET}\nSerial : {SECRET}\n",
    "proc/device-tree/serial-number": f"{SECRET}\0",
    "proc/device-tree/model": f"{SECRET}\0",
    "proc/device-tree/hypervisor/compatible": f"{SECRET}\0",
    "proc/meminfo": f"MemTotal: 16000000 kB\n{SECRET}: 1 kB\n",
    "proc/self/cgroup": f"0::/system.slice/{SECRET}.service\n",
    "proc/uptime": "100000.0 1.0\n",
    f"sys/fs/cgroup/system.slice/{SECRET}.service/cpu.max": "100000 100000\n",
    "run/systemd/container": f"{SECRET}\n",
    "run/systemd/sessions/1": f"USER={SECRET}\nTYPE={SECRET}\n",
    f"run/user/1000/wayland-{SECRET}": "",
    "sys/class/dmi/id/product_name": f"{SECRET}'s laptop\n",
    "sys/class/dmi/id/product_serial": f"{SECRET}\n",
    "sys/class/dmi/id/product_uuid": f"{SECRET}\n",
    "sys/class/dmi/id/sys_vendor": f"{SECRET}\n",
}
SYSTEM = platform.uname_result("Linux", SECRET, f"6.1.0-{SECRET}", f"#1 {SECRET}@builder", "x86_64")
OS_RELEASE = {"ID": "debian", "VERSION_ID": f"12-{SECRET}", "NAME": SECRET, "PRETTY_NAME": SECRET}
DATABASE = {"ENGINE": SECRET, **dict.fromkeys(("NAME", "USER", "PASSWORD", "HOST"), SECRET)}
SETTINGS = SimpleNamespace(
    DATABASES={"default": DATABASE},
    CACHES={"default": {"BACKEND": f"{SECRET}.Cache", "LOCATION": f"redis://:{SECRET}@{SECRET}"}},
    STORAGES={"default": {"BACKEND": f"{SECRET}.Storage", "OPTIONS": {"secret_key": SECRET}}},
    CELERY_BROKER_URL=f"amqp://{SECRET}:{SECRET}@{SECRET}/{SECRET}",
)
CONNECTION = SimpleNamespace(
    vendor="postgresql", settings_dict=DATABASE, get_database_version=lambda: (15, 19)
)


def broken():
    raise RuntimeError(SECRET)


@pytest.fixture
def edges(tmp_path, monkeypatch):
    """What probes look at, by the names of the arguments that take it."""
    monkeypatch.delitem(sys.modules, "celery", raising=False)
    for name in ("HOME", "USER", "HOSTNAME", "SECRET_KEY", "DATABASE_URL", "DISPLAY"):
        monkeypatch.setenv(name, SECRET)
    return {
        "root": write(tmp_path, FILES),
        "uname": lambda: SYSTEM,
        "os_release": lambda: OS_RELEASE,
        "environ": {"container": SECRET, "PASSWORD": SECRET},
        "settings": SETTINGS,
        "connection": CONNECTION,
        "models": [],
    }


def probe_on(edges, probe):
    return probe(**{name: edges[name] for name in signature(probe).parameters if name in edges})


@pytest.mark.django_db
@pytest.mark.parametrize("probe", [OperatingSystem, *CHOOSABLE_PROBES])
def test_no_probe_gathers_a_secret(edges, probe):
    facts = probe_on(edges, probe).gather()
    assert facts
    assert SECRET not in str(facts)


@pytest.fixture
def product(edges, monkeypatch, settings):
    """A product with every probe on a machine full of secrets, and with facts that fail."""
    for probe in CHOOSABLE_PROBES:
        made = f"made_{probe.__name__}"
        monkeypatch.setattr(sys.modules[__name__], made, probe_on(edges, probe), raising=False)
    settings.METRIC_COLLECTION_PROBES = [f"{__name__}.made_{p.__name__}" for p in CHOOSABLE_PROBES]
    settings.METRIC_COLLECTION_FACTS = {"mode": broken, "where": edges["root"]}
    settings.METRIC_COLLECTION_COUNTS = {"users": "auth.User", "failing": broken}
    User.objects.create(username=SECRET, email=f"{SECRET}@example.org", password=SECRET)


@pytest.mark.django_db
def test_no_secret_is_in_the_report_nor_in_the_log(product, caplog):
    caplog.set_level(logging.DEBUG)
    Collection().record()
    body = Report.objects.get().body
    assert all(name in body for name in ("container", "nodes", "hardware", "users", "cpu_count"))
    assert SECRET not in body
    assert caplog.messages
    assert SECRET not in caplog.text


@pytest.mark.django_db
def test_no_secret_is_on_the_page(product, admin_client):
    page = admin_client.get(reverse("admin:usage_metrics_system_info")).content.decode()
    assert all(fact in page for fact in gather().facts)
    assert SECRET not in page
