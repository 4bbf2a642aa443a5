"""Refused requests, counted in memory and written once a minute: refusing must cost less than accepting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from threading import Lock

from django.utils.translation import gettext_lazy as _

from ..models import Refusal
from ..models.sums import add

INTERVAL = timedelta(minutes=1)
MOST_UNKNOWN = 100  # unknown site ids of a day that are counted each by itself
UNKNOWN = "unknown site"

REASONS = {
    "invalid": _("not a valid report"),
    "too large": _("body too large"),
    "rate": _("too many requests from one network"),
    UNKNOWN: _("unknown site"),
    "inbox": _("inbox full"),
    "unavailable": _("database not available"),
    "excluded": _("excluded by the site's settings"),
    "names": _("too many new facts, values or usage names"),
    "date": _("imported report outside of the accepted dates"),
    "proxy": _("accepted, but X-Forwarded-For is not evaluated"),
    "address": _("accepted, but without an address to limit by"),
}


class Refusals:
    """The counts of this process that are not written yet."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[date, int, str]] = Counter()
        self._unknown: tuple[date, set[int]] = (date.min, set())
        self._written_at: datetime | None = None

    def count(self, reason: str, *, site_id: int = 0, now: datetime) -> None:
        with self._lock:
            if reason == UNKNOWN:
                site_id = self._known_number(site_id, now.date())
            self._counts[now.date(), site_id, reason] += 1

    def _known_number(self, site_id: int, day: date) -> int:
        """Return the number of an unknown site, or 0 when a day has seen too many of them."""
        if self._unknown[0] != day:
            self._unknown = day, set()
        seen = self._unknown[1]
        if site_id not in seen and len(seen) >= MOST_UNKNOWN:
            return 0
        seen.add(site_id)
        return site_id

    def write_if_due(self, now: datetime) -> None:
        """Write the counts, at most once a minute; if that fails, keep them."""
        with self._lock:
            is_due = self._written_at is None or now - self._written_at >= INTERVAL
            if not is_due or not self._counts:
                return
            counts, self._counts = self._counts, Counter()
            self._written_at = now
        try:
            write(counts)
        except Exception:
            with self._lock:
                self._counts.update(counts)
            raise


def write(counts: Counter[tuple[date, int, str]]) -> None:
    """Add these counts to the table."""
    add(list(_rows(counts)), unique=["day", "site_id", "reason"], sums=["n"])


def _rows(counts: Counter[tuple[date, int, str]]) -> Iterable[Refusal]:
    return (
        Refusal(day=day, site_id=site_id, reason=reason, n=n)
        for (day, site_id, reason), n in counts.items()
    )
