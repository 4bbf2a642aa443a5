"""An operator switches off on the System Info page, and waits for the answer."""

from django.conf import settings

from .pages import Browser, system_info
from .stopwatch import timed_until

FORMS = {"ours": {"choice": "off"}, "peer": {"csrfmiddlewaretoken": "-"}}  # its box is left empty


def measure(*, cap: float) -> dict[str, float]:
    browser = Browser()
    url = system_info()
    browser.get(url)
    return timed_until(cap, lambda: browser.post(url, FORMS[settings.HOST["side"]]))
