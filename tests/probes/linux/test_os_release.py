import platform

import pytest

from metric_collection.probes.linux.os_release import Distribution, distribution


def found(**fields):
    return distribution(lambda: fields)


@pytest.mark.parametrize(
    ("fields", "name", "version"),
    [
        ({"ID": "debian", "VERSION_ID": "12"}, "debian", "12"),
        ({"ID": "ubuntu", "VERSION_ID": "22.04"}, "ubuntu", "22.04"),
        ({"ID": "arch"}, "arch", ""),
        ({"ID": "openEuler", "VERSION_ID": "24.03"}, "openeuler", "24.03"),
        ({"ID": "fedora", "VERSION_ID": "41-hunter2"}, "fedora", "41"),
        ({"ID": "fedora", "VERSION_ID": "hunter2"}, "fedora", ""),
        ({"ID": "hunter2", "ID_LIKE": "debian", "VERSION_ID": "7"}, "other", ""),
        ({"NAME": "hunter2"}, "other", ""),
    ],
)
def test_only_public_distributions_are_named(fields, name, version):
    assert found(**fields) == Distribution(name=name, version=version)


@pytest.mark.parametrize("error", [OSError, UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")])
def test_a_system_without_a_readable_file_has_none(error):
    def unreadable():
        raise error

    assert distribution(unreadable) is None


def test_this_system_is_read_without_an_error():
    distribution(platform.freedesktop_os_release)
