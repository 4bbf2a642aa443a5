from __future__ import annotations

import pytest

from metric_collection.cleaninsights.testing import FrozenClock
from metric_collection.collector.door import inbox
from metric_collection.collector.models import Arrival, Site, digest

from .reports import NOON


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def site(db) -> Site:
    return Site.objects.create(id=5, name="Acme", slug="acme")


@pytest.fixture
def put(site):
    """Put a body into the inbox as the door does."""

    def put(body, *, key=None, at=NOON, source=Arrival.Source.DOOR, site_id=5):
        key = digest(site_id, key) if key else None
        inbox.put(site_id=site_id, key=key, body=body, source=source, now=at)

    return put
