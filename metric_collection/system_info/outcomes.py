"""What came of a report: kept in English, as logs have it, and told in the reader's language."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from django.utils.translation import gettext, gettext_noop

FORMS: Final = (
    gettext_noop("accepted"),
    gettext_noop("not accepted"),
    gettext_noop("exported"),
    gettext_noop("not delivered in time"),
    gettext_noop("the collector answered %(status)s"),
    gettext_noop("the collector refused it with %(status)s"),
    gettext_noop("no connection to %(place)s"),
    gettext_noop("no answer in time from %(place)s"),
    gettext_noop("the proxy does not lead to %(place)s"),
    gettext_noop("TLS failed with %(place)s"),
    gettext_noop("no CA bundle to trust %(place)s"),
    gettext_noop("no valid request for %(place)s"),
)


def told(outcome: str) -> str:
    """Return an outcome in the language of the moment; what the system itself has said stays."""
    for form in FORMS:
        if found := pattern(form).fullmatch(outcome):
            return gettext(form) % found.groupdict()
    return outcome


@cache
def pattern(form: str) -> re.Pattern[str]:
    """Return what finds a form's placeholders in an outcome."""
    return re.compile(re.sub(r"%\((\w+)\)s", r"(?P<\1>.+)", form), re.DOTALL)
