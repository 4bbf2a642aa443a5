"""The static files of the page and of the notice."""

from __future__ import annotations

from urllib.parse import urljoin

from django.conf import settings
from django.templatetags.static import static


def assets() -> dict[str, str]:
    """Return the URLs of the style sheet and the script, for a template."""
    return {
        "stylesheet": asset("usage_metrics/system_info.css"),
        "script": asset("usage_metrics/system_info.js"),
    }


def asset(name: str) -> str:
    """Return the URL of a static file.

    A storage with a manifest raises ValueError until ``collectstatic`` has been run after this app was added or
    updated. Then the file goes without its hash, since the admin index must work all the same.
    """
    try:
        return static(name)
    except ValueError:
        return urljoin(str(settings.STATIC_URL), name)
