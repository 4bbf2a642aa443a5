"""Stores keep measurements and consents until they are sent: the interface, and a store in memory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeAlias

from .backoff import Backoff
from .campaigns import Campaign
from .consents import Consent
from .datapoints import DataPoint
from .forks import Forkable

Pack: TypeAlias = Callable[[Iterable[DataPoint]], bytes]

MOST_SEALED: Final = 500  # points in one batch
LARGEST_BODY: Final = 200_000  # bytes; a collector may refuse larger bodies


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Points that are sent together, as the same bytes with the same key in every attempt.

    The key (Idempotency-Key) is random, so that it says nothing about who made it.
    """

    key: str
    body: bytes
    points: tuple[DataPoint, ...]


class Store(Protocol):
    """Keeps points, consents, the batch being sent and the backoff; raises StoreError.

    A point is identified by campaign, period, kind and identity. A `subject` is a campaign or a feature
    ("campaign/ID", "feature/NAME"). Everything but `merge` is durable on return, and each call is one
    transaction.
    """

    def merge(self, campaign: Campaign, point: DataPoint) -> None:
        """Add a point to the row with its identity by the campaign's rule. Never waits."""

    def persist(self, *, wait: bool = True) -> None:
        """Make merged points durable; without `wait`, fail at once if another process is writing."""

    def consent(self, subject: str) -> Consent | None:
        """Return the consent to a subject, None if nobody has decided."""

    def put_consent(self, subject: str, consent: Consent) -> None:
        """Store the consent to a subject."""

    def sending(self) -> AbstractContextManager[bool]:
        """Whether this process alone may send from the store until the block ends."""

    def backoff(self) -> Backoff:
        """Return the backoff."""

    def put_backoff(self, backoff: Backoff) -> None:
        """Store the backoff."""

    def seal(self, now: datetime, campaigns: Collection[str], pack: Pack) -> Batch | None:
        """Return the batch that is not settled yet, else a new one, None if there is nothing to send.

        A new one takes points of these campaigns whose period ended before `now`, as many as `fitting` says.
        """

    def settle(self, batch: Batch) -> None:
        """Delete a delivered batch and its points."""

    def release(self, batch: Batch) -> None:
        """Undo a batch: its points are sealed again."""

    def purge(self, before: datetime) -> None:
        """Delete points whose period ended before then, except those of a batch."""


def fitting(points: Sequence[DataPoint], pack: Pack) -> tuple[tuple[DataPoint, ...], bytes]:
    """Return as many of the first points as fit into LARGEST_BODY, at least one, and their body."""
    chosen = tuple(points)
    body = pack(chosen)
    # Halved, not shortened point by point: each attempt packs them all again.
    while len(body) > LARGEST_BODY and len(chosen) > 1:
        chosen = chosen[: len(chosen) // 2]
        body = pack(chosen)
    return chosen, body


class MemoryStore(Forkable):
    """A store that lives as long as its process; safe for threads.

    A forked child starts without points: inherited ones are its parent's to send.
    """

    def __init__(self) -> None:
        super().__init__()
        self._consents: dict[str, Consent] = {}
        self._backoff = Backoff()

    def _begin(self) -> None:
        self._points: dict[Hashable, DataPoint] = {}
        self._batch: Batch | None = None

    def merge(self, campaign: Campaign, point: DataPoint) -> None:
        """Add a point to its row."""
        row = (type(point), point.campaign_id, point.period_start, point.period_end, point.identity)
        with self._of_this_process():
            known = self._points.get(row)
            self._points[row] = point if known is None else campaign.merged(known, point)

    def persist(self, *, wait: bool = True) -> None:
        """Do nothing: memory is all there is."""

    def consent(self, subject: str) -> Consent | None:
        """Return the consent to a subject."""
        return self._consents.get(subject)

    def put_consent(self, subject: str, consent: Consent) -> None:
        """Store the consent to a subject."""
        self._consents[subject] = consent

    def sending(self) -> AbstractContextManager[bool]:
        """Always true: no other process shares this memory, and a sender takes care of its threads."""
        return nullcontext(enter_result=True)

    def backoff(self) -> Backoff:
        """Return the backoff."""
        return self._backoff

    def put_backoff(self, backoff: Backoff) -> None:
        """Store the backoff."""
        self._backoff = backoff

    def seal(self, now: datetime, campaigns: Collection[str], pack: Pack) -> Batch | None:
        """Return the batch that is not settled yet, else a new one of finished periods."""
        with self._of_this_process():
            over = [(row, point) for row, point in self._points.items() if point.period_end < now]
            due = [(row, point) for row, point in over if point.campaign_id in campaigns]
            if self._batch is None and due:
                points, body = fitting([point for _, point in due[:MOST_SEALED]], pack)
                for row, _ in due[: len(points)]:
                    del self._points[row]
                self._batch = Batch(key=str(uuid.uuid4()), body=body, points=points)
            return self._batch

    def settle(self, batch: Batch) -> None:
        """Delete a delivered batch."""
        with self._of_this_process():
            if self._batch is not None and self._batch.key == batch.key:
                self._batch = None

    def release(self, batch: Batch) -> None:
        """Take the points of a batch back, each as a row of its own to which nothing is added."""
        with self._of_this_process():
            if self._batch is not None and self._batch.key == batch.key:
                self._batch = None
                self._points.update((object(), point) for point in batch.points)

    def purge(self, before: datetime) -> None:
        """Delete points whose period ended before then."""
        with self._of_this_process():
            self._points = {
                row: point for row, point in self._points.items() if point.period_end >= before
            }
