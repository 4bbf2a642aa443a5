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
