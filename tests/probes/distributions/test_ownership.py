import py_compile
import sys
import zipfile

import pytest

from metric_collection.probes.modules import enabled_modules

from ..machines import enabled, header, write


def owner(*apps):
    """The name and version of the one distribution that these apps come from."""
    with enabled(*apps):
        [module] = enabled_modules()
        return module.name, module.version


@pytest.mark.parametrize(
    ("distribution", "package"),
    [
        ("djangorestthing", "rest_thing"),
        ("django-crossheaders", "crossheaders"),
        ("django-strainer", "django_strainers"),
        ("django-openly-toolkit", "openly2_provider"),
        ("sociable-auth-app-django", "sociable_django"),
        ("Cushion", "CSH"),
    ],
)
def test_a_distribution_is_found_by_a_package_of_another_name(site, distribution, package):
    for other in ("acme", "django-other", "headers", "rest"):
        site.install(other, packages={f"{other}_app/__init__.py": ""})
    site.install(distribution, "2.0", packages={f"{package}/__init__.py": ""})
    assert owner(package) == (distribution, "2.0")


def test_a_distribution_of_the_same_name_owns_nothing_that_it_does_not_list(site):
    site.install("acme-users", packages={"something_else.py": ""})
    site.install("zzz", packages={"acme_users/__init__.py": ""})
    assert owner("acme_users") == ("zzz", "1.0")


def test_distributions_that_share_a_namespace_own_their_parts(site):
    site.install("acme-billing", "2.0", packages={"acme_ns/billing/__init__.py": ""})
    site.install("acme-users", "3.0", packages={"acme_ns/users/__init__.py": ""})
    assert owner("acme_ns.billing") == ("acme-billing", "2.0")
    assert owner("acme_ns.users") == ("acme-users", "3.0")


def test_a_plugin_inside_a_package_is_not_its_owner(site):
    site.install("acme-plugin", packages={"acme_core/plugins/one.py": ""})
    site.install("zzz-core", packages={"acme_core/__init__.py": ""})
    assert owner("acme_core") == ("zzz-core", "1.0")


def test_an_app_may_be_a_namespace_package(site):
    site.install("acme", packages={"acme_bare/models.py": ""})
    assert owner("acme_bare") == ("acme", "1.0")


def test_an_app_may_be_a_single_file(site):
    site.install("acme-single", packages={"acme_single.py": ""})
    assert owner("acme_single") == ("acme-single", "1.0")


def test_compiled_code_belongs_to_the_distribution_that_lists_its_source(site):
    site.install("acme", packages={"acme_lean/__init__.py": ""})
    source = site.path / "acme_lean" / "__init__.py"
    py_compile.compile(str(source), cfile=str(source.with_suffix(".pyc")))
    source.unlink()
    assert owner("acme_lean") == ("acme", "1.0")


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("acme.egg-info", {"installed-files.txt": "../acme_old/__init__.py\n"}),
        ("acme.egg-info", {"SOURCES.txt": "setup.py\nacme_old/__init__.py\n"}),
        ("acme.egg-info", {"SOURCES.txt": "src/acme_old/__init__.py\n"}),
        ("acme-1.0-py3.11.egg-info", {"top_level.txt": "acme_old\nother\n"}),
        ("acme_old-1.0-py3.11.egg-info", {}),
        ("Zzz-1.0.egg-info", {"top_level.txt": "acme_old\n"}),
    ],
)
def test_old_metadata_next_to_the_code_is_found(site, name, files):
    write(site.path, {"acme_old/__init__.py": ""})
    write(site.path / name, {"PKG-INFO": header("acme", "1.0"), **files})
    assert owner("acme_old") == ("acme", "1.0")


def test_metadata_may_be_a_single_file(site):
    write(site.path, {"acme_old/__init__.py": "", "acme_old-1.0.egg-info": header("acme", "1.0")})
    assert owner("acme_old") == ("acme", "1.0")


