"""The model of a Raspberry Pi."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .linux.firmware import board_model
from .probe import Fact

MODEL = re.compile(r"Raspberry Pi [\w ]+?(?= Rev |$)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RaspberryPi:
    """Reports the model of a Raspberry Pi."""

    heading = "Raspberry Pi"
    facts = (
        Fact(
            name="raspberry_pi",
            description="The model of the Raspberry Pi, or false for any other machine.",
            example="Raspberry Pi 4 Model B",
            purpose="To know how much the product is used on small machines.",
            coarsened="Without the revision.",
        ),
    )

    root: Path = Path("/")

    def gather(self) -> Mapping[str, object]:
        found = MODEL.match(board_model(self.root))
        return {"raspberry_pi": found.group() if found else False}
