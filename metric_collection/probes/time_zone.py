"""Where on Earth, as far as the configured time zone tells; never by an address or a request."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ..cleaninsights.clock import utc_now
from .linux.files import read
from .probe import Fact

LOCAL_TIME = "etc/localtime"
NAME = "etc/timezone"
# Of the tz database's two tables this one tells countries apart: in zone1970.tab Europe/Berlin
# stands for Norway as well, although Europe/Oslo is there to choose.
TABLE = "usr/share/zoneinfo/zone.tab"


class TimeZone:
    """Reports the system's offset from UTC, and the country that its time zone stands for."""

    facts = (
        Fact(
            name="time_zone",
            description="The offset from UTC of the time zone that the system is set to.",
            example="+02:00",
            purpose="To know when maintenance and support are convenient.",
            coarsened="The offset only, not the name of the zone.",
        ),
        Fact(
            name="country",
            description="The country of the time zone that the system is set to (ISO 3166).",
            example="IT",
            purpose="To know which languages and regulations matter.",
            coarsened="By the tz database's table; absent for zones that name no single country.",
        ),
    )

    def __init__(self, *, root: Path = Path("/"), clock: Callable[[], datetime] = utc_now) -> None:
        self._root = root
        self._clock = clock

    def gather(self) -> Mapping[str, object]:
        return {"time_zone": self._offset(), "country": self._country()}

    def _offset(self) -> str | None:
        try:
            with (self._root / LOCAL_TIME).open("rb") as file:
                zone = ZoneInfo.from_file(file)
        except (OSError, ValueError):
            return None
        # isoformat ends with the offset, as +02:00.
        return self._clock().astimezone(zone).isoformat()[-6:]

    def _country(self) -> str | None:
        zone = self._zone_name()
        rows = [row.split("\t") for row in read(self._root, TABLE).splitlines()]
        countries = {row[0] for row in rows if row[2:3] == [zone]}
        return countries.pop() if len(countries) == 1 else None

    def _zone_name(self) -> str:
        """The name that the administrator chose, from the link or else from Debian's file."""
        try:
            target = str((self._root / LOCAL_TIME).readlink())
        except OSError:
            target = ""
        _, _, name = target.partition("/zoneinfo/")
        return name or read(self._root, NAME)