@pytest.mark.parametrize(
    "files",
    [
        {"installed-files.txt": "../other/__init__.py\n"},
        {"top_level.txt": "other\n"},
        {"SOURCES.txt": "other/__init__.py\n", "top_level.txt": "other\n"},
    ],
)
def test_old_metadata_of_something_else_owns_nothing(site, files):
    write(site.path, {"acme_old/__init__.py": ""})
    write(site.path / "acme_old.egg-info", {"PKG-INFO": header("acme", "1.0"), **files})
    assert owner("acme_old") == ("acme_old", None)


def test_a_list_of_files_counts_more_than_a_name(site):
    write(
        site.path / "acme_ns.egg-info", {"PKG-INFO": header("x", "1"), "top_level.txt": "acme_ns"}
    )
    site.install("acme-users", packages={"acme_ns/users/__init__.py": ""})
    assert owner("acme_ns.users") == ("acme-users", "1.0")


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        (b"", ("acme_app", None)),
        (b"Version: 1.0\n", ("acme_app", None)),
        (b"Name:\nVersion: 1.0\n", ("acme_app", None)),
        (b"\x00\xff\xfe not metadata at all", ("acme_app", None)),
        (b"Name: acme-app\n", ("acme-app", None)),
        (b"Name: acme-app\nVersion:\n", ("acme-app", None)),
        (b"Name: acme-app\n\nVersion: 1.0 is not the header's\n", ("acme-app", None)),
        (b"version: 1.0\r\nNAME: acme-app\r\n\r\ntext", ("acme-app", "1.0")),
        (b"Author: Andr\xe9\nName: acme-app\nVersion: 1.0\n", ("acme-app", "1.0")),
        (
            "Name: acme-app\nVersion: 1.0-\udcff\n".encode(errors="surrogateescape"),
            ("acme-app", "1.0-\ufffd"),
        ),
    ],
)
def test_broken_metadata_costs_only_its_own_name_or_version(site, metadata, found):
    folder = site.install("acme-app", packages={"acme_app/__init__.py": ""})
    (folder / "METADATA").write_bytes(metadata)
    assert owner("acme_app") == found


def test_missing_metadata_costs_only_its_own_name(site):
    folder = site.install("acme-app", packages={"acme_app/__init__.py": ""})
    (folder / "METADATA").unlink()
    assert owner("acme_app") == ("acme_app", None)


def test_leftovers_of_an_interrupted_upgrade_are_ignored(site):
    site.install("~cme-app", "0.9", packages={"acme_app/__init__.py": ""})
    site.install("acme-app", packages={"acme_app/__init__.py": ""})
    assert owner("acme_app") == ("acme-app", "1.0")


def test_an_archive_on_the_path_is_ignored(site, monkeypatch, tmp_path):
    archive = tmp_path / "acme.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("acme_zipped/__init__.py", "")
        file.writestr("acme-1.0.dist-info/METADATA", header("acme", "1.0"))
    monkeypatch.syspath_prepend(archive)
    config = "from django.apps import AppConfig\nclass Zipped(AppConfig):\n    name = 'acme_zipped'\n    path = '/nowhere'\n"
    write(site.path, {"zipped_config.py": config})
    assert owner("zipped_config.Zipped") == ("acme_zipped", None)


@pytest.mark.parametrize("oddity", ["/does/not/exist", "", b"bytes", "with\0null"])
def test_oddities_on_the_path_are_ignored(site, monkeypatch, oddity):
    site.install("acme-app", packages={"acme_app/__init__.py": ""})
    monkeypatch.setattr(sys, "path", [*sys.path, oddity])
    assert owner("acme_app") == ("acme-app", "1.0")


def test_code_in_a_folder_that_does_not_match_its_name_has_no_owner(site):
    write(site.path, {"acme_moved.py": "__file__ = '/elsewhere/module.py'\n"})
    assert owner("acme_moved") == ("acme_moved", None)
