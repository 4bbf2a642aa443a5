"""Truncated exponential backoff: how long to leave a server alone after it failed."""

from __future__ import annotations

from typing import Final

_ENOUGH_DOUBLINGS: Final = 63  # beyond any cap, before a float overflows


def retry_delay(
    failures: int, *, timeout: float, max_retry_delay: float, jitter: float = 0.0
) -> float:
    """Return min(timeout * 2^failures, max_retry_delay) seconds, or 0 if nothing failed.

    `jitter`, a random number in [0, 1), takes up to half of it away, so that the clients of a
    server that was down do not all come back at once.
    """
    if failures < 1:
        return 0.0
    delay = min(timeout * 2.0 ** min(failures, _ENOUGH_DOUBLINGS), max_retry_delay)
    return delay * (1 - jitter / 2)
