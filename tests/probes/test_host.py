import platform

import pytest

from metric_collection.probes.host import Host
from metric_collection.probes.probe import Unknown

from .machines import write

SYSTEM = platform.uname_result("Linux", "host.example", "6.1.0-29-amd64", "#1 SMP", "x86_64")


def host(root, **os_release):
    return Host(root=root, uname=lambda: SYSTEM, os_release=lambda: os_release)


def test_a_machine_is_described_in_values_that_many_share(tmp_path):
    write(tmp_path, {"proc/uptime": "600000.25 1200000.50\n"})
    assert host(tmp_path, ID="debian", VERSION_ID="12").gather() == {
        "architecture": "x86_64",
        "os_name": "debian",
        "os_type": "Linux",
        "os_release": "12",
        "os_kernel": "6.1.0",
        "uptime": "5-9 days",
    }


def test_it_says_why_a_value_is_unknown(tmp_path):
    def missing():
        raise FileNotFoundError

    found = Host(root=tmp_path, uname=lambda: SYSTEM, os_release=missing).gather()
    assert {name: value.reason for name, value in found.items() if isinstance(value, Unknown)} == {
        "os_name": "the system has no os-release file",
        "os_release": "the system has no os-release file",
        "uptime": "the system does not report its uptime",
    }


def test_a_rolling_distribution_has_no_release(tmp_path):
    release = host(tmp_path, ID="arch").gather()["os_release"]
    assert release == Unknown("the distribution has no releases, or is not well known")


@pytest.mark.parametrize(("seconds", "days"), [("3600.0", "0 days"), ("90000.1", "1 days")])
def test_uptime_is_counted_in_whole_days(tmp_path, seconds, days):
    write(tmp_path, {"proc/uptime": f"{seconds} 1.0\n"})
    assert host(tmp_path).gather()["uptime"] == days
