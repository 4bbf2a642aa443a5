"""The figures: ours beside the peer's, the ratio, and what was aimed at. Less is always better."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number; of one that the cap has `cut` off it is only known that it is more."""

    number: float
    cut: bool = False

    def __str__(self) -> str:
        return f"{'> ' if self.cut else ''}{shortly(self.number)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What the figures are to be, in words, and whether they are (ours, the peer's)."""

    words: str
    holds: Callable[[Figure, Figure], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing measured on both sides."""

    subject: str
    what: str
    ours: Figure
    peer: Figure
    aim: Aim | None = None

    @property
    def ratio(self) -> str:
        """The peer's figure in ours; nothing where that is no number."""
        if self.ours.cut or self.ours.number <= 0 or self.peer.number <= 0:
            return ""
        return f"{Figure(number=self.peer.number / self.ours.number, cut=self.peer.cut)}x"

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is reached; None where there is none."""
        return self.aim.holds(self.ours, self.peer) if self.aim else None


def row(
    subject: str,
    what: str,
    found: Mapping[str, T],
    figure: Callable[[T], Figure],
    aim: Aim | None = None,
) -> Row:
    """The row of a figure that is worked out in the same way of what was found on either side."""
    ours, peer = figure(found["ours"]), figure(found["peer"])
    return Row(subject=subject, what=what, ours=ours, peer=peer, aim=aim)


def exactly(number: float) -> Figure:
    """What needs no median."""
    return Figure(number=number)


def middle(numbers: Iterable[float]) -> Figure:
    """The median."""
    return Figure(number=median(numbers))


def at_most(most: float) -> Aim:
    """Aim at a figure of ours, whatever the peer's is."""
    words = f"at most {shortly(most)}" if most else "0"
    return Aim(words=words, holds=lambda ours, _peer: not ours.cut and ours.number <= most)


def part_of_peer(times: int) -> Aim:
    """Aim at a figure that the peer's holds so many times."""
    return Aim(
        words=f"{times}x or more",
        holds=lambda ours, peer: not ours.cut and ours.number * times <= peer.number,
    )


def shortly(number: float) -> str:
    """A number with as many digits as anybody would believe."""
    if number == round(number) or abs(number) >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2g}"
