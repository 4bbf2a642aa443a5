"""The recipes as they stand in docs/howto/recipes.rst: files to write and command lines to run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

DOCUMENT = Path(__file__).parents[2] / "docs" / "howto" / "recipes.rst"
SECTION = re.compile(r"^(.+)\n-+\n", re.MULTILINE)
BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n\n((?: .*\n|\n)+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The files of a product, by the names in their first lines, and what its operator types."""

    files: Mapping[str, str]
    console: Sequence[str]


def recipes() -> dict[str, Recipe]:
    """Every recipe, by its heading."""
    _, *parts = SECTION.split(DOCUMENT.read_text())
    return {title: recipe(text) for title, text in zip(parts[::2], parts[1::2], strict=True)}


def recipe(text: str) -> Recipe:
    """The recipe in a section of the document."""
    lines = [line for block in blocks(text, "console") for line in block.splitlines()]
    return Recipe(
        files={
            block.partition("\n")[0].removeprefix("# "): block for block in blocks(text, "python")
        },
        console=[line.removeprefix("$ ") for line in lines],
    )


def blocks(text: str, language: str) -> Iterator[str]:
    """The blocks of a language, without their indentation."""
    return (dedent(block).strip() + "\n" for name, block in BLOCK.findall(text) if name == language)
