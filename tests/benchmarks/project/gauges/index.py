"""The queries of the admin index, one visit after the other."""

# ruff: noqa: PLC0415  only our side can be answered

from django.urls import reverse

from .pages import Browser
from .queries import counted


def measure(*, visits: int, answered: bool = False) -> dict[str, list[int]]:
    """Count them, after the notice was answered if asked to."""
    browser = Browser()
    if answered:
        from metric_collection.cleaninsights.clock import utc_now
        from metric_collection.consent.choice import choose
        from metric_collection.models import Consent

        choose(Consent.Choice.GRANTED, now=utc_now())
    url = reverse("admin:index")
    return {"queries": [counted(lambda: browser.get(url)) for _ in range(visits)]}
