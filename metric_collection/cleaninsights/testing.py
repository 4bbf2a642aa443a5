"""Fakes for tests: a clock that stands still and a transport without a network."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from . import payload
from .clock import EPOCH
from .exceptions import ConnectionFailed, PayloadError
from .transport import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

Moment: TypeAlias = datetime | str | float

_START: Final = datetime(2026, 1, 1, tzinfo=timezone.utc)


class FrozenClock:
    """A clock that returns `start` until it is set or advanced."""

    def __init__(self, start: Moment = _START) -> None:
        self._now = _moment(start)

    def __call__(self) -> datetime:
        return self._now

    def set(self, moment: Moment) -> None:
        """Set the time: a datetime, an ISO 8601 string (both UTC by default) or epoch seconds."""
        self._now = _moment(moment)

    def advance(self, by: timedelta | float = 0, **units: float) -> None:
        """Advance by a timedelta, by seconds, or by units of timedelta: advance(days=1)."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        self._now += step + timedelta(**units)


def _moment(moment: Moment) -> datetime:
    if isinstance(moment, int | float):
        return EPOCH + timedelta(seconds=moment)
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))  # Python 3.10 knows no Z
    if moment.tzinfo is None:
        return moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A recorded request."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    timeout: tuple[float, float]


@dataclass(slots=True)
class RecordingTransport:
    """An in-memory server that answers like CIMP: 204, or 400 to an invalid body.

    `sent` holds the decoded bodies that were accepted, `requests` every request, failed ones too.
    """

    sent: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    _outcomes: deque[Answer | None] = field(default_factory=deque, repr=False)

    def fail(self, times: int = 1) -> None:
        """Make the next `times` requests raise ConnectionFailed."""
        self._outcomes.extend([None] * times)

    def answer(self, status: int, *, retry_after: float | None = None, times: int = 1) -> None:
        """Answer the next `times` requests like this."""
        self._outcomes.extend([Answer(status=status, retry_after=retry_after)] * times)

    def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], timeout: tuple[float, float]
    ) -> Answer:
        """Record the request and answer it."""
        self.requests.append(Request(url=url, body=body, headers=dict(headers), timeout=timeout))
        outcome: Answer | None = Answer(status=204)
        if self._outcomes:
            outcome = self._outcomes.popleft()
        else:
            try:
                payload.decode(body)
            except PayloadError as error:
                outcome = Answer(status=400, text=str(error))
        if outcome is None:
            raise ConnectionFailed("no connection: set by RecordingTransport.fail()")
        if outcome.accepted and body:
            self.sent.append(payload.decode(body))
        return outcome
