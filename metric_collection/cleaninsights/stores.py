"""Where measurements and consents are kept until they are sent: the seam, and a store in memory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Hashable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from .backoff import Backoff
from .campaigns import Campaign
from .consents import Consent
from .datapoints import DataPoint
from .forks import Forkable

Pack: TypeAlias = Callable[[Iterable[DataPoint]], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Points that are sent together: the same bytes under the same key until they are settled."""

    key: str
    body: bytes
    points: tuple[DataPoint, ...]


class Store(Protocol):
    """Keeps points, consents, the batch on its way and the backoff; raises StoreError.

    A point is identified by campaign, period, kind and identity. `subject` names what consent is
    about. Everything but `merge` is durable on return, and each call is one transaction.
    """

    def merge(self, campaign: Campaign, point: DataPoint) -> None:
        """Count a point into the row with its identity, as the campaign aggregates."""

    def persist(self) -> None:
        """Make durable what has been merged."""

    def consent(self, subject: str) -> Consent | None:
        """Return what was said about a subject, None if nothing was."""

    def put_consent(self, subject: str, consent: Consent) -> None:
        """Keep what was said about a subject."""

    def sending(self) -> AbstractContextManager[bool]:
        """Whether nobody else sends from this store; if so, nobody does until the block ends."""

    def backoff(self) -> Backoff:
        """Return the state of sending."""

    def put_backoff(self, backoff: Backoff) -> None:
        """Keep the state of sending."""

    def seal(self, now: datetime, campaigns: Collection[str], pack: Pack) -> Batch | None:
        """Return the batch that is not settled yet, else a new one, None if there is nothing.

        A new one takes the points of these campaigns whose period ended before `now`.
        """

    def settle(self, batch: Batch) -> None:
        """Forget a batch: its points have arrived."""

    def release(self, batch: Batch) -> None:
        """Undo a batch: its points are to be sealed anew."""

    def purge(self, before: datetime) -> None:
        """Forget the points whose period ended before then, except those of a batch."""


def new_key() -> str:
    """Return an Idempotency-Key: random, so that it says nothing about who made it."""
    return str(uuid.uuid4())


class MemoryStore(Forkable):
    """A store that lives as long as its process; safe for threads.

    A forked child begins without points: those it has inherited are its parent's to send.
    """

    def __init__(self) -> None:
        super().__init__()
        self._consents: dict[str, Consent] = {}
        self._backoff = Backoff()

    def _begin(self) -> None:
        self._points: dict[Hashable, DataPoint] = {}
        self._batch: Batch | None = None

    def merge(self, campaign: Campaign, point: DataPoint) -> None:
        """Count a point in: one look-up, however many there are."""
        row = (type(point), point.campaign_id, point.period_start, point.period_end, point.identity)
        with self._of_this_process():
            known = self._points.get(row)
            self._points[row] = point if known is None else campaign.merged(known, point)

    def persist(self) -> None:
        """Do nothing: memory is all there is."""

    def consent(self, subject: str) -> Consent | None:
        """Return what was said about a subject."""
        return self._consents.get(subject)

    def put_consent(self, subject: str, consent: Consent) -> None:
        """Keep what was said about a subject."""
        self._consents[subject] = consent

    def sending(self) -> AbstractContextManager[bool]:
        """Keep nobody out: no other process has this memory, and a sender sees to its threads."""
        return nullcontext(enter_result=True)

    def backoff(self) -> Backoff:
        """Return the state of sending."""
        return self._backoff

    def put_backoff(self, backoff: Backoff) -> None:
        """Keep the state of sending."""
        self._backoff = backoff

    def seal(self, now: datetime, campaigns: Collection[str], pack: Pack) -> Batch | None:
        """Return the batch that is not settled yet, else one of all points that are due."""
        with self._of_this_process():
            if self._batch is None:
                self._batch = self._sealed(now, campaigns, pack)
            return self._batch

    def _sealed(self, now: datetime, campaigns: Collection[str], pack: Pack) -> Batch | None:
        over = {row: point for row, point in self._points.items() if point.period_end < now}
        due = {row: point for row, point in over.items() if point.campaign_id in campaigns}
        if not due:
            return None
        points = tuple(due.values())
        batch = Batch(key=new_key(), body=pack(points), points=points)
        for row in due:
            del self._points[row]
        return batch

    def settle(self, batch: Batch) -> None:
        """Forget a batch."""
        with self._of_this_process():
            if self._batch is not None and self._batch.key == batch.key:
                self._batch = None

    def release(self, batch: Batch) -> None:
        """Take the points of a batch back, each as a row of its own: nothing can be added to it."""
        with self._of_this_process():
            if self._batch is not None and self._batch.key == batch.key:
                self._batch = None
                self._points.update((object(), point) for point in batch.points)

    def purge(self, before: datetime) -> None:
        """Forget the points whose period ended before then."""
        with self._of_this_process():
            self._points = {
                row: point for row, point in self._points.items() if point.period_end >= before
            }
