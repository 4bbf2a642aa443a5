"""What a reader sees is what was written, whatever signs are in it: judged by two foreign readers."""

from __future__ import annotations

import html
import re

import pytest
from docutils.core import publish_doctree
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from metric_collection.dictionary.markup import Markdown, Rst, one_line
from tests.hostile.strategies import examples

SIGNS = st.text(alphabet=" ab1:._*`|\\-+#<>[]()&$~=!/_\"'\t\n\0é\u202e\ud800字", max_size=12)
TEXTS = SIGNS | st.text(max_size=40)
AWKWARD = [
    "- a",
    "1. a",
    "a. b",
    ".. a",
    "::",
    "a::",
    "`a`_",
    "__ a",
    "|a|",
    ">>> a",
    "====",
    ":a: b",
]
AWKWARD += [
    "# a",
    "> a",
    "+ a",
    "a | b",
    "<b>a</b>",
    "&amp;",
    "a\\",
    "``a``",
    "*a*",
    "[a](b)",
    "--a",
    "",
]


def read_rst(source: str, kind: str) -> list[str]:
    """The texts of the nodes of a kind; whatever docutils has to say about the source is an error."""
    tree = publish_doctree(source, settings_overrides={"halt_level": 1, "report_level": 5})
    return [node.astext() for node in tree.findall() if node.tagname == kind]


def read_markdown(source: str, tag: str) -> list[str]:
    page = MarkdownIt("commonmark").enable("table").render(source)
    inner = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    return [html.unescape(re.sub("</?code>", "", text)) for text in inner]


READERS = [
    pytest.param(Rst(), lambda page: read_rst(page, "entry"), id="rst"),
    pytest.param(
        Markdown(),
        lambda page: read_markdown(page, "th") + read_markdown(page, "td"),
        id="markdown",
    ),
]


@pytest.mark.parametrize(("markup", "read"), READERS)
@given(texts=st.lists(TEXTS, min_size=2, max_size=2))
@examples(40)
def test_cells_come_out_as_they_went_in(markup, read, texts):
    for write in (markup.text, markup.literal):
        page = markup.table(["a", "b"], [[write(text) for text in texts]])
        assert read(page) == ["a", "b", *map(one_line, texts)]


@pytest.mark.parametrize(("markup", "read"), READERS)
def test_so_do_texts_that_look_like_markup(markup, read):
    for write in (markup.text, markup.literal):
        page = markup.table(["a", "b"], [[write(text), "b"] for text in AWKWARD])
        assert read(page)[2::2] == AWKWARD


@pytest.mark.parametrize("text", [*AWKWARD[:-1], "漢字"])
def test_titles_and_headings_do_too(text):
    assert read_rst(f"{Rst().title(text)}\n\na", "title") == [text]
    assert read_rst(f"{Rst().heading(text)}\n\na", "title") == [text]
    assert read_markdown(Markdown().title(text), "h1") == [text]
    assert read_markdown(Markdown().heading(text), "h2") == [text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Reports ``a_`` and (``b c``).", "Reports a_ and (b c)."),
        ("``a`` of *b* ", "a of *b*"),
        ("a``b``c", "a``b``c"),
        ("``a", "``a"),
        ("- a", "- a"),
        ("3. a", "3. a"),
        ("3.5 a", "3.5 a"),
    ],
)
def test_paragraphs_may_have_literals_in_them(text, shown):
    assert read_rst(Rst().paragraph(text), "paragraph") == [shown]
    assert read_markdown(Markdown().paragraph(text), "p") == [shown]


@pytest.mark.parametrize(("markup", "tag"), [(Rst(), "``a b``"), (Markdown(), "`a b`")])
def test_literals_are_set_as_such(markup, tag):
    assert markup.literal("a b") == tag
    assert tag in markup.paragraph("It is ``a b``.")


def test_plain_words_stay_readable_in_the_source():
    text = "The processor's family, 4 of os_version: that's it (1.0)."
    assert Rst().text(text) == Markdown().text(text) == text
    assert Rst().text("1.0") == Markdown().text("1.0") == "1.0"


def test_unprintable_characters_are_replaced_and_lines_are_joined():
    assert one_line("a\n\tb\0\ud800\u202e c ") == "a b��� c"


@pytest.mark.parametrize(
    ("markup", "read"),
    [
        (Rst(), lambda page: read_rst(page, "literal_block")),
        (Markdown(), lambda page: read_markdown(page, "code")),
    ],
)
def test_code_stays_as_it_is(markup, read):
    code = '{"a": [\n  "``*|_<&>",\n  1\n]}'
    (found,) = read(
        f"{markup.paragraph('As it is posted:')}\n\n{markup.code(code)}\n\n{markup.paragraph('a')}"
    )
    assert found.strip() == code
