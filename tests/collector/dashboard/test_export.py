from __future__ import annotations

import re

import pytest

from metric_collection.collector.dashboard import public_views
from metric_collection.collector.dashboard.export import ExportError, export
from metric_collection.collector.models import Fact, Publication, Site, Span
from metric_collection.collector.publishing import publications
from metric_collection.collector.publishing.erasing import forget_site
from tests.collector.rows import NOW, grow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site(monkeypatch):
    monkeypatch.setattr(public_views, "utc_now", lambda: NOW)
    site = grow(days=40)
    Site.objects.update(is_public=True)
    Fact.objects.filter(is_declared=True).update(is_public=True)
    publications.publish(NOW)
    return site


def test_the_folder_has_every_publication_byte_for_byte(tmp_path):
    export(tmp_path)
    for row in Publication.objects.filter(span=Span.DAY):
        assert (tmp_path / f"acme/days/{row.start}.json").read_text() == row.body


def test_every_link_of_the_pages_leads_to_a_file(tmp_path):
    export(tmp_path)
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) == 3
    for page in pages:
        for link in re.findall(r'href="([^"#]+)"', page.read_text()):
            target = page.parent / link
            assert (target / "index.html" if target.is_dir() else target).is_file()


def test_a_second_export_writes_what_is_new_and_nothing_else(tmp_path):
    assert export(tmp_path)[0] > 40
    assert export(tmp_path) == (0, 0)
    (tmp_path / "acme/badge.json").write_text("{}")
    assert export(tmp_path) == (1, 0)


def test_private_sites_are_not_exported(tmp_path):
    Site.objects.update(is_public=False)
    export(tmp_path)
    assert not (tmp_path / "acme").exists()


def test_what_is_not_public_any_more_is_removed_with_its_folders(tmp_path, site):
    export(tmp_path)
    forget_site(site, before=NOW.date())
    assert export(tmp_path)[1] > 40
    assert not (tmp_path / "acme/days").exists()
    assert (tmp_path / "acme/index.html").is_file()
    Site.objects.update(is_public=False)
    assert export(tmp_path)[1] > 4
    assert {each.name for each in tmp_path.iterdir()} == {
        "index.html",
        "collector.css",
        ".exported",
    }


def test_files_that_no_export_wrote_are_left_alone(tmp_path):
    folder, outside = tmp_path / "public", tmp_path / "outside.json"
    export(folder)
    others = [folder / "CNAME", folder / "acme/logo.svg", folder / "acme/days/1999-01-01.json"]
    for each in (*others, outside):
        each.write_text("mine")
    with (folder / ".exported").open("a") as listing:
        listing.write(f"../outside.json\n{outside}\nacme\n\nacme/missing.json\n")
    Site.objects.update(is_public=False)
    export(folder)
    for each in (*others, outside):
        assert each.read_text() == "mine"
    assert not (folder / "acme/index.html").exists()


def test_an_export_that_failed_halfway_leaves_nothing_behind_for_good(tmp_path):
    (tmp_path / "acme/data.json").mkdir(parents=True)
    with pytest.raises(ExportError, match="cannot be written to"):
        export(tmp_path)
    assert (tmp_path / "acme/index.html").is_file()
    (tmp_path / "acme/data.json").rmdir()
    Site.objects.update(is_public=False)
    export(tmp_path)
    assert not (tmp_path / "acme").exists()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="file cannot be written to"):
        export(tmp_path / "file")
