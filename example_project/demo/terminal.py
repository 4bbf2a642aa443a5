"""What the person at the terminal reads."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from textwrap import wrap

from django.core.management.base import OutputWrapper
from django.core.management.color import Style

from demo.record import Sent

INDENT = "   "


class Terminal:
    """Writes titles, sentences and bodies as wide as the terminal, at most 100 columns."""

    def __init__(self, stdout: OutputWrapper, style: Style) -> None:
        self.stdout = stdout
        self.style = style
        self.width = min(shutil.get_terminal_size().columns, 100)

    def title(self, text: str) -> None:
        self.write([""])
        self.write(lines(text, self.width), self.style.MIGRATE_HEADING)

    def say(self, text: str) -> None:
        self.write(lines(text, self.width, INDENT))

    def show(self, sent: Sent, earlier: dict[str, str]) -> None:
        """Show a body, and which facts are not what they were `earlier`."""
        self.write(lines(heading(sent), self.width, INDENT), self.style.SUCCESS)
        self.write(table(sent.facts, earlier, self.width))

    def write(self, text: Iterable[str], style: Callable[[str], str] = str) -> None:
        for line in text:
            self.stdout.write(style(line))
        self.stdout.flush()


def lines(text: str, width: int, indent: str = "") -> list[str]:
    return wrap(
        text, width, initial_indent=indent, subsequent_indent=INDENT, break_on_hyphens=False
    )


def heading(sent: Sent) -> str:
    """The report, its hour, its size, and the collector's answer."""
    hour = datetime.fromtimestamp(sent.body["events"][0]["period_start"], timezone.utc)
    return (
        f"{sent.category}: {len(sent.facts)} facts of {hour:%Y-%m-%d, %H:00} UTC, "
        f"{sent.size} bytes, answered {sent.status}"
    )


def table(facts: dict[str, str], earlier: dict[str, str], width: int) -> Iterator[str]:
    """Align names and values under their headings; a long value goes on in its own column."""
    first = min(max(map(len, facts)), width // 2)
    second = max(width - len(INDENT) - first - 2, 20)
    yield from row("fact", "value", first, second)
    yield from row("-" * first, "-" * min(second, 40), first, second)
    for name, value in facts.items():
        was = earlier.get(name, value)
        yield from row(name, value if value == was else f"{value} (was {was})", first, second)


def row(name: str, value: str, first: int, second: int) -> Iterator[str]:
    for line in wrap(value, second) or [""]:
        yield f"{INDENT}{name:<{first}}  {line}".rstrip()
        name = ""
