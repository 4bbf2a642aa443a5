"""Processes that end: their counts are in the database before they are gone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import requests

from tests.campaigns import ALWAYS, daily
from tests.harness.host import LOADS_CELERY, Host

ROOT = Path(__file__).parents[2]
TASKS = """
    from celery import shared_task
    from metric_collection import measure_event

    @shared_task
    def work():
        measure_event("Work", "Done", "use")
"""
USES_THE_DATABASE = "from django.db import connection; connection.ensure_connection(); "
MEASURES = "from metric_collection import measure_event; measure_event('Work', 'Done', 'use')"
COUNTED = "SELECT SUM(times) FROM usage_metrics_measurement"


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    folder = tmp_path_factory.mktemp("product")
    host = Host(
        folder,
        {"product/tasks.py": TASKS},
        METRIC_COLLECTION_CAMPAIGNS={"use": daily(**ALWAYS)},
        METRIC_COLLECTION_STATE_FOLDER=str(folder / "state"),
        CELERY_IMPORTS=["product.tasks"],
    )
    assert host.manage("migrate", "-v", "0").returncode == 0
    return host


@pytest.fixture
def host(product):
    """The product with nothing counted."""
    shutil.rmtree(product.folder / "state", ignore_errors=True)
    (product.folder / "state").mkdir()
    product.sql("DELETE FROM usage_metrics_measurement")
    return product


def test_a_program_that_has_used_the_database_counts_as_it_ends(host):
    host.django(USES_THE_DATABASE + MEASURES)
    assert host.sql(COUNTED) == [(1,)]


def test_a_program_that_has_not_leaves_its_journal_to_the_next(host):
    host.django(MEASURES)
    assert host.sql(COUNTED) == [(None,)]
    host.django("from metric_collection import flush; flush()")
    assert host.sql(COUNTED) == [(1,)]


@pytest.mark.thorough
def test_a_database_that_is_locked_holds_up_no_exit(host):
    source = (
        "import sqlite3, time; from django.conf import settings\n"
        "other = sqlite3.connect(settings.DATABASES['default']['NAME'])\n"
        "other.execute('BEGIN IMMEDIATE')\n"
    )
    # Exit handlers run in reverse order: the one that prints runs last.
    ended = "import atexit, time; atexit.register(lambda: print(time.monotonic() - begun))\n"
    begun = "\nbegun = time.monotonic()"
    assert host.django(ended + source + USES_THE_DATABASE + MEASURES + begun) < 5
    assert host.sql(COUNTED) == [(None,)]


URLS = """
    from django.http import HttpResponse
    from django.urls import path
    from metric_collection import measure_event

    def view(request):
        measure_event("Work", "Done", "use")
        return HttpResponse(status=204)

    urlpatterns = [path("", view)]
"""
WSGI = """
    from django.core.wsgi import get_wsgi_application
    application = get_wsgi_application()
"""


@pytest.mark.thorough
def test_a_web_server_that_is_stopped_after_a_burst_has_counted_every_request(host):
    pytest.importorskip("gunicorn", reason='needs the extra "services"')
    host.write({"product/urls.py": URLS, "product/wsgi.py": WSGI})
    host.configure(ROOT_URLCONF="product.urls", ALLOWED_HOSTS=["*"])
    with host.process("-m", "gunicorn", "product.wsgi", "-w", "4", "-b", "127.0.0.1:0") as server:
        server.await_line("Booting worker", times=4)
        (address,) = re.findall(r"Listening at: (http://\S+)", server.log)
        for _ in range(40):
            assert requests.get(address, timeout=30).status_code == 204
        server.stop()
    assert host.sql(COUNTED) == [(40,)]


@pytest.mark.thorough
def test_the_documented_asgi_application_counts_every_request_at_its_end(host):
    pytest.importorskip("uvicorn", reason='needs the extra "services"')
    page = (ROOT / "docs/howto/campaigns.rst").read_text()
    blocks = re.findall(r"code-block:: python\n\n((?:    .*\n|\n)+)", page)
    (block,) = [block for block in blocks if "lifespan" in block]
    host.write({"product/urls.py": URLS, "product/asgi.py": block})
    host.configure(ROOT_URLCONF="product.urls", ALLOWED_HOSTS=["*"])
    with host.process("-m", "uvicorn", "product.asgi:application", "--port", "0") as server:
        server.await_line("running on")
        (address,) = re.findall(r"running on (http://\S+)", server.log)
        for _ in range(40):
            assert requests.get(address, timeout=30).status_code == 204
        server.stop()
    assert host.sql(COUNTED) == [(40,)]


@pytest.mark.thorough
@pytest.mark.parametrize("pool", ["prefork", "solo", "threads"])
def test_a_worker_that_is_stopped_has_counted_everything(host, pool):
    host.write(LOADS_CELERY)
    with host.celery("worker", "-l", "INFO", "--concurrency", "1", "-P", pool) as worker:
        host.django("from product.tasks import work\nfor _ in range(5): work.delay()")
        worker.await_line(r"work\[.*\] succeeded", times=5)
        worker.stop()
    assert host.sql(COUNTED) == [(5,)]
