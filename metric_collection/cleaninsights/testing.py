"""Fakes for tests: a clock that stands still and a transport that stays at home."""

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
    """A clock that tells `start` until it is set or advanced."""

    def __init__(self, start: Moment = _START) -> None:
        self._now = _moment(start)

    def __call__(self) -> datetime:
        return self._now

    def set(self, moment: Moment) -> None:
        """Go to a datetime, ISO 8601 text (both UTC unless they say otherwise) or epoch seconds."""
        self._now = _moment(moment)

    def advance(self, by: timedelta | float = 0, **units: float) -> None:
        """Go on by a timedelta, by seconds, or by units of timedelta: advance(days=1)."""
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
    """One post as the transport was given it."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    timeout: tuple[float, float]


@dataclass(slots=True)
class RecordingTransport:
    """A server in memory that answers as CIMP does: 204, or 400 to what it does not understand.

    `sent` holds the decoded bodies that it has accepted, `requests` every post, failed ones too.
    """

    sent: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    _outcomes: deque[Answer | None] = field(default_factory=deque, repr=False)

    def fail(self, times: int = 1) -> None:
        """Let the next `times` posts raise ConnectionFailed."""
        self._outcomes.extend([None] * times)

    def answer(self, status: int, *, retry_after: float | None = None, times: int = 1) -> None:
        """Let the next `times` posts get this answer."""
        self._outcomes.extend([Answer(status=status, retry_after=retry_after)] * times)

    def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], timeout: tuple[float, float]
    ) -> Answer:
        """Record the post and answer it."""
        self.requests.append(Request(url=url, body=body, headers=dict(headers), timeout=timeout))
        outcome = self._outcomes.popleft() if self._outcomes else self._judge(body)
        if outcome is None:
            raise ConnectionFailed("no connection: the test wants it so")
        if outcome.accepted and body:
            self.sent.append(payload.decode(body))
        return outcome

    @staticmethod
    def _judge(body: bytes) -> Answer:
        try:
            payload.decode(body)
        except PayloadError as error:
            return Answer(status=400, text=str(error))
        return Answer(status=204)
