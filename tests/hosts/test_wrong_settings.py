"""A wrong setting of the publisher's is a warning: it stops no command of an operator's."""

from __future__ import annotations

import pytest

from tests.harness.host import Host

WRONG = {
    "METRIC_COLLECTION_TIMEOUT": "10",
    "METRIC_COLLECTION_SITE_ID": None,
    "METRIC_COLLECTION_COUNTS": {"devices": "shop.Device"},
    "METRIC_COLLECTION_PROBES": ["shop.probes.Nowhere"],
}
TEST = """
    from django.test import TestCase

    class ProductTest(TestCase):
        def test_it_runs(self):
            pass
"""
COMMANDS = {
    "migrate": [],
    "createsuperuser --noinput --username one --email one@example.org": [],
    "metric_collection heartbeat -v 0": [],
    "metric_collection opt-out": [],
    "metric_collection opt-out --settings product.settings -v 0 --no-color": [],
    "test": ["METRIC_COLLECTION_TIMEOUT is '10'"],
    "check": ["METRIC_COLLECTION_TIMEOUT is '10'", "'shop.Device' is not a model", "Nowhere"],
}
NEXT = "---- next command ----"
# In one process, which exits at the first command that fails.
RUN_ALL = f"""
import sys
from django.core.management import execute_from_command_line

for command in sys.argv[1:]:
    sys.stderr.write({NEXT!r})
    sys.argv = ["manage.py", *command.split()]
    execute_from_command_line(sys.argv)
"""


def test_commands_of_operators_succeed(tmp_path):
    host = Host(tmp_path, {"product/tests.py": TEST}, **WRONG)
    ended = host.run("-c", RUN_ALL, *COMMANDS)
    assert ended.returncode == 0, ended.stderr
    stderr = dict(zip(COMMANDS, ended.stderr.split(NEXT)[1:], strict=True))
    for command, said in COMMANDS.items():
        assert [text for text in said if text not in stderr[command]] == []


@pytest.mark.thorough
def test_a_publishers_own_ci_can_fail(tmp_path):
    host = Host(tmp_path)
    check = ["check", "--tag", "usage_metrics", "--fail-level", "WARNING"]
    assert host.manage(*check).returncode == 0
    host.configure(**WRONG)
    assert host.manage(*check).returncode == 1
