"""The client: measures what consent allows, and sends aggregates of periods that are over."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from .campaigns import Campaign, Period, exact
from .clock import Clock, utc_now
from .config import Configuration
from .consents import (
    Consent,
    ConsentState,
    Feature,
    campaign_granted,
    denied,
    feature_granted,
    state_of,
)
from .datapoints import DataPoint, Event, Visit
from .environment import accept_language, user_agent
from .exceptions import CleanInsightsError, MeasurementError, StoreError
from .sending import Sender
from .stores import MemoryStore, Store
from .transport import RequestsTransport, Transport

logger = logging.getLogger(__name__)


class CleanInsights:
    """Measures campaigns; aggregates wait in the store and leave once their period is over.

    Only `persist_and_send` and `test_server` reach the network.
    """

    def __init__(
        self,
        configuration: Configuration | Mapping[str, Any],
        store: Store | None = None,
        transport: Transport | None = None,
        clock: Clock = utc_now,
        *,
        lang: str | None = None,
        ua: str | None = None,
    ) -> None:
        """`lang` and `ua` are what those features tell; by default, of the process itself."""
        if not isinstance(configuration, Configuration):
            configuration = Configuration.from_dict(configuration)
        self.configuration = configuration
        self._store = MemoryStore() if store is None else store
        self._clock = clock
        transport = RequestsTransport(clock=clock) if transport is None else transport
        self._sender = Sender(configuration, self._store, transport, clock)
        self._features = {
            Feature.LANG: lang or accept_language(os.environ),
            Feature.UA: ua or user_agent(),
        }
        self._level = logging.INFO if configuration.debug else logging.DEBUG
        self._unwritten = 0

    def measure_event(
        self,
        category: str,
        action: str,
        campaign_id: str,
        name: str | None = None,
        value: float | None = None,
    ) -> None:
        """Count an event if its campaign is running and consented to; if not, say so in the log."""
        try:
            campaign, period = self._open(campaign_id)
            event = Event(
                category=_text(category),
                action=_text(action),
                name=name if name is None else _text(name, may_be_empty=True),
                value=value if value is None else _number(value),
                campaign_id=campaign_id,
                period_start=period.start,
                period_end=period.end,
            )
            self._count(campaign, event)
        except CleanInsightsError as error:
            logger.log(
                self._level, "An event of campaign %r is not counted: %s.", campaign_id, error
            )

    def measure_visit(self, path: Iterable[str], campaign_id: str) -> None:
        """Count a visit of the place at `path`, outermost part first; see `measure_event`."""
        try:
            campaign, period = self._open(campaign_id)
            visit = Visit(
                path=_path(path),
                campaign_id=campaign_id,
                period_start=period.start,
                period_end=period.end,
            )
            self._count(campaign, visit)
        except CleanInsightsError as error:
            logger.log(
                self._level, "A visit of campaign %r is not counted: %s.", campaign_id, error
            )

    def _open(self, campaign_id: str) -> tuple[Campaign, Period]:
        """Return what a measurement belongs to: only the period's ends are kept, not the moment."""
        now = self._clock()
        campaign = self.configuration.campaigns.get(campaign_id)
        if campaign is None:
            raise MeasurementError("there is no such campaign")
        state = self._state_of_campaign(campaign_id, now)
        if state is not ConsentState.GRANTED:
            raise MeasurementError(f"consent is {state.value}")
        period = campaign.current_period(now)
        if period is None:
            raise MeasurementError("the campaign is not running")
        return campaign, period

    def _count(self, campaign: Campaign, point: DataPoint) -> None:
        self._store.merge(campaign, point)
        self._unwritten += 1
        if self._unwritten >= self.configuration.persist_every_n_times:
            self._persist_later_if_need_be()

    def _persist_later_if_need_be(self) -> None:
        try:
            self.persist()
        except StoreError as error:
            logger.log(self._level, "Measurements stay in memory for now: %s.", error)

    def persist(self) -> None:
        """Make all measurements durable, as far as the store can."""
        self._store.persist()
        self._unwritten = 0

    def persist_and_send(self) -> None:
        """Persist, and post what is due; a failure is logged and repeated by a later call."""
        self.persist()
        self._sender.send(self._consented_features())

    def test_server(self) -> bool:
        """Whether the server is reached and is a Clean Insights endpoint; the log tells what is wrong."""
        return self._sender.test()

    def grant_campaign(self, campaign_id: str) -> Consent | None:
        """Open a new window of consent; None if there is no such campaign."""
        campaign = self.configuration.campaigns.get(campaign_id)
        if campaign is None:
            return None
        return self._decide(_campaign(campaign_id), campaign_granted(campaign, self._clock()))

    def deny_campaign(self, campaign_id: str) -> Consent | None:
        """Say no from now on; None if there is no such campaign."""
        if campaign_id not in self.configuration.campaigns:
            return None
        subject = _campaign(campaign_id)
        return self._decide(subject, denied(self._store.consent(subject), self._clock()))

    def state_of_campaign(self, campaign_id: str) -> ConsentState:
        """Return where consent to a campaign stands now."""
        return self._state_of_campaign(campaign_id, self._clock())

    def _state_of_campaign(self, campaign_id: str, now: datetime) -> ConsentState:
        if self.configuration.server_side_anonymous_usage:
            return ConsentState.GRANTED
        campaign = self.configuration.campaigns.get(campaign_id)
        if campaign is None or now >= campaign.end:
            return ConsentState.UNCONFIGURED
        return state_of(self._store.consent(_campaign(campaign_id)), now)

    def grant_feature(self, feature: Feature | str) -> Consent:
        """Let a feature be sent from now on."""
        subject = _feature(feature)
        return self._decide(subject, feature_granted(self._store.consent(subject), self._clock()))

    def deny_feature(self, feature: Feature | str) -> Consent:
        """Let a feature no longer be sent."""
        subject = _feature(feature)
        return self._decide(subject, denied(self._store.consent(subject), self._clock()))

    def state_of_feature(self, feature: Feature | str) -> ConsentState:
        """Return where consent to a feature stands."""
        subject = _feature(feature)
        if self.configuration.server_side_anonymous_usage:
            return ConsentState.DENIED
        return state_of(self._store.consent(subject), self._clock())

    def _decide(self, subject: str, consent: Consent) -> Consent:
        self._store.put_consent(subject, consent)
        return consent

    def _consented_features(self) -> dict[str, str]:
        return {
            feature.value: text
            for feature, text in self._features.items()
            if text and self.state_of_feature(feature) is ConsentState.GRANTED
        }


def _campaign(campaign_id: str) -> str:
    return f"campaign/{campaign_id}"


def _feature(feature: Feature | str) -> str:
    return f"feature/{Feature(feature).value}"


def _text(value: object, *, may_be_empty: bool = False) -> str:
    if isinstance(value, str) and (value or may_be_empty):
        return value
    raise MeasurementError(f"{value!r} is no text, or an empty one")


def _path(path: Iterable[str]) -> tuple[str, ...]:
    """Return the parts of a path, of which one may be empty, but not all there is."""
    parts = (path,) if isinstance(path, str) else tuple(path)
    _text("/".join(_text(part, may_be_empty=True) for part in parts))
    return parts


def _number(value: float) -> float:
    """Return what JSON can hold of a number: bool, int, float or what converts to one."""
    try:
        number = int(value) if isinstance(value, int) else float(value)
        if math.isfinite(number):
            return exact(number)
    except (TypeError, ValueError, OverflowError):
        pass
    raise MeasurementError(f"{value!r} is no finite number")
