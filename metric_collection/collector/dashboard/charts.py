"""The geometry of the charts: values in, SVG coordinates out. No Django; a template renders each class.

Charts fill the width of their container without scripts and without scaling their text: labels are placed in
per cent of the width and pixels of the height, shapes in a nested ``<svg>`` of 1000 by 1000 units that is
stretched over the plot. Coordinates are strings, because templates would localize numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from math import floor, log10
from typing import ClassVar

UNITS = 1000
PLOT_WIDTH = 80  # per cent; the rest is for the labels at the ends of the lines
PLOT_TOP, PLOT_HEIGHT = 28, 180  # pixels
LABEL_HEIGHT = 14  # pixels between the baselines of two labels
LABEL_LENGTH = 11  # characters that fit beside the plot; the legend has the full name
BAR_LABEL_LENGTH = 32  # characters that fit above a bar on a narrow screen
SERIES = 6  # colours and dashes in the style sheet; further series start over

Text = Callable[[float], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A named sequence of values, one for each point of the chart; None is a gap."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A named vertical line at a point."""

    at: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A label on an axis, with its position on it."""

    at: str
    text: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A series as it is drawn: its path, the path of its provisional end, and the label at its end."""

    number: str
    name: str
    path: str
    provisional: str
    label: str
    label_y: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A chart over a sequence of points, such as days; the last `provisional` points may still change."""

    points: Sequence[str]
    series: Sequence[Series]
    text: Text = str
    provisional: int = 0
    marks: Sequence[Mark] = ()

    plot_width: ClassVar = f"{PLOT_WIDTH}%"
    plot_top: ClassVar = PLOT_TOP
    plot_height: ClassVar = PLOT_HEIGHT
    bottom: ClassVar = PLOT_TOP + PLOT_HEIGHT
    height: ClassVar = PLOT_TOP + PLOT_HEIGHT + 22

    @property
    def heads(self) -> list[str]:
        return [series.name for series in self.series]

    @property
    def is_empty(self) -> bool:
        return not any(value is not None for series in self.series for value in series.values)

    @property
    def has_legend(self) -> bool:
        """Whether a name and a value are too long for the end of a line. A single line needs none."""
        ends = [self._text(last_value(series.values)) for series in self.series]
        return len(self.series) > 1 and any(
            len(name) + len(text) >= LABEL_LENGTH
            for name, text in zip(self.heads, ends, strict=True)
        )

    @property
    def ticks(self) -> list[Tick]:
        """Label up to three points, the first and the last among them."""
        last = len(self.points) - 1
        if last < 1:
            return [Tick(at="0%", text=name) for name in self.points]
        count = min(last, 2)
        chosen = [round(last * step / count) for step in range(count + 1)]
        anchors = ["start", *["middle"] * (count - 1), "end"]
        return [
            Tick(at=self._per_cent(at), text=self.points[at], anchor=anchor)
            for at, anchor in zip(chosen, anchors, strict=True)
        ]

    @property
    def flags(self) -> list[Tick]:
        """Place the marks; one too close to its neighbour has a line and no name."""
        flags, free_from = [], 0.0
        for mark in sorted(self.marks, key=lambda mark: mark.at):
            x = self._x(mark.at) / UNITS * PLOT_WIDTH
            text = mark.name[:LABEL_LENGTH] if x >= free_from else ""
            if text:
                free_from = x + 2 + 2 * len(text)  # per cent, on a narrow screen
            anchor = "end" if self._x(mark.at) > UNITS * 0.85 else "start"
            flags.append(Tick(at=f"{x:.2f}%", text=text, anchor=anchor))
        return flags

    @property
    def last(self) -> str:
        """Return the width of the plot in columns: a column for each point, half of it at either end."""
        return str(max(len(self.points) - 1, 1))

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Divide the plot by its points: the place of each column, and its tooltip."""
        return [
            (str(at), "\n".join([name, *self._values(at)])) for at, name in enumerate(self.points)
        ]

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """Return the table below the chart, the newest point first: its name, and its value in each series."""
        return [
            (self.points[at], [self._text(series.values[at]) for series in self.series])
            for at in reversed(range(len(self.points)))
        ]

    def _values(self, at: int) -> list[str]:
        return [
            f"{series.name}: {self._text(series.values[at])}"
            for series in self.series
            if series.values[at] is not None
        ]

    def _text(self, value: float | None) -> str:
        return "" if value is None else self.text(value)

    def _x(self, at: int) -> float:
        return UNITS * at / max(len(self.points) - 1, 1)

    def _per_cent(self, at: int) -> str:
        return f"{self._x(at) * PLOT_WIDTH / UNITS:.2f}%"

    def _labels(self, texts: Sequence[str]) -> list[str]:
        """Return the labels at the ends of the series."""
        if len(self.series) == 1:
            return list(texts)
        if self.has_legend:
            return [shortened(name, LABEL_LENGTH) for name in self.heads]
        return [f"{name} {text}" for name, text in zip(self.heads, texts, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Plot):
    """A line for each series, from zero."""

    limit: float | None = None  # the highest value of the axis; defaults to the next round number

    template: ClassVar = "usage_metrics_collector/charts/plot.html"
    shape: ClassVar = "umc-line"
    veil: ClassVar[str | None] = None

    @property
    def top(self) -> float:
        if self.limit is not None:
            return self.limit
        return ceiling(max((v for s in self.series for v in s.values if v is not None), default=0))

    @property
    def grid(self) -> list[Tick]:
        return [
            Tick(at=f"{pixels(1 - share):.1f}", text=self.text(self.top * share))
            for share in (0, 0.5, 1)
        ]

    @property
    def drawn(self) -> list[Drawn]:
        ends = [last_value(series.values) for series in self.series]
        top = self.top
        heights = [pixels(1 - end / top) if end is not None else None for end in ends]
        labels = self._labels([self._text(end) for end in ends])
        complete = len(self.points) - self.provisional
        return [
            Drawn(
                number=f"{at % SERIES + 1}",
                name=series.name,
                path=self._path(series.values[:complete], 0, top),
                provisional=self._path(
                    series.values[max(complete - 1, 0) :], max(complete - 1, 0), top
                )
                if self.provisional
                else "",
                label=labels[at],
                label_y=label_y,
            )
            for at, (series, label_y) in enumerate(zip(self.series, apart(heights), strict=True))
        ]

    def _path(self, values: Sequence[float | None], first: int, top: float) -> str:
        """Draw the values; a single one between gaps becomes a dot."""
        places = [
            None if value is None else f"{self._x(at):.1f} {UNITS * (1 - value / top):.1f}"
            for at, value in enumerate(values, first)
        ]
        runs = groupby(places, key=lambda place: place is not None)
        return "".join(run_of([*filter(None, run)]) for has_values, run in runs if has_values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares(Plot):
    """Each series' share of all of them, stacked; the first is at the bottom."""

    template: ClassVar = "usage_metrics_collector/charts/plot.html"
    shape: ClassVar = "umc-band"

    @property
    def grid(self) -> list[Tick]:
        return [
            Tick(at=f"{pixels(1 - share / 100):.1f}", text=f"{share} %") for share in (0, 50, 100)
        ]

    @property
    def drawn(self) -> list[Drawn]:
        stacks = [self._stack(at) for at in range(len(self.points))]
        last = next((stack for stack in reversed(stacks) if stack), [0.0] * (len(self.series) + 1))
        middles: list[float | None] = [
            pixels(1 - (low + high) / 2) if high - low >= 0.02 else None
            for low, high in pairwise(last)
        ]
        labels = self._labels([percentage(high - low) for low, high in pairwise(last)])
        return [
            Drawn(
                number=f"{at % SERIES + 1}",
                name=series.name,
                path="".join(self._areas(stacks, at)),
                provisional="",
                label=labels[at],
                label_y=label_y,
            )
            for at, (series, label_y) in enumerate(zip(self.series, apart(middles), strict=True))
        ]

    @property
    def veil(self) -> str | None:
        """Return the path over the provisional points."""
        first = len(self.points) - self.provisional
        x = f"{self._x(max(first - 1, 0)):.1f}"
        return f"M{x} 0H{UNITS}V{UNITS}H{x}Z" if self.provisional else None

    def _values(self, at: int) -> list[str]:
        stack = self._stack(at)
        shares = [percentage(high - low) for low, high in pairwise(stack)]
        # The uppermost band comes first, as it is drawn.
        return [
            f"{series.name}: {self._text(series.values[at])} ({share})"
            for series, share in reversed(list(zip(self.series, shares, strict=False)))
            if series.values[at]
        ]

    def _stack(self, at: int) -> list[float]:
        """Return the edges of the bands from 0 to 1, or nothing where nothing was counted."""
        values = [series.values[at] or 0 for series in self.series]
        total = sum(values)
        return [edge / total for edge in accumulate(values, initial=0)] if total else []

    def _areas(self, stacks: Sequence[Sequence[float]], band: int) -> Iterator[str]:
        for has_values, run in groupby(range(len(stacks)), key=lambda at: bool(stacks[at])):
            if has_values:
                xs = list(run)
                low = [f"{self._x(at):.1f} {UNITS * (1 - stacks[at][band]):.1f}" for at in xs]
                high = [f"{self._x(at):.1f} {UNITS * (1 - stacks[at][band + 1]):.1f}" for at in xs]
                yield f"M{'L'.join([*low, *reversed(high)])}Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A value with its share of the total, now and before."""

    name: str
    value: float
    share: float
    before: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A bar as it is drawn."""

    name: str
    short: str
    text: str
    width: str
    before: str | None
    note: str
    y: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Horizontal bars, each with its label above: long names fit on a narrow screen. `before` is a tick."""

    bars: Sequence[Bar]
    heads: Sequence[str]  # of the table's columns: value, share, and share before if there is any
    text: Text = str

    template: ClassVar = "usage_metrics_collector/charts/bars.html"
    row: ClassVar = 36  # pixels

    @property
    def is_empty(self) -> bool:
        return not self.bars

    @property
    def height(self) -> int:
        return self.row * len(self.bars) + 4

    @property
    def placed(self) -> list[Placed]:
        return [
            Placed(
                name=bar.name,
                short=shortened(bar.name, BAR_LABEL_LENGTH),
                text=f"{self.text(bar.value)} ({percentage(bar.share)})",
                width=f"{min(bar.share, 1):.2%}",
                before=None if bar.before is None else f"{min(bar.before, 1):.2%}",
                note=bar.note,
                y=str(self.row * at),
            )
            for at, bar in enumerate(self.bars)
        ]

    @property
    def has_before(self) -> bool:
        return any(bar.before is not None for bar in self.bars)

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """Return the table below the chart: the name, the value, the share now, and the share before."""
        return [
            (
                bar.name,
                [
                    self.text(bar.value),
                    percentage(bar.share),
                    *([before_text(bar.before)] if self.has_before else []),
                ],
            )
            for bar in self.bars
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart with its title and a sentence that puts it in words."""

    anchor: str
    title: str
    says: str
    chart: Lines | Shares | Bars
    unit: str  # heads the first column of the table
    description: str = ""
    is_wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """A small line without axes."""

    values: Sequence[float | None]

    template: ClassVar = "usage_metrics_collector/charts/sparkline.html"

    @property
    def path(self) -> str:
        points = [str(at) for at in range(len(self.values))]
        return Lines(points=points, series=[Series(name="", values=self.values)]).drawn[0].path


def ceiling(value: float) -> float:
    """Return the next of 1, 2, 4, 5 or 8 times a power of ten, at least 4: halves are whole numbers."""
    if value <= 4:
        return 4
    power = 10 ** floor(log10(value))
    return float(next(step * power for step in (1, 2, 4, 5, 6, 8, 10) if value <= step * power))


def shortened(name: str, length: int) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"


def run_of(places: Sequence[str]) -> str:
    return f"M{places[0]}h0" if len(places) == 1 else f"M{'L'.join(places)}"


def pixels(share_from_top: float) -> float:
    return float(PLOT_TOP + PLOT_HEIGHT * share_from_top)


def last_value(values: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def apart(heights: Sequence[float | None]) -> list[str | None]:
    """Move labels down, and then up from the lower edge, until none overlaps another."""
    order = sorted((height, at) for at, height in enumerate(heights) if height is not None)
    placed: list[float] = []
    for height, _ in order:
        placed.append(max(height, placed[-1] + LABEL_HEIGHT) if placed else height)
    limit = float(PLOT_TOP + PLOT_HEIGHT)
    for at in reversed(range(len(placed))):
        placed[at] = min(placed[at], limit)
        limit = placed[at] - LABEL_HEIGHT
    found = {at: f"{y + 4:.0f}" for (_, at), y in zip(order, placed, strict=True)}
    return [found.get(at) for at in range(len(heights))]


def percentage(share: float) -> str:
    """Return a share as text: one decimal below ten per cent, none above."""
    decimals = 1 if 0 < share < 0.0995 else 0
    return f"{100 * share:.{decimals}f} %"


def before_text(share: float | None) -> str:
    return "" if share is None else percentage(share)
