"""The collector's settings, each declared once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from ..conf import values
from ..conf.declaration import Declaration, Setting

PREFIX = "METRIC_COLLECTOR"
NAMESPACE = "usage_metrics_collector"
LARGEST = 2**31 - 1
DAY = timedelta(days=1)
ENV = "env:"
ORIGIN = re.compile(r"https?://[^/\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A Matomo server that receives the sums of one site."""

    url: str
    site: int
    token: str = field(repr=False)

    @property
    def secret(self) -> str | None:
        """The token itself; None if it is in an environment variable that is not set."""
        name = self.variable
        return os.environ.get(name) or None if name else self.token

    @property
    def variable(self) -> str:
        """The environment variable that holds the token, if any."""
        return self.token.removeprefix(ENV) if self.token.startswith(ENV) else ""


def whole(minimum: int, maximum: int = LARGEST) -> Callable[[Any], int]:
    """Accept an integer within these bounds."""

    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError
        if not minimum <= value <= maximum:
            raise ValueError
        return value

    return parse


def whole_days(value: Any) -> timedelta:
    """Accept a timedelta of at least a day, or a number of seconds."""
    if (span := values.duration(value)) < DAY:
        raise ValueError
    return span


def origins(value: Any) -> tuple[str, ...]:
    """Accept a list of origins such as 'https://example.org', or of '*'."""
    found = values.texts(value)
    if not all(origin == "*" or ORIGIN.fullmatch(origin) for origin in found):
        raise ValueError
    return found


def targets(value: Any) -> Mapping[int, Target]:
    """Accept a dictionary of site ids to dictionaries with 'url', 'site' and 'token'."""
    return {site_id(key): target(entry) for key, entry in value.items()}


def site_id(key: Any) -> int:
    """Accept a site id; the keys of JSON are strings."""
    number: int = values.site(int(key) if isinstance(key, str) and key.isdecimal() else key)
    return number


def target(entry: Any) -> Target:
    """Accept a dictionary of exactly these three keys."""
    if set(entry) != {"url", "site", "token"}:
        raise ValueError
    return Target(
        url=secure_address(entry["url"]),
        site=values.site(entry["site"]),
        token=values.text(entry["token"]),
    )


def secure_address(value: Any) -> str:
    """Accept a full URL without a password in it, which would be logged."""
    if urlsplit(address := values.web_address(value)).password:
        raise ValueError
    return address


class Settings(Declaration):
    """Every setting; attribute names are those of the documentation without their prefix."""

    prefix = PREFIX

    MAX_BODY = Setting(
        whole(1024),
        default=262_144,
        id="W001",
        expected="the largest body accepted in bytes, an integer >= 1024",
    )
    MAX_EVENTS = Setting(
        whole(1),
        default=1000,
        id="W002",
        expected="the largest number of events in a report, an integer >= 1",
    )
    MAX_AGE = Setting(
        whole_days,
        default=timedelta(days=101),
        id="W003",
        expected="the age of the oldest report accepted: a timedelta or seconds, at least a day",
    )
    STORED_MINIMUM = Setting(
        whole(1),
        default=3,
        id="W004",
        expected="the smallest count kept when a period settles, an integer >= 1",
    )
    PUBLIC_MINIMUM = Setting(
        whole(5),
        default=10,
        id="W005",
        expected="the smallest count published, an integer >= 5",
    )
    VALUES_PER_DAY = Setting(
        whole(1),
        default=500,
        id="W006",
        expected="the number of new values a day and fact, an integer >= 1",
    )
    PAIRS = Setting(
        values.optional(values.texts),
        default=None,
        id="W007",
        expected="a list of facts that are counted by version, or None for the public ones",
    )
    RATE = Setting(
        whole(1),
        default=60,
        id="W008",
        expected="requests a minute from one network, an integer >= 1",
    )
    NETWORK_DAILY = Setting(
        whole(1),
        default=500,
        id="W009",
        expected="requests a day from one network, an integer >= 1",
    )
    PROXIES = Setting(
        whole(0, 20),
        default=0,
        id="W010",
        expected="the number of proxies in front of this server, an integer from 0 to 20",
    )
    INBOX_LIMIT = Setting(
        whole(1),
        default=5_000_000,
        id="W011",
        expected="the number of uncounted reports at which new ones are put off, an integer >= 1",
    )
    CORS_ORIGINS = Setting(
        origins,
        default=(),
        id="W012",
        expected="a list of origins such as ['https://example.org']",
    )
    FORWARD = Setting(
        targets,
        default={},
        id="W013",
        expected="a dictionary of site ids to dictionaries with 'url', 'site' and 'token'",
    )
    SELF_CHECK_AT = Setting(
        values.optional(secure_address),
        default=None,
        id="W014",
        expected="the full public URL of this collector's endpoint, or None",
    )
    QUEUE = Setting(
        values.optional(values.text),
        default=None,
        id="W015",
        expected="the name of a Celery queue or None",
    )


conf = Settings()
