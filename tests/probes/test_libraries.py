import pytest

from metric_collection.probes.libraries import Libraries

from .machines import header, write


@pytest.mark.parametrize("name", ["net-diff", "Net_Diff", "NET.DIFF"])
def test_a_library_is_reported_whenever_installed(site, settings, name):
    settings.METRIC_COLLECTION_LIBRARIES = [name, "not-installed"]
    site.install("Net_Diff", "1.2", packages={"net_diff.py": ""})
    assert Libraries().gather() == {"Net_Diff": "1.2"}
    assert [(fact.name, fact.example) for fact in Libraries().facts] == [("Net_Diff", "1.2")]


def test_a_similar_name_is_another_library(site, settings):
    settings.METRIC_COLLECTION_LIBRARIES = ["net-diff"]
    site.install("netdiff", packages={"netdiff.py": ""})
    assert Libraries().gather() == {}


def test_a_library_without_metadata_is_not_reported(site, settings):
    settings.METRIC_COLLECTION_LIBRARIES = ["netdiff"]
    (site.path / "netdiff-1.0.dist-info").mkdir()
    assert Libraries().gather() == {}


def test_the_first_on_the_path_counts(site, settings, tmp_path, monkeypatch):
    settings.METRIC_COLLECTION_LIBRARIES = ["netdiff"]
    site.install("netdiff", "1.0", packages={})
    write(tmp_path / "later" / "netdiff-2.0.dist-info", {"METADATA": header("netdiff", "2.0")})
    monkeypatch.setattr("sys.path", [str(site.path), str(tmp_path / "later")])
    assert Libraries().gather() == {"netdiff": "1.0"}
