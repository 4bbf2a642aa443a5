"""Reports as installations send them."""

from __future__ import annotations

import json
from datetime import datetime, timezone

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)  # a Wednesday
FACTS = {"Acme Version": "2.4.1", "os_version": "Debian GNU/Linux 12 (bookworm)"}
FIRST = "day week month"


def event(category, action, name=None, *, at=NOON, until=None, times=1, value=None):
    start = int(at.timestamp())
    end = start if until is None else int(until.timestamp())
    found = {"category": category, "action": action, "name": name, "value": value}
    found |= {"times": times, "period_start": start, "period_end": end}
    return {key: each for key, each in found.items() if each is not None}


def body(*events, site=5, **more) -> bytes:
    return json.dumps({"idsite": site, "events": list(events), **more}).encode()


def report(category="Heartbeat", *, site=5, at=NOON, first=FIRST, facts=FACTS) -> bytes:
    """A report of our client; without `first` the one of an older or another client."""
    stated = {**facts, **({} if first is None else {"first_report_of": first})}
    return body(*(event(category, *fact, at=at, value=1) for fact in stated.items()), site=site)
