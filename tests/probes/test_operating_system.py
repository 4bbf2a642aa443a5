import os

from metric_collection.probes.operating_system import OperatingSystem

from .machines import write

SYSTEM = os.uname_result(("Linux", "host.example", "5.15.0-164-generic", "#174 SMP", "aarch64"))


def test_the_operating_system_is_reported_under_the_names_of_old(tmp_path):
    write(tmp_path, {"etc/os-release": 'PRETTY_NAME="Ubuntu 22.04.5 LTS"\n'})
    assert OperatingSystem(root=tmp_path, uname=lambda: SYSTEM).gather() == {
        "os_version": "Ubuntu 22.04.5 LTS",
        "kernel_version": "5.15.0",
        "hardware_platform": "aarch64",
    }


def test_a_system_that_does_not_describe_itself_has_no_version(tmp_path):
    probe = OperatingSystem(root=tmp_path, uname=lambda: SYSTEM)
    assert probe.gather()["os_version"] is None


def test_this_machine_has_a_kernel():
    assert OperatingSystem().gather()["kernel_version"] == os.uname().release.split("-")[0]
