"""Default values of the features `lang` and `ua`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

_VARIABLES: Final = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # in gettext's order
_NO_LANGUAGE: Final = {"", "C", "POSIX"}
_MOST_LANGUAGES: Final = 6


def accept_language(environ: Mapping[str, str]) -> str | None:
    """Return the user's languages like an Accept-Language header: "de-AT;q=1,en;q=0.9"."""
    wanted = next(filter(None, (environ.get(name) for name in _VARIABLES)), "")
    names = [locale.partition(".")[0].partition("@")[0] for locale in wanted.split(":")]
    tags = [name.replace("_", "-") for name in names if name not in _NO_LANGUAGE]
    ranked = zip(tags[:_MOST_LANGUAGES], range(10, 0, -1), strict=False)
    return ",".join(f"{tag};q={tenths / 10:g}" for tag, tenths in ranked) or None


def user_agent() -> str:
    """Return this Python and its platform: "Python/3.13 (linux)"."""
    return f"Python/{sys.version_info.major}.{sys.version_info.minor} ({sys.platform})"
