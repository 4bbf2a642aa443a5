from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from metric_collection.probes import Unknown
from metric_collection.probes.time_zone import TimeZone

from .machines import write

NO_COUNTRY = Unknown("the time zone has no single country")
NO_ZONE = Unknown("the system's time zone cannot be read from /etc/localtime")
ZONEINFO = "usr/share/zoneinfo"
TABLE = """\
# comment
DE\t+5230+01322\tEurope/Berlin\tmost of Germany
IT\t+4154+01229\tEurope/Rome
AA\t+0000+00000\tShared/Zone
BB\t+0000+00000\tShared/Zone
"""


def compiled(offset):
    """A tz database file (RFC 9636) of one offset from UTC, in seconds."""
    counts = b"".join(number.to_bytes(4, "big") for number in (0, 0, 0, 0, 1, 4))
    block = b"TZif2" + bytes(15) + counts + offset.to_bytes(4, "big", signed=True) + b"\0\0ABC\0"
    return block + block + b"\n\n"


@pytest.fixture
def machine(tmp_path):
    def machine(zone, *, offset=7200):
        write(tmp_path, {f"{ZONEINFO}/zone.tab": TABLE, f"{ZONEINFO}/{zone}": compiled(offset)})
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc" / "localtime").symlink_to(f"../{ZONEINFO}/{zone}")
        return tmp_path

    return machine


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("Europe/Berlin", "DE"),
        ("Europe/Rome", "IT"),
        ("Shared/Zone", NO_COUNTRY),
        ("Etc/UTC", NO_COUNTRY),
        ("Nowhere/Known", NO_COUNTRY),
    ],
)
def test_the_country_is_that_of_the_configured_zone(machine, zone, country):
    assert TimeZone(root=machine(zone)).gather()["country"] == country


@pytest.mark.parametrize(("offset", "text"), [(0, "+00:00"), (7200, "+02:00"), (-12600, "-03:30")])
def test_the_time_zone_is_reported_by_its_offset(machine, offset, text):
    assert TimeZone(root=machine("Etc/UTC", offset=offset)).gather()["time_zone"] == text


def test_a_zone_that_is_only_named_has_a_country(tmp_path):
    write(tmp_path, {"etc/timezone": "Europe/Rome\n", f"{ZONEINFO}/zone.tab": TABLE})
    assert TimeZone(root=tmp_path).gather() == {"time_zone": NO_ZONE, "country": "IT"}


@pytest.mark.parametrize("files", [{}, {"etc/localtime": "not a zone"}])
def test_a_system_without_a_time_zone_says_so(tmp_path, files):
    write(tmp_path, files)
    no_table = Unknown("the system has no table of time zones and countries")
    assert TimeZone(root=tmp_path).gather() == {"time_zone": NO_ZONE, "country": no_table}


@pytest.mark.skipif(not Path("/usr/share/zoneinfo/zone.tab").exists(), reason="no tz database here")
@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("Europe/Oslo", "NO"),
        ("Europe/Berlin", "DE"),
        ("Asia/Kolkata", "IN"),
        ("Etc/GMT+5", NO_COUNTRY),
    ],
)
def test_it_reads_the_real_database(tmp_path, zone, country):
    (tmp_path / "usr/share").mkdir(parents=True)
    (tmp_path / "usr/share/zoneinfo").symlink_to("/usr/share/zoneinfo")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to(f"../usr/share/zoneinfo/{zone}")
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    offset = now.astimezone(ZoneInfo(zone)).isoformat()[-6:]
    assert TimeZone(root=tmp_path, clock=lambda: now).gather() == {
        "time_zone": offset,
        "country": country,
    }
