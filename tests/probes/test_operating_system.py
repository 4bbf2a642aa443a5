import platform

import pytest

from metric_collection.probes.operating_system import OperatingSystem
from metric_collection.probes.probe import Unknown

LINUX = platform.uname_result("Linux", "host.example", "5.15.0-164-generic", "#174 SMP", "aarch64")
DARWIN = platform.uname_result("Darwin", "host.example", "23.5.0", "Darwin Kernel", "arm64")
WINDOWS = platform.uname_result("Windows", "HOST", "2019Server", "10.0.17763", "AMD64")


def missing():
    raise FileNotFoundError


def gathered(uname, **os_release):
    probe = OperatingSystem(uname=lambda: uname, os_release=lambda: os_release or missing())
    return probe.gather()


def test_the_operating_system_is_reported_under_the_names_of_existing_dashboards():
    assert gathered(LINUX, ID="ubuntu", VERSION_ID="22.04") == {
        "os_version": "ubuntu 22.04",
        "kernel_version": "5.15.0",
        "hardware_platform": "aarch64",
    }


def test_the_name_of_a_custom_image_is_not_sent():
    named = {"PRETTY_NAME": "hunter2 golden image", "NAME": "hunter2", "VERSION": "hunter2"}
    facts = gathered(LINUX, ID="debian", VERSION_ID="12", **named)
    assert facts["os_version"] == "debian 12"
    assert gathered(LINUX, ID="hunter2", **named)["os_version"] == "other"


@pytest.mark.parametrize(
    "release", ["6.1.0-hunter2", "6.1.0+hunter2", "6.1.0hunter2", "6.1.0_hunter2"]
)
def test_the_name_of_a_custom_kernel_is_not_sent(release):
    kernel = platform.uname_result("Linux", "host", release, "#1", "x86_64")
    assert gathered(kernel)["kernel_version"] == "6.1.0"


@pytest.mark.parametrize(("uname", "text"), [(DARWIN, "Darwin 23.5.0"), (WINDOWS, "Windows 2019")])
def test_a_system_without_os_release_goes_by_its_kernel(uname, text):
    assert gathered(uname)["os_version"] == text


def test_on_linux_without_os_release_the_version_is_unknown():
    assert gathered(LINUX)["os_version"] == Unknown("the system has no os-release file")


def test_this_machine_has_a_kernel():
    assert OperatingSystem().gather()["kernel_version"]
