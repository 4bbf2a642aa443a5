from __future__ import annotations

import platform

import django
import pytest

from metric_collection.probes.modules import EnabledModule
from metric_collection.system_info.installed import System, system

pytestmark = pytest.mark.django_db


def test_the_system_is_described():
    described = system()
    assert (described.product, described.version) == ("Acme", "1.0")
    assert described.platform["Django"] == django.get_version()
    assert described.platform["Database"].startswith("SQLite 3.")
    assert "django-metric-collection" in {module.name for module in described.modules}


def test_a_product_without_version_is_described(settings):
    settings.METRIC_COLLECTION_PRODUCT_VERSION = None
    assert system().text.startswith("Acme\n\nPlatform\n")
    assert system().json["version"] is None


def test_the_system_is_described_even_if_nothing_of_it_is_sent(settings):
    settings.METRIC_COLLECTION_SELECTION = ["kernel_version"]
    described = system()
    assert (described.product, described.version) == ("Acme", "1.0")
    assert described.platform["Hardware"] == platform.machine()


def test_the_bug_report_names_platform_and_modules():
    lines = system().text.splitlines()
    assert lines[0] == "Acme 1.0"
    assert f"  Django: {django.get_version()}" in lines
    assert f"  Django {django.get_version()}" in lines[lines.index("Modules") :]


def test_the_system_as_json_says_which_modules_are_shared(settings):
    settings.METRIC_COLLECTION_MODULES = ["django"]
    shared = {module["name"]: module["shared"] for module in system().json["modules"]}
    assert shared["Django"]
    assert not shared["django-metric-collection"]


@pytest.mark.parametrize(
    ("number", "gist"),
    [(0, "0 modules, 0 shared"), (1, "1 module, 1 shared"), (2, "2 modules, 2 shared")],
)
def test_the_gist_counts_modules_and_those_in_reports(number, gist):
    module = EnabledModule(name="acme", version="1.0", shared=True)
    system = System(product="Acme", version="1.0", modules=[module] * number, platform={})
    assert system.gist == gist
