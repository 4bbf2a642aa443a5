"""The README's section of facts: ``python -m tests.tools.readme`` writes it anew from the catalog of probes."""

# ruff: noqa: PLC0415  Django has to be set up first

from __future__ import annotations

import os
from pathlib import Path

import django

README = Path(__file__).parent.parent / "README.rst"
BEGIN = ".. facts: from here on written by python -m tests.tools.readme\n"
END = ".. facts: until here\n"


def main() -> None:
    """Change nothing else in the file."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    README.write_text(renewed(README.read_text()))


def renewed(readme: str) -> str:
    """The text with the section as it ought to be."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{facts()}\n\n{END}{after}"


def facts() -> str:
    """A table for each probe, below a heading of the README's second level."""
    from metric_collection.dictionary.document import sections
    from metric_collection.dictionary.entries import Entry
    from metric_collection.dictionary.markup import Rst
    from metric_collection.probes.catalog import catalog
    from metric_collection.probes.probe import path_of

    entries = [Entry(fact=fact, probe=probe, source=path_of(probe)) for probe, fact in catalog()]
    return "\n\n".join(sections(entries, Rst("-~")))


if __name__ == "__main__":
    main()
