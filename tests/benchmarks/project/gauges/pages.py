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


def measure(*, times: int) -> dict[str, object]:
    """The System Info page: once to load what is needed, once to count queries, then for the clock."""
    browser = Browser()
    url = system_info()
    browser.get(url)
    queries = counted(lambda: browser.get(url))
    return {"queries": queries, "gets": [timed(lambda: browser.get(url)) for _ in range(times)]}
