"""What a server answers to a post."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ACCEPTED: Final = frozenset({200, 204})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer: the first KiB of its text, and the seconds that it asks to be left alone."""

    status: int
    text: str = ""
    retry_after: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the body is in the server's hands now: CIMP says so with 200 or 204."""
        return self.status in ACCEPTED
