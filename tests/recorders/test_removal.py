"""An app that was removed from INSTALLED_APPS, while MIDDLEWARE and manage.py still name it."""

from __future__ import annotations

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.test.utils import modify_settings

from metric_collection.management import execute_from_command_line
from metric_collection.middleware import RecorderMiddleware


@pytest.fixture(autouse=True)
def removed(product):
    product.METRIC_COLLECTION_RECORDERS = {"requests": "use", "commands": "use"}
    product.MIDDLEWARE = []
    with modify_settings(INSTALLED_APPS={"remove": ["metric_collection"]}):
        yield


def test_the_middleware_removes_itself():
    with pytest.raises(MiddlewareNotUsed, match="INSTALLED_APPS"):
        RecorderMiddleware(lambda request: None)


def test_commands_are_run_and_not_recorded(recorded, capsys):
    execute_from_command_line(["manage.py", "check", "--tag", "models"])
    assert recorded() == {}
