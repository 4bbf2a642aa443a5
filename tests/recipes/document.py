"""The recipes as printed in docs/howto/recipes: files to write, commands to run, and the table of comparison."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

FOLDER = Path(__file__).parents[2] / "docs" / "howto" / "recipes"
NO_RECIPES = {"index", "comparison", "deletion"}
BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n\n((?: .*\n|\n)+)", re.MULTILINE)
SECTION = re.compile(r"^(.+)\n-+\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The files of a product, by the names in their first lines, and the commands of its operator."""

    files: Mapping[str, str]
    console: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a system's own description, and its place here."""

    theirs: str
    here: str
    source: str
    precision: str


def recipes() -> dict[str, Recipe]:
    """Page -> recipe."""
    pages = sorted(FOLDER.glob("*.rst"))
    return {page.stem: recipe(page.read_text()) for page in pages if page.stem not in NO_RECIPES}


def recipe(text: str) -> Recipe:
    """The recipe on a page."""
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


def comparison() -> dict[str, list[Line]]:
    """Heading -> the lines of its table."""
    _, *parts = SECTION.split((FOLDER / "comparison.rst").read_text())
    tables = zip(parts[::2], parts[1::2], strict=True)
    return {heading: list(lines(text)) for heading, text in tables}


def lines(text: str) -> Iterator[Line]:
    """The rows of a table below its head."""
    for row in re.split(r"\n   \* - ", text)[2:]:
        theirs, here, source, precision = (
            " ".join(cell.split()) for cell in re.split(r"\n     -(?= |\n|$)", row)
        )
        yield Line(theirs=theirs, here=here, source=source, precision=precision)


def heading(page: str) -> str:
    """The title of a page."""
    return (FOLDER / f"{page}.rst").read_text().partition("\n")[0]
