"""Whatever lies among the installed distributions: the modules are listed, and what is sent is text."""

from __future__ import annotations

import shutil
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_collection.cleaninsights import payload
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.cleaninsights.testing import FrozenClock
from metric_collection.probes import registry
from metric_collection.probes.modules import enabled_modules
from tests.probes.conftest import site  # noqa: F401  a folder on sys.path
from tests.probes.machines import enabled, write

from .strategies import examples

NOW = FrozenClock()()
FOLDERS = [b"acme_hostile-1.0.dist-info", b"acme_hostile.egg-info", b"\xff\xfeacme-\x01.dist-info"]
OTHERS = ["PKG-INFO", "top_level.txt", "SOURCES.txt", "direct_url.json", "installed-files.txt"]
NAMES = [b"", b"Name: acme-hostile\n", b"Name: \xff\x00\x1b[31m\n", b"Name: <script>\n"]
LISTED = b"acme_hostile/__init__.py,sha256=x,1\n"

snippets = st.sampled_from(
    [
        b"Name: acme-hostile\n",
        b"Name: \xff\xfe\x00\n",
        b"Name:\n",
        b"name : <script>\n",
        b"Version: 1.0\x00\n",
        b"Version: " + b"9" * 5000 + b"\n",
        b"Version: \xe2\x80\xae0.1\n",
        b"\r\n\r\n",
        b"\n\n",
        LISTED,
        b'{"dir_info": {"editable": true}, "url": "file:///%00%ff"}',
        b'{"dir_info": [], "url": 5}',
        b"[" * 5000,
        b"\x00" * 100,
    ]
)
contents = st.lists(snippets | st.binary(max_size=60), max_size=5).map(b"".join)
folders = st.fixed_dictionaries(
    {"METADATA": st.builds(bytes.__add__, st.sampled_from(NAMES), contents)},
    optional={
        "RECORD": contents.map(LISTED.__add__) | contents,
        **dict.fromkeys(OTHERS, contents | st.none()),
    },
)


@pytest.fixture
def package(site, settings):  # noqa: F811
    """An app of a distribution whose metadata is yet to be written; return the folder for it."""
    settings.METRIC_COLLECTION_MODULES = ["*"]
    write(site.path, {"acme_hostile/__init__.py": "", "acme.pth": b"\xff\x00\nimport nothing"})
    return site.path


def install(place, name: bytes, files) -> None:
    """Write metadata; a file without content is a folder."""
    folder = place / name.decode(errors="surrogateescape")
    folder.mkdir()
    for name, content in files.items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)


def assert_sendable() -> None:
    """Ask all probes, and make what they find the body of a report."""
    gathered = registry.gather()
    assert gathered.failed == []
    events = [
        Event(category="Install", action=name, name=text, period_start=NOW, period_end=NOW)
        for name, text in gathered.facts.items()
    ]
    assert payload.decode(payload.encode(5, events=events))["events"]


@examples(70)
@given(name=st.sampled_from(FOLDERS), files=folders)
def test_any_metadata_is_read_without_a_failure(package, name, files):
    install(package, name, files)
    with enabled("acme_hostile"):
        assert len(enabled_modules()) == 1
        assert_sendable()
    shutil.rmtree(package / name.decode(errors="surrogateescape"))


def test_metadata_of_any_size_is_read_in_time(package):
    huge = b"Name: acme-hostile\nVersion: 1.0\n" + b"x" * 50_000_000
    listed = b"acme_hostile/__init__.py,,\n" + b"nothing/at/all.py,,\n" * 1_000_000
    install(package, FOLDERS[0], {"METADATA": huge, "RECORD": listed})
    begun = time.monotonic()
    with enabled("acme_hostile"):
        (module,) = enabled_modules()
    assert (module.name, module.version) == ("acme-hostile", "1.0")
    assert time.monotonic() - begun < 10
