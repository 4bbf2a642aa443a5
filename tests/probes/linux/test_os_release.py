import platform
from pathlib import Path

import pytest

from metric_collection.probes.linux.os_release import read_os_release

from ..machines import write


def test_values_are_unquoted(tmp_path):
    write(
        tmp_path,
        {
            "etc/os-release": """\
            # a comment
            NAME=Fedora
            PRETTY_NAME="Fedora Linux 41 (\\"Server\\")"
            VARIANT='Server Edition'

            BROKEN="unclosed
            no assignment
            """
        },
    )
    assert read_os_release(tmp_path) == {
        "NAME": "Fedora",
        "PRETTY_NAME": 'Fedora Linux 41 ("Server")',
        "VARIANT": "Server Edition",
        "BROKEN": '"unclosed',
    }


def test_the_vendors_file_counts_where_the_administrator_has_none(tmp_path):
    write(tmp_path, {"usr/lib/os-release": "ID=alpine\n"})
    assert read_os_release(tmp_path) == {"ID": "alpine"}


def test_bytes_that_are_no_text_do_no_harm(tmp_path):
    write(tmp_path, {"etc/os-release": b"NAME=\xff\n"})
    assert read_os_release(tmp_path) == {"NAME": "\ufffd"}


def test_a_system_without_the_file_says_nothing(tmp_path):
    assert read_os_release(tmp_path) == {}


@pytest.mark.skipif(not Path("/etc/os-release").exists(), reason="this system has no os-release")
def test_it_reads_this_system_as_the_standard_library_does():
    assert read_os_release(Path("/")).items() <= platform.freedesktop_os_release().items()
