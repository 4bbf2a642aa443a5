"""Update the message catalogs with every string that operators read: ``python -m tests.tools.messages``.

Django's makemessages only finds literal arguments of gettext. The descriptions of facts are arguments of their
declarations, and headings are derived from class names: it would drop the translations of both.
"""

# ruff: noqa: PLC0415  Django has to be set up first

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import django
from django.utils.translation import override
from django.utils.translation.template import templatize

import metric_collection

PACKAGE = Path(metric_collection.__file__).parent
LANGUAGES = ["de", "es", "fr", "it", "pt"]
BY_NAME = {"Unknown", "_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"}
TEXT = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
IN_TEMPLATE = re.compile(rf"\b(?:_|n?gettext)\({TEXT}(?:,\s*{TEXT})?")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]")
MSGID = re.compile(r'^msgid (".*")$', re.MULTILINE)


def main() -> None:
    """Keep translations, add new strings without one, drop unused ones, and compile."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    for language in LANGUAGES:
        source = source_of(language)
        source.write_text(renewed(source.read_text()))
        compiled = source.with_suffix(".mo")
        subprocess.run(["msgfmt", "--check-format", "-o", compiled, source], check=True)


def source_of(language: str) -> Path:
    """Return the catalog of a language."""
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"


def renewed(source: str) -> str:
    """Return the updated catalog; entries keep their order, new ones come last."""
    header, *entries = source.strip().split("\n\n")
    known = {ast.literal_eval(MSGID.search(entry)[1]): entry for entry in entries}
    wanted = texts()
    kept = [entry for text, entry in known.items() if text in wanted]
    new = [entry_of(text, wanted[text]) for text in sorted(wanted.keys() - known.keys())]
    return "\n\n".join([header, *kept, *new]) + "\n"


def entry_of(text: str, plural: str | None) -> str:
    """Return an entry without a translation; each language has two plural forms."""
    flag = ["#, python-format"] if PLACEHOLDER.search(text + (plural or "")) else []
    forms = (
        ['msgstr ""']
        if plural is None
        else [f"msgid_plural {quoted(plural)}", 'msgstr[0] ""', 'msgstr[1] ""']
    )
    return "\n".join([*flag, f"msgid {quoted(text)}", *forms])


def quoted(text: str) -> str:
    """Return a string as gettext writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@cache
def texts() -> dict[str, str | None]:
    """Every text to translate, with its plural form where it has one."""
    return dict([*in_modules(), *in_templates(), *in_declarations()])


def files(pattern: str) -> list[Path]:
    """The client's files: the collector's pages are for publishers, in English."""
    found = sorted(PACKAGE.rglob(pattern))
    return [path for path in found if PACKAGE / "collector" not in path.parents]


def in_modules() -> Iterator[tuple[str, str | None]]:
    """What is passed to gettext by name."""
    for path in files("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name(id="ngettext"),
                    args=[ast.Constant(value=one), ast.Constant(value=many), *_],
                ):
                    yield one, many
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=text), *_]):
                    if name in BY_NAME:
                        yield text, None


def in_templates() -> Iterator[tuple[str, str | None]]:
    """What stands in translate and blocktranslate."""
    for path in files("*.html"):
        for text, plural in IN_TEMPLATE.findall(templatize(path.read_text())):
            yield ast.literal_eval(text), ast.literal_eval(plural) if plural else None


def in_declarations() -> Iterator[tuple[str, None]]:
    """The words of every fact, the headings of probes, and the labels of the platform."""
    from metric_collection.probes import catalog
    from metric_collection.probes.probe import heading_of
    from metric_collection.system_info.installed import system

    with override("en"):
        for _probe, fact in catalog.catalog():
            words = (fact.description, fact.purpose, fact.coarsened)
            yield from ((text, None) for text in words if text)
        probes = (*catalog.DEFAULT_PROBES, *catalog.SETTING_PROBES, *catalog.choosable_probes())
        yield from ((heading_of(probe), None) for probe in probes)
        yield from ((label, None) for label in system().platform)


if __name__ == "__main__":
    main()
