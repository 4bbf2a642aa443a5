import subprocess
import sys

import pytest

from metric_collection.probes.modules import EnabledModule, Modules, enabled_modules

from .machines import enabled

OPENED = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" else None)
sys.path.insert(0, {site!r})
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["acme_users"], METRIC_COLLECTION_MODULES=["*"])
django.setup()
from metric_collection.probes.modules import Modules
opened.clear()
assert Modules().gather() == {{"acme-users": "1.0"}}
print(len(opened))
"""


@pytest.fixture(autouse=True)
def share_everything(settings):
    settings.METRIC_COLLECTION_MODULES = ["*"]


def versions(*apps):
    with enabled(*apps):
        return dict(Modules().gather())


def test_an_enabled_distribution_is_reported_with_its_version(site):
    site.install("acme-users", "1.3.2", packages={"acme_users/__init__.py": ""})
    assert versions("acme_users") == {"acme-users": "1.3.2"}


def test_a_name_is_reported_as_its_metadata_spells_it(site):
    site.install("My.Dist_Name", packages={"my_dist_name/__init__.py": ""})
    assert versions("my_dist_name") == {"My.Dist_Name": "1.0"}


def test_an_app_is_found_by_the_path_of_its_config(site):
    config = "from django.apps import AppConfig\nclass Users(AppConfig):\n    name = 'acme_users'\n"
    packages = {"acme_users/__init__.py": "", "acme_users/apps.py": config}
    site.install("acme-users", packages=packages)
    assert versions("acme_users.apps.Users") == {"acme-users": "1.0"}


def test_a_sub_app_belongs_to_the_distribution_around_it(site):
    site.install("acme", packages={"acme/__init__.py": "", "acme/inner/users/__init__.py": ""})
    assert versions("acme.inner.users") == {"acme": "1.0"}


def test_a_distribution_is_reported_once_however_many_apps_it_brings(site):
    site.install("acme", packages={"acme/__init__.py": "", "acme/users/__init__.py": ""})
    with enabled("acme", "acme.users"):
        assert enabled_modules() == [EnabledModule(name="acme", version="1.0", shared=True)]


def test_a_module_is_shared_only_when_the_publisher_names_it(site, settings):
    settings.METRIC_COLLECTION_MODULES = ["acme-*"]
    site.install("acme-users", packages={"acme_users/__init__.py": ""})
    site.install("private", packages={"private_app/__init__.py": ""})
    with enabled("acme_users", "private_app"):
        assert enabled_modules() == [
            EnabledModule(name="acme-users", version="1.0", shared=True),
            EnabledModule(name="private", version="1.0", shared=False),
        ]
        assert Modules().gather() == {"acme-users": "1.0"}


def test_nothing_is_shared_by_default(site, settings):
    del settings.METRIC_COLLECTION_MODULES
    site.install("acme-users", packages={"acme_users/__init__.py": ""})
    assert versions("acme_users") == {}


@pytest.mark.parametrize("pattern", ["acme-users", "ACME_Users", "acme.*", "Acme--*", "*_users"])
def test_a_pattern_matches_a_name_in_any_spelling(site, settings, pattern):
    settings.METRIC_COLLECTION_MODULES = [pattern]
    site.install("Acme_Users", packages={"acme_users/__init__.py": ""})
    assert versions("acme_users") == {"Acme_Users": "1.0"}


def test_an_app_without_a_distribution_is_listed_by_its_package_and_never_shared(site):
    (site.path / "inventory").mkdir()
    (site.path / "inventory" / "__init__.py").touch()
    with enabled("inventory"):
        assert enabled_modules() == [EnabledModule(name="inventory", version=None, shared=False)]
        assert Modules().gather() == {}


def test_every_shared_module_is_declared(site):
    site.install("acme-users", "1.3.2", packages={"acme_users/__init__.py": ""})
    with enabled("acme_users"):
        [fact] = Modules().facts
    assert (fact.name, fact.example) == ("acme-users", "1.3.2")


def test_an_upgrade_is_seen_by_a_process_that_looked_before(site):
    packages = {"acme_users/__init__.py": ""}
    old = site.install("acme-users", "1.0", packages=packages)
    assert versions("acme_users") == {"acme-users": "1.0"}
    old.rename(site.path / "acme_users-1.1.dist-info")
    site.install("acme-users", "1.1", packages=packages)
    assert versions("acme_users") == {"acme-users": "1.1"}


def test_the_number_of_opened_files_does_not_grow_with_the_number_of_distributions(site):
    """In a process of its own, since an audit hook stays for good."""

    def opened():
        script = OPENED.format(site=str(site.path))
        return subprocess.check_output([sys.executable, "-c", script], text=True)

    site.install("acme-users", packages={"acme_users/__init__.py": ""})
    before = opened()
    for number in range(50):
        site.install(f"other-{number}", packages={f"other_{number}/__init__.py": ""})
    assert opened() == before
