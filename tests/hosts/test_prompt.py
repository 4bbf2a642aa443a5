"""The question before the first command, with a real terminal and real processes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from tests.harness.host import MANAGE, Host

pytestmark = pytest.mark.thorough
ASKING = {
    "manage.py": MANAGE.replace("django.core.management", "metric_collection.management"),
}


def at_terminal(host: Host, typed: str, *arguments: str) -> str:
    """Run a management command at a terminal where somebody types; return what is shown."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    with subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=host.folder,
        env=host._environ({}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:
            pass  # Linux says so at the end
    os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode()


def test_the_first_command_after_migrate_asks_and_no_other(tmp_path):
    host = Host(tmp_path, ASKING)
    host.configure(METRIC_COLLECTION_CONSENT="opt-in", METRIC_COLLECTION_PROMPT=True)
    assert "Y/N" not in at_terminal(host, "y\n", "migrate", "-v", "0")
    assert "Y/N" not in host.manage("check").stdout
    assert "On, because a superuser has agreed." in at_terminal(host, "y\n", "check")
    assert host.sql("SELECT choice FROM usage_metrics_consent") == [("granted",)]
    assert "Y/N" not in at_terminal(host, "n\n", "check")
