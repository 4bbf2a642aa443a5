import pytest

from .machines import Site


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An empty folder on sys.path to install into."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return Site(path=folder)
