"""The operating system's own description of itself: the os-release file of freedesktop.org."""

import shlex
from pathlib import Path

PLACES = ("etc/os-release", "usr/lib/os-release")


def read_os_release(root: Path) -> dict[str, str]:
    """The file's assignments, unquoted; empty where the system has no such file."""
    for place in PLACES:
        try:
            text = (root / place).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        return dict(filter(all, map(_assignment, text.splitlines())))
    return {}


def _assignment(line: str) -> tuple[str, str]:
    name, _, value = line.strip().partition("=")
    return ("", "") if name.startswith("#") else (name, _unquoted(value))


def _unquoted(value: str) -> str:
    try:
        return "".join(shlex.split(value))
    except ValueError:
        return value
