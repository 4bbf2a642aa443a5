import pytest

from metric_collection.probes.values.references import resolve

VERSION = "7.5"


def version():
    return VERSION


def broken():
    raise LookupError


@pytest.mark.parametrize(
    "plain", ["1.2", "1.0.dev1", "2024.1-custom", "docker", "", "a..b", "a & b"]
)
def test_a_string_that_is_no_path_is_the_value(plain):
    assert resolve(plain) == plain


@pytest.mark.parametrize("value", [None, True, 5, 2.5])
def test_other_values_are_returned_as_they_are(value):
    assert resolve(value) is value


@pytest.mark.parametrize("path", ["VERSION", "version"])
def test_a_dotted_path_leads_to_a_text_or_a_callable(path):
    assert resolve(f"{__name__}.{path}") == "7.5"


def test_a_callable_is_called():
    assert resolve(version) == "7.5"


@pytest.mark.parametrize("path", ["acme.__version__", "os.nothing", "os.path"])
def test_a_path_that_cannot_be_followed_is_never_the_value(path):
    with pytest.raises(ImportError, match=path.partition(".")[0]):
        resolve(path)


def test_a_script_that_exits_when_it_is_imported_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "acme_script.py").write_text("import sys; sys.exit(2)")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError, match=r"sys\.exit"):
        resolve("acme_script.VERSION")


def test_an_error_of_a_callable_is_raised():
    with pytest.raises(LookupError):
        resolve(broken)
