"""The documents are kept true: what they name exists, and what exists is named."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from django.core.management import load_command_class
from django.dispatch import Signal
from django.urls import NoReverseMatch, reverse
from docutils.core import publish_doctree

import metric_collection
from metric_collection import checks, signals
from metric_collection.admin import ROUTES
from metric_collection.cleaninsights import payload
from metric_collection.collector.conf import conf as collectors
from metric_collection.conf.settings import conf
from metric_collection.probes import registry
from metric_collection.recorders.registry import RECORDERS

from .campaigns import daily
from .tools.facts import regenerated

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.rst").read_text()
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in sorted([*ROOT.glob("*.rst"), *ROOT.glob("docs/**/*.rst")])
}
# The recipes are run by tests/recipes: their blocks are files of a product of their own.
WITH_BLOCKS = {path: text for path, text in PAGES.items() if "howto/recipes/" not in path}


def reference(name: str) -> str:
    return PAGES[f"docs/reference/{name}.rst"]


def blocks(language: str, pages: dict[str, str] = WITH_BLOCKS) -> list[tuple[str, str]]:
    """Each block of a language, with the path of its page."""
    pattern = rf"^( *)\.\. code-block:: {language}\n(?:\1 +:.*\n)*\n((?:\1 +.*\n|\n)+)"
    return [
        (path, textwrap.dedent(block))
        for path, text in pages.items()
        for _, block in re.findall(pattern, text, re.MULTILINE)
    ]


def block_with(text: str) -> str:
    """The only Python block that has the text in it."""
    (block,) = (block for _, block in blocks("python") if text in block)
    return block


def test_the_readme_is_short():
    assert README.count("\n") < 250


@pytest.mark.parametrize("path", [path for path in PAGES if "/" not in path])
def test_pages_at_the_root_are_plain_restructuredtext(path):
    strict = {"halt_level": 1, "report_level": 5, "syntax_highlight": "none"}
    publish_doctree(PAGES[path], settings_overrides=strict)


@pytest.mark.thorough
def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("furo", reason='needs the extra "docs"')
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "-n", "-b", "html", "docs", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True)


@pytest.mark.parametrize("name", [setting.name for setting in conf.declared()])
def test_every_setting_is_documented(name):
    assert f"* - ``{name}``\n" in reference("settings")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_names_a_setting_that_does_not_exist(path):
    known = {setting.name for setting in (*conf.declared(), *collectors.declared())}
    assert set(re.findall(r"\bMETRIC_COLLECT(?:ION|OR)(?:_[A-Z_]+)?\b", PAGES[path])) <= known


def test_every_check_is_documented():
    modules = Path(checks.__file__).parent.rglob("checks.py")
    client = [module for module in modules if module.parent.name != "collector"]
    source = "".join(module.read_text() for module in client)
    single = set(re.findall(r'(?:NAMESPACE}\.|warning\(\s*")(W\d{3})\b', source))
    named = re.findall(r"usage_metrics\.([EW]\d+)``\n", reference("checks"))
    assert single == set(named)
    assert len(named) == len(set(named))
    ids = [setting.id for setting in conf.declared()]
    assert f"``usage_metrics.{min(ids)}`` … ``{max(ids)}``" in reference("checks")


@pytest.mark.parametrize("name", RECORDERS)
def test_every_recorder_is_documented(name):
    page = PAGES["docs/howto/recorders.rst"]
    assert f"* - ``{name}``\n     - ``{name.capitalize()}``" in page


def test_the_documented_recorders_pass_the_checks(settings, tmp_path):
    names: dict = {"MIDDLEWARE": settings.MIDDLEWARE}
    exec(block_with("METRIC_COLLECTION_RECORDERS = {"), names)
    for name, value in names.items():
        if name.isupper():
            setattr(settings, name, value)
    settings.METRIC_COLLECTION_STATE_FOLDER = tmp_path
    settings.METRIC_COLLECTION_CAMPAIGNS = {"speed": daily(), "health": daily(title="Health")}
    assert names["METRIC_COLLECTION_RECORDERS"].keys() == RECORDERS.keys()
    assert checks.check_settings() == []


def test_every_action_and_option_of_the_command_is_documented():
    parser = load_command_class("metric_collection", "metric_collection").create_parser("", "")
    (actions,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    page = reference("command")
    for name, action in actions.choices.items():
        assert f"``{name}" in page
        own = {option for each in action._actions for option in each.option_strings}
        assert all(option in page for option in own - {"-h", "--help"})


COMMAND_LINE = re.compile(r"manage\.py metric_collection ([^`\n]+?)(?:``|$)", re.MULTILINE)


@pytest.mark.parametrize("line", sorted(set(COMMAND_LINE.findall("".join(PAGES.values())))))
def test_command_lines_are_understood(line):
    command = load_command_class("metric_collection", "metric_collection")
    arguments, *_ = re.split(r" [|>&] ", line.replace("ACTION", "status"))
    command.create_parser("manage.py", "metric_collection").parse_args(shlex.split(arguments))


@pytest.mark.parametrize("name", ROUTES)
def test_every_url_is_documented(name):
    assert f"``admin:usage_metrics_{name}``" in reference("system-info")


def test_every_documented_url_exists():
    for name in set(re.findall(r"``(admin:\w+)``", "".join(PAGES.values()))):
        with_key = {"key": "00000000-0000-0000-0000-000000000000"}
        try:
            assert reverse(name)
        except NoReverseMatch:
            assert reverse(name, kwargs=with_key)


@pytest.mark.parametrize("name", metric_collection.__all__)
def test_every_public_name_is_documented(name):
    assert f".. autofunction:: metric_collection.{name}\n" in reference("python")


@pytest.mark.parametrize(
    "name", [name for name, value in vars(signals).items() if isinstance(value, Signal)]
)
def test_every_signal_is_documented(name):
    assert f".. py:data:: metric_collection.signals.{name}\n" in reference("python")


def test_the_documented_facts_are_those_of_the_probes():
    assert regenerated(reference("facts")) == reference("facts"), "Run: python -m tests.tools.facts"


def test_the_facts_of_the_default_probes_are_documented():
    for _probe, fact in registry.declared():
        assert f"``{fact.name.replace('Acme', '<PRODUCT>')}``" in reference("wire-format")


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "block"), blocks("python"))
def test_python_blocks_run(path, block):
    exec(
        compile(block, path, "exec"), {"__name__": "block", "INSTALLED_APPS": [], "MIDDLEWARE": []}
    )


@pytest.mark.parametrize(
    ("path", "block"),
    [each for each in blocks("python") if each[1].startswith("METRIC_COLLECTION_")],
)
def test_documented_settings_are_valid(path, block, settings):
    names: dict = {"MIDDLEWARE": []}
    exec(block, names)
    for name, value in names.items():
        if name.startswith("METRIC_COLLECTION_"):
            setattr(settings, name, value)
    about_settings = {f"usage_metrics.{setting.id}" for setting in conf.declared()}
    assert not about_settings & {message.id for message in checks.check_settings()}


@pytest.mark.parametrize(("path", "block"), blocks("json"))
def test_json_blocks_are_what_a_collector_takes(path, block):
    assert payload.decode(block.encode()) == json.loads(block)


@pytest.mark.django_db
def test_the_documented_test_of_a_host_passes():
    names: dict = {}
    exec(block_with("class MetricsTests"), names)
    case = names["MetricsTests"]("test_the_version_is_reported")
    case.setUpClass()
    case.test_the_version_is_reported()
    case.tearDownClass()


def test_the_documented_probe_is_gathered_and_passes_the_checks(settings, tmp_path, monkeypatch):
    block = block_with("class Language")
    (tmp_path / "acme_probes.py").write_text(block)
    monkeypatch.syspath_prepend(tmp_path)
    settings.METRIC_COLLECTION_PROBES = ["acme_probes.Language"]
    assert registry.gather().facts["language"] == settings.LANGUAGE_CODE
    assert checks.check_settings() == []


@pytest.mark.parametrize(
    "command",
    [
        'python -m pip install -e ".[example]" && python example_project/manage.py demo',
        'python -m pip install -e ".[test]" && python -m pytest',
    ],
)
def test_the_two_commands_stand_in_the_readme_word_for_word(command):
    assert f"    {command}\n" in README


def test_links_and_pictures_of_the_readme_are_absolute_on_pypi():
    tomllib = pytest.importorskip("tomllib", reason="needs Python 3.11 or newer")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    on_pypi = README
    hooks = project["tool"]["hatch"]["metadata"]["hooks"]
    for each in hooks["fancy-pypi-readme"]["substitutions"]:
        on_pypi = re.sub(each["pattern"], each["replacement"], on_pypi)
    found = re.findall(r"(?:`[^`<]*<|image:: )([^>`\s]+)", on_pypi)
    assert len(found) >= len(targets("README.rst"))
    assert all(link.startswith("https://") for link in found)


def targets(path: str) -> list[str]:
    """What a page links to or shows, by paths."""
    links = re.findall(r"`[^`<]*<([^>`]+)>`_", PAGES[path])
    pictures = re.findall(r"\.\. (?:image|figure):: (\S+)", PAGES[path])
    return [each for each in links + pictures if not each.startswith(("https://", "mailto:"))]


@pytest.mark.parametrize(
    ("path", "target"), [(path, target) for path in PAGES for target in targets(path)]
)
def test_links_and_pictures_exist(path, target):
    assert (ROOT / path).parent.joinpath(target).is_file()


@pytest.mark.parametrize("path", PAGES)
def test_external_links_are_well_known(path):
    links = re.findall(r"<https?://([^/>]+)", PAGES[path])
    assert set(links) <= {"cleaninsights.org", "keepachangelog.com", "semver.org", "shields.io"}


@pytest.mark.parametrize("path", [path for path in PAGES if path.startswith("docs/")])
def test_every_page_of_the_documentation_is_in_a_table_of_contents(path):
    page = (ROOT / path).relative_to(ROOT / "docs").with_suffix("")
    parent = page.parent.parent if page.name == "index" else page.parent
    index = (ROOT / "docs" / parent / "index.rst").read_text()
    entry = page.relative_to(parent)
    assert str(page) == "index" or f"\n   {entry}\n" in index


PACKAGE = Path(metric_collection.__file__).parent
NO_CODE = {"__init__.py", "__pycache__", "locale", "migrations", "py.typed", "static", "templates"}
ONE_FILE_A_SUBJECT = {"cleaninsights", "collector", "models", "probes", "recorders"}


def architecture() -> dict[str, str]:
    """The rows of the architecture map: module or package -> contents."""
    text = PAGES["CONTRIBUTING.rst"].partition("\nThe map\n")[2].partition("\nThe map of the")[0]
    return dict(re.findall(r"   \* - ``([\w.]+)/?``\n((?:     .*\n)+)", text))


def test_the_architecture_map_is_complete():
    there = {path.name for path in PACKAGE.iterdir()} - NO_CODE
    assert architecture().keys() == there


def test_the_map_of_the_collector_is_complete():
    text = PAGES["CONTRIBUTING.rst"].partition("\nThe map of the collector\n")[2]
    named = re.findall(r"``([\w.]+)/?``", "".join(re.findall(r"   \* - (.+)\n", text)))
    assert {path.name for path in (PACKAGE / "collector").iterdir()} - NO_CODE <= set(named)


@pytest.mark.parametrize("package", sorted(architecture().keys() - ONE_FILE_A_SUBJECT))
def test_the_architecture_map_names_every_module_of_a_package(package):
    modules = {path.stem for path in (PACKAGE / package).glob("*.py")} - {"__init__"}
    assert all(f"``{module}``" in architecture()[package] for module in modules)


def test_the_paths_that_answer_questions_exist():
    text = PAGES["CONTRIBUTING.rst"].partition("- Answer, below")[2].partition("\nThe map\n")[0]
    text = text.partition("\n")[2]
    paths = re.findall(r"``([\w/]+(?:\.py|/))``", text)
    assert len(paths) >= 5
    for path in paths:
        assert (PACKAGE / path).exists() or list(PACKAGE.glob(f"*/{path}"))


def rows(document: str, *, tables: int = 1) -> list[str]:
    """The rows below the heads of a document's last tables."""
    found = (ROOT / document).read_text().split(".. list-table::")[-tables:]
    return [row for table in found for row in re.split(r"\n   \* - ", table)[2:]]


@pytest.mark.parametrize(
    "row", rows("SECURITY.rst", tables=2), ids=lambda row: row.partition("\n")[0]
)
def test_every_threat_names_tests_that_exist(row):
    shown_by = " ".join(row.rpartition("\n     - ")[2].split())
    named = re.findall(r"- ([^:]+): ``(tests/\S+\.py)``", shown_by)
    assert named
    for claim, path in named:
        assert f"def test_{claim.replace(' ', '_')}(" in (ROOT / path).read_text()


@pytest.mark.parametrize(
    "row", rows("docs/explanation/faults.rst"), ids=lambda row: row.partition("\n")[0]
)
def test_every_fault_names_a_test_that_exists(row):
    named = re.findall(r"``(tests/\S+\.py)::(test_\w+)``", row)
    assert named
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text()


def test_every_test_of_a_fault_stands_in_the_table():
    table = (ROOT / "docs/explanation/faults.rst").read_text()
    for path in ("brokers", "collectors", "databases", "month", "shutdown", "steps"):
        source = (ROOT / f"tests/faults/test_{path}.py").read_text()
        for name in re.findall(r"^def (test_\w+)\(", source, re.MULTILINE):
            assert f"``tests/faults/test_{path}.py::{name}``" in table
