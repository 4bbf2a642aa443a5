"""What the person at the terminal reads."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from textwrap import wrap

from django.core.management.base import OutputWrapper
from django.core.management.color import Style

from demo.collector import Arrival

INDENT = "   "


class Terminal:
    """Writes titles, sentences and bodies as wide as the terminal, at most 100 columns."""

    def __init__(self, stdout: OutputWrapper, style: Style) -> None:
        self.stdout = stdout
        self.style = style
        self.width = min(shutil.get_terminal_size().columns, 100)

    def title(self, text: str) -> None:
        self.write(["", *wrap(text, self.width)], self.style.MIGRATE_HEADING)

    def say(self, text: str) -> None:
        self.write(indented(text, self.width))

    def show(self, arrival: Arrival, earlier: dict[str, str]) -> None:
        """Show a body, and which facts are not what they were `earlier`."""
        self.write(indented(heading(arrival), self.width), self.style.SUCCESS)
        self.write(table(arrival.facts, earlier, self.width))

    def write(self, lines: Iterable[str], style: Callable[[str], str] = str) -> None:
        for line in lines:
            self.stdout.write(style(line))
        self.stdout.flush()


def indented(text: str, width: int) -> list[str]:
    return wrap(text, width, initial_indent=INDENT, subsequent_indent=INDENT)


def heading(arrival: Arrival) -> str:
    """Say what arrived, about which hour, and how it was answered."""
    hour = datetime.fromtimestamp(arrival.body["events"][0]["period_start"], timezone.utc)
    return (
        f"{arrival.category}: {len(arrival.facts)} facts, period {hour:%Y-%m-%d %H:%M} UTC, "
        f"{arrival.size} bytes, answered {arrival.status}"
    )


def table(facts: dict[str, str], earlier: dict[str, str], width: int) -> Iterator[str]:
    """Align names and values; a long value goes on in its own column."""
    column = len(INDENT) + min(max(map(len, facts)), width // 2)
    for name, value in facts.items():
        text = value if earlier.get(name, value) == value else f"{value}  (was {earlier[name]})"
        yield from wrap(
            text,
            max(width, column + 20),
            initial_indent=f"{INDENT}{name}".ljust(column) + "  ",
            subsequent_indent=" " * (column + 2),
        )
