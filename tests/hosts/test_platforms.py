"""Windows and macOS, simulated by a process without the functions of Unix."""

from __future__ import annotations

import pytest

from tests.campaigns import ALWAYS, daily
from tests.harness.host import DJANGO_SETUP, Host

# Removed before anything else is imported.
ELSEWHERE = """
import os, sys
sys.modules["fcntl"] = None
for name in (
    "register_at_fork", "fork", "geteuid", "getuid", "uname", "sched_getaffinity",
    "O_DIRECTORY", "O_NOFOLLOW", "fstatvfs",
):
    delattr(os, name)
"""
LIFE = """
import io
from django.core.management import call_command
from metric_collection import flush, measure_event
from metric_collection.models import Measurement, Report

said = io.StringIO()
call_command("check", stderr=said)
call_command("migrate", verbosity=0)
for _ in range(3):
    measure_event("Search", "Run", "search")
flush()
(row,) = Measurement.objects.all()
print(json.dumps([said.getvalue(), row.times, [report.category for report in Report.objects.all()]]))
"""


@pytest.fixture
def host(tmp_path):
    return Host(
        tmp_path,
        METRIC_COLLECTION_CAMPAIGNS={"search": daily(**ALWAYS)},
        METRIC_COLLECTION_STATE_FOLDER=str(tmp_path),
    )


def test_everything_works_and_counts_are_kept_in_memory(host):
    said, times, reports = host.python(ELSEWHERE + DJANGO_SETUP + LIFE)
    assert "usage_metrics.W009" in said
    assert "no locks that end with a process" in said
    assert times == 3
    assert reports == ["Install"]


def test_what_is_switched_off_imports_there_too(host):
    assert host.python(
        ELSEWHERE
        + DJANGO_SETUP
        + "from django.core.management import call_command\n"
        + "call_command('check'); call_command('migrate', verbosity=0); print('true')",
        METRIC_COLLECTION="False",
    )


@pytest.mark.thorough
def test_without_a_usable_folder_for_temporary_files_counts_are_kept_in_memory(host):
    host.configure(METRIC_COLLECTION_STATE_FOLDER=None)
    none = "import tempfile\ntempfile._candidate_tempdir_list = lambda: ['/proc/nowhere']\n"
    said, times, reports = host.python(none + DJANGO_SETUP + LIFE)
    assert "No usable temporary directory" in said
    assert (times, reports) == (3, ["Install"])
