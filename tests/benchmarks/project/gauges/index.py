"""The queries of the admin index, one visit after the other."""

from django.urls import reverse

from .pages import Browser
from .queries import counted


def measure(*, visits: int) -> dict[str, list[int]]:
    browser = Browser()
    url = reverse("admin:index")
    return {"queries": [counted(lambda: browser.get(url)) for _ in range(visits)]}
