"""The markups of a dictionary. Any string is shown as it is, whichever characters are in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from textwrap import indent
from unicodedata import east_asian_width

from .tables import table, wrapped

# ``literals`` as docutils finds them: beside them are blanks or punctuation, not letters.
LITERAL = re.compile(r"(?:(?<=[\s(])|^)``([^`\s\\](?:[^`\\]*[^`\s\\])?)``(?=[\s.,;:?!)]|$)")
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


class Plain:
    """Plain text for a terminal, with tables that fit its width; and the methods of every markup.

    The cells of a table are made by `literal` and `text`. A paragraph may contain ``literals``, as docstrings
    do. The lines of `code` stay as they are.
    """

    def title(self, text: str) -> str:
        text = one_line(text)
        return f"{text}\n{'=' * len(text)}"

    def heading(self, text: str) -> str:
        text = one_line(text)
        return f"{text}\n{'-' * len(text)}"

    def paragraph(self, text: str) -> str:
        return wrapped(in_parts(text, str, str))

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        return "\n".join(table(header, rows))

    def code(self, text: str) -> str:
        return indent(text, "    ")

    def literal(self, text: str) -> str:
        return one_line(text)

    def text(self, text: str) -> str:
        return one_line(text)


class Rst(Plain):
    """reStructuredText; `underlines` are the characters below a title and below a heading."""

    def __init__(self, underlines: str = "=-") -> None:
        self._underlines = underlines

    def title(self, text: str) -> str:
        return self._underlined(text, self._underlines[0])

    def heading(self, text: str) -> str:
        return self._underlined(text, self._underlines[1])

    def paragraph(self, text: str) -> str:
        return self._begun(in_parts(text, self.literal, self._escaped))

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
        for row in (header, *rows):
            lines += [
                f"   {'*' if number == 0 else ' '} - {cell}" for number, cell in enumerate(row)
            ]
        return "\n".join(map(str.rstrip, lines))

    def code(self, text: str) -> str:
        return "::\n\n" + indent(text, "    ")

    def literal(self, text: str) -> str:
        text = one_line(text)
        stands = re.fullmatch(r"[^`\s\\]([^`]*[^`\s\\])?", text)
        return f"``{text}``" if stands else self.text(text)

    def text(self, text: str) -> str:
        return self._begun(self._escaped(one_line(text)))

    def _escaped(self, text: str) -> str:
        special = r"[\\`*|]|_(?![^\W_])|::"
        return re.sub(special, lambda found: "".join(f"\\{sign}" for sign in found[0]), text)

    def _begun(self, text: str) -> str:
        """Escape a beginning that could be read as a list, an option or a comment."""
        is_word = re.match(r"[^\W\d_][\w']+([ ,:]|$)|\d+(\.\d+)*( |$)|``|$", text)
        return text if is_word else rf"\ {text}"

    def _underlined(self, text: str, line: str) -> str:
        text = self.text(text)
        width = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
        return f"{text}\n{line * width}"


class Markdown(Plain):
    """Markdown, with the tables of GitHub."""

    def title(self, text: str) -> str:
        return f"# {self.text(text)}"

    def heading(self, text: str) -> str:
        return f"## {self.text(text)}"

    def paragraph(self, text: str) -> str:
        return self._begun(in_parts(text, self.literal, self._escaped))

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        cells = [header, ["---"] * len(header), *rows]
        return "\n".join(f"| {' | '.join(row)} |" for row in cells)

    def literal(self, text: str) -> str:
        text = one_line(text)
        stands = text and not re.search(r"[`|\\]", text)
        return f"`{text}`" if stands else self.text(text)

    def text(self, text: str) -> str:
        return self._begun(self._escaped(one_line(text)))

    def _escaped(self, text: str) -> str:
        text = text.replace("&", "&amp;").replace("<", "&lt;")
        return re.sub(r"[\\`*|~$\[\]]|_(?![^\W_])|(?<![^\W_])_", r"\\\g<0>", text)

    def _begun(self, text: str) -> str:
        """Escape a beginning that could be read as a list or a heading."""
        return re.sub(r"^(\d+(?=[.)](?: |$))|(?=[-+#=>]))", r"\1\\", text)


def in_parts(text: str, literal: Callable[[str], str], other: Callable[[str], str]) -> str:
    """Write the ``literals`` in a string by `literal` and the parts between them by `other`."""
    parts = LITERAL.split(one_line(text))
    return "".join(
        literal(part) if number % 2 else other(part) for number, part in enumerate(parts)
    )


def one_line(text: str) -> str:
    """Join the lines of a string, with U+FFFD for each character that cannot be printed."""
    shown = (sign if sign.isprintable() or sign.isspace() else UNKNOWN for sign in text)
    return " ".join("".join(shown).split())
