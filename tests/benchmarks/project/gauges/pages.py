"""Pages of the admin as a superuser gets them, asked for by Django's test client."""

# ruff: noqa: PLC0415  what needs Django to be set up, or is on one side only, is imported late

import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse

from .queries import counted
from .stopwatch import timed

SYSTEM_INFO = {"ours": "admin:usage_metrics_system_info", "peer": "admin:ow-info"}


class Browser:
    """A superuser with a session, in a process that has answered no request yet."""

    def __init__(self) -> None:
        django.setup()
        from django.contrib.auth import get_user_model
        from django.test import Client

        self.client = Client()
        self.client.force_login(get_user_model().objects.get(username="root"))

    def get(self, url: str) -> HttpResponse:
        """Ask for a page that has to be there."""
        return answered(self.client.get(url), 200)

    def post(self, url: str, form: dict[str, str]) -> HttpResponse:
        """Send a form to a page that takes it."""
        return answered(self.client.post(url, form), 200, 302)


def answered(response: HttpResponse, *expected: int) -> HttpResponse:
    """Refuse any answer but those expected."""
    if response.status_code not in expected:
        raise RuntimeError(f"answered {response.status_code}: {response.content[:500]!r}")
    return response


def system_info() -> str:
    """The path of the side's page."""
    return reverse(SYSTEM_INFO[settings.HOST["side"]])


def measure(*, times: int, days: int = 0, kinds: int = 0) -> dict[str, object]:
    """The System Info page: once to load what is needed, once to count queries, then for the clock."""
    browser = Browser()
    if days:
        fill(days, kinds)
    url = system_info()
    size = len(browser.get(url).content)
    queries = counted(lambda: browser.get(url))
    gets = [timed(lambda: browser.get(url)) for _ in range(times)]
    return {"bytes": size, "queries": queries, "gets": gets}


def fill(days: int, kinds: int) -> None:
    """Let a report be sent on so many days, and each campaign count so many kinds of events."""
    from metric_collection.campaigns import campaigns
    from metric_collection.cleaninsights.clock import utc_now
    from metric_collection.cleaninsights.datapoints import Event
    from metric_collection.models import Report
    from metric_collection.models import measurement as measurements
    from metric_collection.models.transactions import held

    now = utc_now()
    body = Report.objects.get().body
    done = {"state": Report.State.DELIVERED, "status": 204, "outcome": "accepted"}
    Report.objects.bulk_create(
        Report(category="Heartbeat", body=body, sealed_at=now, settled_at=now, **done)
        for _ in range(days)
    )
    for name, declared in campaigns().items():
        period = declared.campaign.current_period(now)
        place = {"campaign_id": name, "period_start": period.start, "period_end": period.end}
        events = [
            Event(category="Feature", action=f"Step {kind}", **place) for kind in range(kinds)
        ]
        with held():
            measurements.count((declared.campaign, event) for event in events)
