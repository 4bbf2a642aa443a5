"""A product changes from openwisp_utils.metric_collection to this app: a no given there stays a no."""

from __future__ import annotations

import os

import pytest

from tests.harness.host import Host

PEER = "openwisp_utils.metric_collection"
OURS = "metric_collection"
APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
# As their own page leaves it; an update as theirs would post to their collector.
ANSWER = """
from openwisp_utils.metric_collection.models import Consent
Consent.objects.create(shown_once=True, user_consented=sys.argv[1] == "yes")
print(json.dumps(Consent.objects.get().user_consented))
"""
STATE = """
from metric_collection.consent.rules import ruling
from metric_collection.models import Consent
print(json.dumps([Consent.objects.current().choice, ruling().sends]))
"""


@pytest.fixture
def peers():
    """The folder with the real package, as it comes from PyPI."""
    folder = os.environ.get("TEST_OPENWISP_UTILS")
    if not folder:
        pytest.skip(
            "TEST_OPENWISP_UTILS is not set; python -m pip install --no-deps --target FOLDER"
            " openwisp-utils==1.3.1 django-model-utils distro swapper, and set it to FOLDER"
        )
    return folder


@pytest.fixture
def host(tmp_path, peers):
    """A product with the other app; DEBUG keeps that from contacting anybody when it migrates."""
    host = Host(tmp_path, INSTALLED_APPS=[*APPS, PEER], DEBUG=True)
    host.environ["PYTHONPATH"] = peers
    return host


# What their migrate records when DEBUG is off.
HISTORY = """
from openwisp_utils.metric_collection.models import OpenwispVersion
OpenwispVersion.log_module_version_changes({"OpenWISP Version": "24.11.1", "openwisp-users": "1.1.0"})
print(json.dumps(OpenwispVersion.objects.count()))
"""
CATEGORIES = """
from metric_collection.models import Change, Report
print(json.dumps([list(Change.objects.order_by("id").values_list("category", flat=True)),
                  list(Report.objects.values_list("category", flat=True))]))
"""


def migrate(host):
    migrated = host.manage("migrate")
    assert migrated.returncode == 0, migrated.stderr


@pytest.mark.parametrize(
    ("answer", "apps", "state"),
    [
        ("no", [OURS], ["denied", False]),
        ("no", [PEER, OURS], ["denied", False]),
        ("yes", [OURS], ["unknown", True]),
    ],
    ids=["a no", "a no, with both apps side by side", "silence"],
)
def test_what_the_operator_decided_there_holds_here(answer, apps, state, host):
    migrate(host)
    assert host.django(ANSWER, answer) is (answer == "yes")
    host.configure(INSTALLED_APPS=[*APPS, *apps])
    migrate(host)
    host.configure(DEBUG=False)
    assert host.django(STATE) == state


def test_their_version_history_is_adopted_and_no_second_install_is_reported(host):
    migrate(host)
    assert host.django(HISTORY) == 1
    host.configure(INSTALLED_APPS=[*APPS, OURS], METRIC_COLLECTION_PRODUCT="OpenWISP", DEBUG=False)
    host.configure(METRIC_COLLECTION_PRODUCT_VERSION="25.10.0")
    migrate(host)
    assert host.django(CATEGORIES) == [["Install", "Upgrade"], ["Upgrade"]]
