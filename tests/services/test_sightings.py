"""Processes as they really come: web processes forked of one that was loaded, a worker with children."""

from __future__ import annotations

import json

import pytest

FOUR_TASKS = """
    from metric_collection.tasks import heartbeat
    for _ in range(4):
        heartbeat.delay()
"""
PREFORK = """
    import os
    import django.db
    from wsgiref.util import setup_testing_defaults
    from django.core.wsgi import get_wsgi_application

    def answer():
        environ = {}
        setup_testing_defaults(environ)
        response = application(environ, lambda status, headers: None)
        list(response)
        response.close()

    application = get_wsgi_application()
    answer()
    django.db.connections.close_all()
    for _ in range(2):
        if os.fork() == 0:
            answer()
            answer()
            os._exit(0)
    assert [os.wait()[1] for _ in range(2)] == [0, 0]
"""


@pytest.mark.thorough
def test_each_web_process_is_counted_after_a_fork_and_a_worker_once(host, collector):
    host.configure(
        ROOT_URLCONF="product.urls",
        ALLOWED_HOSTS=["*"],
        METRIC_COLLECTION_PROBES=["metric_collection.probes.Processes"],
    )
    host.write({"product/urls.py": "urlpatterns = []"})
    with host.celery("worker", "-l", "INFO", "--concurrency", "2") as worker:
        worker.await_line(r"deliver\[.*\] succeeded")
        host.django(FOUR_TASKS)
        worker.await_line(r"heartbeat\[.*\] succeeded", times=4)
        host.django(PREFORK)
    preview = json.loads(host.manage("metric_collection", "preview").stdout)
    facts = {event["action"]: event["name"] for event in preview["events"]}
    assert (facts["web_processes"], facts["celery_workers"]) == ("2-4", "1")
