"""The answer to a POST request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ACCEPTED: Final = frozenset({200, 204})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer: its status, the first KiB of its text, and Retry-After in seconds."""

    status: int
    text: str = ""
    retry_after: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the body was delivered: CIMP answers 200 or 204."""
        return self.status in ACCEPTED
