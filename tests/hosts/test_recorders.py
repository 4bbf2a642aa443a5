"""Recorders in real processes: a manage.py, a worker with children, and what they leave to each other."""

from __future__ import annotations

import json

import pytest

from tests.campaigns import ALWAYS, daily
from tests.harness.host import LOADS_CELERY, Host

MANAGE = """
    import sys
    from metric_collection.management import execute_from_command_line
    if __name__ == "__main__":
        execute_from_command_line(sys.argv)
"""
TASKS = """
    from celery import shared_task

    class OutOfPaper(Exception):
        pass

    @shared_task(bind=True, max_retries=1, default_retry_delay=0)
    def tidy(self, how):
        if how == "retry" and not self.request.retries:
            raise self.retry()
        if how == "fail":
            raise OutOfPaper(how)
"""
THEIRS = """
    from celery import shared_task

    @shared_task
    def follow():
        pass
"""
SEND = """
    from product.tasks import tidy
    for how in ("well", "well", "retry", "fail"):
        tidy.delay(how)
"""
LOADED = "print(json.dumps(list(sys.modules)))"
RUNNING = {"recorders", "receivers", "flushing", "middleware"}
RECORDED = {
    ("Tasks", "Succeeded", "product.tasks.tidy"): 3,
    ("Tasks", "Retried", "product.tasks.tidy"): 1,
    ("Tasks", "Failed", "product.tasks.tidy"): 1,
    ("Errors", "product.tasks", "OutOfPaper"): 1,
    ("Commands", "Succeeded", "migrate"): 1,
    ("Commands", "Failed", "migrate"): 1,
}


@pytest.fixture
def host(tmp_path):
    (tmp_path / "state").mkdir()
    return Host(
        tmp_path,
        {**LOADS_CELERY, "manage.py": MANAGE, "product/tasks.py": TASKS, "theirs.py": THEIRS},
        METRIC_COLLECTION_CAMPAIGNS={"use": daily(**ALWAYS)},
        METRIC_COLLECTION_RECORDERS=dict.fromkeys(("tasks", "errors", "commands"), "use"),
        METRIC_COLLECTION_PACKAGES=["product"],
        METRIC_COLLECTION_STATE_FOLDER=str(tmp_path / "state"),
        CELERY_IMPORTS=["product.tasks", "theirs"],
    )


@pytest.mark.thorough
def test_records_of_commands_and_of_a_killed_worker_are_counted_by_the_next_process(host):
    assert host.manage("migrate").returncode == 0
    assert host.manage("migrate", "no_such_app").returncode == 1
    host.django(SEND)
    with host.celery("worker", "-l", "INFO", "--concurrency", "1") as worker:
        worker.await_line(r"tidy\[.*\] succeeded", times=3)
        worker.await_line(r"tidy\[.*\] raised unexpected")
        host.django("from theirs import follow; follow.delay()")
        worker.await_line(r"follow\[.*\] succeeded")  # so what it follows is over, and recorded
        worker.kill()
    host.manage("metric_collection", "heartbeat")
    rows = host.sql("SELECT identity, times FROM usage_metrics_measurement")
    assert {tuple(json.loads(identity)[1:]): times for identity, times in rows} == RECORDED


def test_recorders_are_not_imported_at_start(host):
    ours = [name for name in host.django(LOADED) if name.startswith("metric_collection")]
    assert "metric_collection.models" in ours
    assert not {name.split(".")[1] for name in ours if "." in name} & RUNNING
