"""Sending: seal finished periods into a batch, post it, record the outcome."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from .answer import Answer
from .backoff import Backoff
from .clock import EPOCH, Clock, days
from .config import Configuration
from .datapoints import DataPoint, Event, Visit
from .exceptions import TransportError
from .forks import Forkable
from .payload import encode
from .stores import Batch, Pack, Store
from .transport import Transport

logger = logging.getLogger(__name__)

HEADERS: Final = {"Content-Type": "application/json"}
NOT_UNDERSTOOD: Final = 400


class Sender(Forkable):
    """Posts batches from a store, one thread of one process at a time.

    A sealed batch keeps its bytes and its key until it is delivered. Only if it holds something that may no
    longer be sent, it is sealed again without that.
    """

    def __init__(
        self, configuration: Configuration, store: Store, transport: Transport, clock: Clock
    ) -> None:
        super().__init__()
        self._configuration = configuration
        self._store = store
        self._transport = transport
        self._clock = clock

    def send(self, features: Mapping[str, str]) -> None:
        """Post everything that is due, unless a failure was too recent or another process is sending."""
        lock = self._of_this_process()
        if lock.acquire(blocking=False):  # else another thread is sending the same batches
            try:
                with self._store.sending() as is_ours:
                    if is_ours:
                        self._send(features)
            finally:
                lock.release()

    def _send(self, features: Mapping[str, str]) -> None:
        now = self._clock()
        timeout, longest = self._configuration.timeout, self._configuration.max_retry_delay
        if self._store.backoff().holds(now, timeout=timeout, max_retry_delay=longest):
            logger.debug("Not sending yet: backing off after a failure.")
            return

        def pack(points: Iterable[DataPoint]) -> bytes:
            points = tuple(points)
            return encode(
                self._configuration.site_id,
                events=[point for point in points if isinstance(point, Event)],
                visits=[point for point in points if isinstance(point, Visit)],
                lang=features.get("lang"),
                ua=features.get("ua"),
            )

        while (batch := self._next(now, pack)) and self._deliver(batch):
            logger.debug("Sent %d aggregates.", len(batch.points))

    def _next(self, now: datetime, pack: Pack) -> Batch | None:
        """Return the batch to post; expired points are deleted first.

        A sealed one is posted as it is only if age, campaigns and features still allow all of it.
        """
        # Not before the epoch: a large age would leave the range of datetime.
        oldest = now - min(days(self._configuration.max_age_of_old_data), now - EPOCH)
        self._store.purge(oldest)
        batch = self._store.seal(now, self._configuration.campaigns, pack)
        if batch is None:
            return None
        is_current = all(
            point.period_end >= oldest and point.campaign_id in self._configuration.campaigns
            for point in batch.points
        )
        if is_current and pack(batch.points) == batch.body:
            return batch
        self._store.release(batch)
        self._store.purge(oldest)
        return self._store.seal(now, self._configuration.campaigns, pack)

    def _deliver(self, batch: Batch) -> bool:
        try:
            answer = self._post(batch.body, {**HEADERS, "Idempotency-Key": batch.key})
        except TransportError as error:
            self._retry_later(str(error))
            return False
        if not answer.accepted:
            self._retry_later(f"the server answered {answer.status}", answer.retry_after)
            return False
        self._store.settle(batch)
        if self._store.backoff().failures:
            self._store.put_backoff(Backoff())
            logger.info("The server accepts measurements again.")
        return True

    def _post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        patience = (self._configuration.timeout, self._configuration.timeout)
        return self._transport.post(
            self._configuration.server, body, headers=headers, timeout=patience
        )

    def _retry_later(self, why: str, asked: float | None = None) -> None:
        backoff = self._store.backoff().after_failure(self._clock(), asked=asked)
        self._store.put_backoff(backoff)
        level = logging.WARNING if backoff.failures == 1 else logging.DEBUG
        logger.log(level, "Sending measurements failed, will retry: %s.", why)

    def test(self) -> bool:
        """Post an empty body, which a Clean Insights endpoint refuses with 400."""
        try:
            status = self._post(b"", HEADERS).status
        except TransportError as error:
            logger.warning("The server cannot be reached: %s.", error)
            return False
        if status != NOT_UNDERSTOOD:
            logger.warning("The server answered %d to an empty body instead of 400.", status)
        return status == NOT_UNDERSTOOD
