import os

import pytest

from metric_collection.probes.host import Host

from .machines import write

SYSTEM = os.uname_result(("Linux", "host.example", "6.1.0-29-amd64", "#1 SMP", "x86_64"))


def test_a_machine_is_described_in_words_that_fit_many(tmp_path):
    write(
        tmp_path,
        {
            "etc/os-release": 'NAME="Debian GNU/Linux"\nVERSION_ID="12"\n',
            "proc/uptime": "600000.25 1200000.50\n",
        },
    )
    assert Host(root=tmp_path, uname=lambda: SYSTEM).gather() == {
        "architecture": "x86_64",
        "os_name": "Debian GNU/Linux",
        "os_type": "Linux",
        "os_release": "12",
        "os_kernel": "6.1.0",
        "uptime": "5-9 days",
    }


def test_what_the_machine_does_not_tell_is_unknown(tmp_path):
    found = Host(root=tmp_path, uname=lambda: SYSTEM).gather()
    assert [name for name, value in found.items() if value is None] == [
        "os_name",
        "os_release",
        "uptime",
    ]


@pytest.mark.parametrize(("seconds", "days"), [("3600.0", "0 days"), ("90000.1", "1 days")])
def test_uptime_is_told_in_whole_days(tmp_path, seconds, days):
    write(tmp_path, {"proc/uptime": f"{seconds} 1.0\n"})
    assert Host(root=tmp_path).gather()["uptime"] == days
