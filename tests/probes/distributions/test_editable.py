import json
import subprocess
import sys
from importlib.util import spec_from_file_location
from urllib.request import pathname2url

import pytest

from metric_collection.probes.modules import enabled_modules

from ..machines import enabled, header, write

PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "{name}"
version = "{version}"
[tool.setuptools]
{layout}
"""
ENABLED = """
import json, site, sys
site.addsitedir(sys.argv[1])
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=sys.argv[2:])
django.setup()
from metric_collection.probes.modules import enabled_modules
print(json.dumps({module.name: module.version for module in enabled_modules()}))
"""


def owners(*apps):
    with enabled(*apps):
        return [(module.name, module.version) for module in enabled_modules()]


@pytest.fixture
def install_editable(site, tmp_path, monkeypatch):
    """Link a project's folder into the site, as PEP 660 has it."""

    def install(name, *, project, code=".", origin=None):
        url = f"file://{pathname2url(str(project))}"
        origin = origin or json.dumps({"url": url, "dir_info": {"editable": True}})
        write(
            site.path,
            {
                f"_{name}.pth": f"{project / code}\n",
                f"{name}-1.0.dist-info/METADATA": header(name, "1.0"),
                f"{name}-1.0.dist-info/RECORD": f"_{name}.pth,,\n",
                f"{name}-1.0.dist-info/direct_url.json": origin,
            },
        )
        monkeypatch.syspath_prepend(project / code)

    return install


def test_code_in_the_folder_of_an_editable_install_is_its_own(install_editable, tmp_path):
    project = write(tmp_path / "my project", {"src/acme_live/__init__.py": ""})
    install_editable("acme", project=project, code="src")
    assert owners("acme_live") == [("acme", "1.0")]


def test_of_nested_editable_installs_the_inner_one_owns_the_code(install_editable, tmp_path):
    project = write(tmp_path / "project", {"libs/inner/acme_inner/__init__.py": ""})
    install_editable("outer", project=project)
    install_editable("inner", project=project / "libs" / "inner")
    assert owners("acme_inner") == [("inner", "1.0")]


def test_code_from_an_import_finder_belongs_to_its_project(install_editable, tmp_path, monkeypatch):
    """As setuptools does it for a package that lies elsewhere than its name says."""

    def find_spec(self, name, path=None, target=None):
        file = tmp_path / "project" / "lib" / "code.py"
        return spec_from_file_location(name, file) if name == "acme_found" else None

    members = {"__module__": "__editable___acme_1_0_finder", "find_spec": find_spec}
    monkeypatch.setattr(sys, "meta_path", [type("Finder", (), members)(), *sys.meta_path])
    install_editable("acme", project=write(tmp_path / "project", {"lib/code.py": ""}))
    assert owners("acme_found") == [("acme", "1.0")]


def test_an_environment_within_a_project_is_not_the_projects(
    install_editable, tmp_path, monkeypatch
):
    project = write(tmp_path / "project", {"venv/lib/site-packages/acme_loose/__init__.py": ""})
    install_editable("acme", project=project, code="venv/lib/site-packages")
    assert owners("acme_loose") == [("acme_loose", None)]


def test_code_beside_the_folder_of_an_editable_install_is_not_its_own(install_editable, tmp_path):
    project = write(tmp_path / "acme", {"readme": ""})
    write(tmp_path / "acme2", {"acme_beside/__init__.py": ""})
    install_editable("acme", project=project, code="../acme2")
    assert owners("acme_beside") == [("acme_beside", None)]


@pytest.mark.parametrize(
    "origin",
    [
        "not json",
        "[]",
        '{"url": "file:///x"}',
        '{"url": 5, "dir_info": {"editable": true}}',
        '{"url": "file:///", "dir_info": {"editable": false}}',
        '{"url": "https://example.org/x.git", "vcs_info": {}}',
    ],
)
def test_an_origin_that_is_not_editable_owns_nothing(install_editable, tmp_path, origin):
    project = write(tmp_path / "project", {"acme_live/__init__.py": ""})
    install_editable("acme", project=project, origin=origin)
    assert owners("acme_live") == [("acme_live", None)]


def test_editable_metadata_counts_more_than_an_old_build_beside_the_code(
    install_editable, tmp_path
):
    project = write(
        tmp_path / "project",
        {
            "acme_live/__init__.py": "",
            "acme.egg-info/PKG-INFO": header("acme", "0.1"),
            "acme.egg-info/SOURCES.txt": "acme_live/__init__.py\n",
        },
    )
    install_editable("acme", project=project)
    assert owners("acme_live") == [("acme", "1.0")]


def test_an_old_develop_install_is_found_by_the_build_beside_its_code(site, tmp_path, monkeypatch):
    project = write(
        tmp_path / "project",
        {
            "acme_dev/__init__.py": "",
            "acme.egg-info/PKG-INFO": header("acme", "0.1"),
            "acme.egg-info/top_level.txt": "acme_dev\n",
        },
    )
    write(site.path, {"acme.egg-link": f"{project}\n.", "easy-install.pth": f"{project}\n"})
    monkeypatch.syspath_prepend(project)
    assert owners("acme_dev") == [("acme", "0.1")]


@pytest.mark.thorough
def test_installations_by_pip_are_found(tmp_path):
    """Plain, editable by a path, and editable by a finder, in a process that starts with them."""
    layouts = {
        "plain": ("acme_plain", "packages = ['acme_plain']"),
        "by-path": ("src/acme_path", "package-dir = {'' = 'src'}\npackages = ['acme_path']"),
        "by-finder": (
            "lib/acme_x",
            "package-dir = {'acme_found' = 'lib/acme_x'}\npackages = ['acme_found']",
        ),
    }
    for name, (package, layout) in layouts.items():
        project = PROJECT.format(name=f"Acme.{name}", version="1.5", layout=layout)
        write(tmp_path / name, {"pyproject.toml": project, f"{package}/__init__.py": ""})
    prefix = tmp_path / "prefix"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    pip += ["--no-index", "--disable-pip-version-check", "--ignore-installed", "--prefix", prefix]
    subprocess.run(
        [*pip, tmp_path / "plain", "-e", tmp_path / "by-path", "-e", tmp_path / "by-finder"],
        check=True,
    )
    [site] = prefix.glob("lib/python*/site-packages")
    apps = ["acme_plain", "acme_path", "acme_found"]
    answer = subprocess.check_output([sys.executable, "-c", ENABLED, site, *apps])
    assert json.loads(answer) == {
        "Acme.plain": "1.5",
        "Acme.by-path": "1.5",
        "Acme.by-finder": "1.5",
    }
