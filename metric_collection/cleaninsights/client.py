"""The client: measures with consent and sends aggregates of finished periods."""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

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
from .exceptions import CleanInsightsError, MeasurementError, StoreError
from .sending import Sender
from .stores import MemoryStore, Store
from .transport import RequestsTransport, Transport

logger = logging.getLogger(__name__)

_VARIABLES: Final = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # in gettext's order
_NO_LANGUAGE: Final = {"", "C", "POSIX"}
_MOST_LANGUAGES: Final = 6


class CleanInsights:
    """Measures campaigns into a store and sends aggregates once their period is over.

    Only `persist_and_send` and `test_server` access the network; `measure_event` and `measure_visit` never
    block and never raise. As a context manager it persists on exit.
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
        """`lang` and `ua` are the values of these features; they default to those of the process."""
        if not isinstance(configuration, Configuration):
            configuration = Configuration.from_dict(configuration)
        self.configuration = configuration
        self._store = MemoryStore() if store is None else store
        self._clock = clock
        transport = RequestsTransport(clock=clock) if transport is None else transport
        self._sender = Sender(configuration, self._store, transport, clock)
        major, minor = sys.version_info[:2]
        self._features = {
            Feature.LANG: lang or accept_language(os.environ),
            Feature.UA: ua or f"Python/{major}.{minor} ({sys.platform})",
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
        """Count an event if its campaign is running and consented to; log the reason if not."""
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
        """Count a visit to `path`, outermost part first; see `measure_event`."""
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
        """Return the campaign and its current period: the moment of a measurement is not kept."""
        now = self._clock()
        campaign = self.configuration.campaigns.get(campaign_id)
        if campaign is None:
            raise MeasurementError("the campaign is not configured")
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
            self._unwritten = (
                0  # after a failure, too: the next attempt is as many measurements away
            )
            try:
                self._store.persist(wait=False)
            except StoreError as error:
                logger.log(self._level, "Measurements stay in memory for now: %s.", error)

    def persist(self) -> None:
        """Make all measurements durable; raises StoreError. May wait for other processes, up to 30 s."""
        self._store.persist()
        self._unwritten = 0

    def persist_and_send(self) -> None:
        """Persist and post everything that is due. Failures are logged; a later call tries again.

        Blocks for up to the configured timeout per request, of which one carries up to 500 aggregates.
        """
        try:
            self.persist()
            features = {
                feature.value: text
                for feature, text in self._features.items()
                if text and self.state_of_feature(feature) is ConsentState.GRANTED
            }
            self._sender.send(features)
        except StoreError as error:
            logger.warning("Measurements are not sent: %s.", error)

    def test_server(self) -> bool:
        """Whether the server can be reached and is a Clean Insights endpoint; the log has the reason if not."""
        return self._sender.test()

    def close(self) -> None:
        """Make all measurements durable; raises StoreError. The client can be used further."""
        self.persist()

    def __enter__(self) -> CleanInsights:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def grant_campaign(self, campaign_id: str) -> Consent | None:
        """Open a new window of consent; None if the campaign is not configured."""
        campaign = self.configuration.campaigns.get(campaign_id)
        if campaign is None:
            return None
        return self._decide(_campaign(campaign_id), campaign_granted(campaign, self._clock()))

    def deny_campaign(self, campaign_id: str) -> Consent | None:
        """Withdraw consent from now on; None if the campaign is not configured."""
        if campaign_id not in self.configuration.campaigns:
            return None
        subject = _campaign(campaign_id)
        return self._decide(subject, denied(self._store.consent(subject), self._clock()))

    def state_of_campaign(self, campaign_id: str) -> ConsentState:
        """Return the state of consent to a campaign."""
        return self._state_of_campaign(campaign_id, self._clock())

    def _state_of_campaign(self, campaign_id: str, now: datetime) -> ConsentState:
        if self.configuration.server_side_anonymous_usage:
            return ConsentState.GRANTED
        campaign = self.configuration.campaigns.get(campaign_id)
        if campaign is None or now >= campaign.end:
            return ConsentState.UNCONFIGURED
        return state_of(self._store.consent(_campaign(campaign_id)), now)

    def grant_feature(self, feature: Feature | str) -> Consent:
        """Allow a feature to be sent from now on."""
        subject = _feature(feature)
        return self._decide(subject, feature_granted(self._store.consent(subject), self._clock()))

    def deny_feature(self, feature: Feature | str) -> Consent:
        """Stop sending a feature."""
        subject = _feature(feature)
        return self._decide(subject, denied(self._store.consent(subject), self._clock()))

    def state_of_feature(self, feature: Feature | str) -> ConsentState:
        """Return the state of consent to a feature."""
        subject = _feature(feature)
        if self.configuration.server_side_anonymous_usage:
            return ConsentState.DENIED
        return state_of(self._store.consent(subject), self._clock())

    def _decide(self, subject: str, consent: Consent) -> Consent:
        self._store.put_consent(subject, consent)
        return consent


def accept_language(environ: Mapping[str, str]) -> str | None:
    """Return the user's languages like an Accept-Language header: "de-AT;q=1,en;q=0.9"."""
    wanted = next(filter(None, (environ.get(name) for name in _VARIABLES)), "")
    names = [locale.partition(".")[0].partition("@")[0] for locale in wanted.split(":")]
    tags = [name.replace("_", "-") for name in names if name not in _NO_LANGUAGE]
    ranked = zip(tags[:_MOST_LANGUAGES], range(10, 0, -1), strict=False)
    return ",".join(f"{tag};q={tenths / 10:g}" for tag, tenths in ranked) or None


def _campaign(campaign_id: str) -> str:
    return f"campaign/{campaign_id}"


def _feature(feature: Feature | str) -> str:
    return f"feature/{Feature(feature).value}"


def _text(value: object, *, may_be_empty: bool = False) -> str:
    if isinstance(value, str) and (value or may_be_empty):
        return value
    raise MeasurementError(f"{value!r} is not a non-empty string")


def _path(path: Iterable[str]) -> tuple[str, ...]:
    """Return the parts of a path; single parts may be empty, the whole may not."""
    try:
        parts = (path,) if isinstance(path, str) else tuple(path)
    except TypeError:
        raise MeasurementError(f"{path!r} is not a path") from None
    _text("/".join(_text(part, may_be_empty=True) for part in parts))
    return parts


def _number(value: float) -> float:
    """Return a finite number that JSON can hold, or raise MeasurementError."""
    try:
        number = int(value) if isinstance(value, int) else float(value)
        if math.isfinite(number):
            return exact(number)
    except (TypeError, ValueError, OverflowError):
        pass
    raise MeasurementError(f"{value!r} is not a finite number")
