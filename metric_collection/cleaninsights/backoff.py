"""Truncated exponential backoff: how long to wait before the next attempt after a failure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .clock import EPOCH

_ENOUGH_DOUBLINGS: Final = 63  # beyond any cap, before a float overflows


def retry_delay(
    failures: int, *, timeout: float, max_retry_delay: float, jitter: float = 0.0
) -> float:
    """Return min(timeout * 2^failures, max_retry_delay) seconds, or 0 if nothing failed.

    `jitter`, a random number in [0, 1), takes off up to a third, so that the clients of a server
    that was down do not all come back at once and none waits longer than `max_retry_delay`.
    """
    if failures < 1:
        return 0.0
    delay = min(timeout * 2.0 ** min(failures, _ENOUGH_DOUBLINGS), max_retry_delay)
    return delay * (1 - jitter / 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Consecutive failures, the time of the last one, and the server's Retry-After in seconds."""

    failures: int = 0
    failed_at: datetime = EPOCH
    asked: float = 0.0

    def after_failure(self, now: datetime, *, asked: float | None = None) -> Backoff:
        """Return the backoff after one more failure; `asked` is the answer's Retry-After."""
        return Backoff(failures=self.failures + 1, failed_at=now, asked=asked or 0.0)

    def holds(self, now: datetime, *, timeout: float, max_retry_delay: float) -> bool:
        """Whether it is too early to retry; a clock that was set back delays nothing."""
        delay = retry_delay(self.failures, timeout=timeout, max_retry_delay=max_retry_delay)
        wait = max(delay, min(self.asked, max_retry_delay))
        return self.failed_at <= now < self.failed_at + timedelta(seconds=wait)
