"""The time zone that the system is set to, and its country; never taken from an address."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from ..cleaninsights.clock import Clock, utc_now
from .linux.files import read
from .probe import Fact, Unknown

LOCAL_TIME = "etc/localtime"
NAME = "etc/timezone"
# The tz database has two tables. In the other, zone1970.tab, Europe/Berlin stands for Norway as well,
# although users there choose Europe/Oslo.
TABLE = "usr/share/zoneinfo/zone.tab"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeZone:
    """Reports the system's UTC offset, and the country of its time zone."""

    facts = (
        Fact(
            name="time_zone",
            description="The UTC offset of the time zone that the system is set to.",
            example="+02:00",
            purpose="To know when maintenance and support are convenient.",
            coarsened="The offset only, not the name of the zone.",
        ),
        Fact(
            name="country",
            description="The country of the time zone that the system is set to (ISO 3166).",
            example="IT",
            purpose="To know which languages and regulations matter.",
            coarsened="Not sent for a time zone without a single country, such as UTC.",
        ),
    )

    root: Path = Path("/")
    clock: Clock = utc_now

    def gather(self) -> Mapping[str, object]:
        return {"time_zone": self._offset(), "country": self._country()}

    def _offset(self) -> str | Unknown:
        try:
            with (self.root / LOCAL_TIME).open("rb") as file:
                zone = ZoneInfo.from_file(file)
        except (OSError, ValueError):
            return Unknown("the system's time zone cannot be read from /etc/localtime")
        # isoformat ends with the offset, as +02:00.
        return self.clock().astimezone(zone).isoformat()[-6:]

    def _country(self) -> str | Unknown:
        try:
            target = str((self.root / LOCAL_TIME).readlink())
        except OSError:
            target = ""
        # The zone that the administrator chose is in the link, or else in Debian's file.
        zone = target.partition("/zoneinfo/")[2] or read(self.root, NAME)
        table = read(self.root, TABLE)
        if not table:
            return Unknown("the system has no table of time zones and countries")
        rows = [row.split("\t") for row in table.splitlines()]
        countries = {row[0] for row in rows if row[2:3] == [zone]}
        return (
            countries.pop()
            if len(countries) == 1
            else Unknown("the time zone has no single country")
        )
