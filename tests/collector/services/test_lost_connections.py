"""The server ends the worker's session, as its restart does, and is there again a moment later."""

from __future__ import annotations

import pytest

WORK = """
import logging
from django.db import connection
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector import work
from metric_collection.collector.door import inbox
from metric_collection.collector.models import Arrival, Site, Work
from tests.collector.reports import report

ENDS = {"postgresql": "SELECT pg_terminate_backend(%s)", "mysql": "KILL %s"}
connection.settings_dict["CONN_MAX_AGE"] = None
logged = []
log = logging.getLogger("metric_collection.collector")
log.addFilter(lambda record: logged.append(record.levelname))

def end_session():
    if connection.vendor == "sqlite":
        return
    session = connection.connection
    number = session.info.backend_pid if connection.vendor == "postgresql" else session.thread_id()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute(ENDS[connection.vendor], [number])
    other.close()

def put_and_end_session():
    now = utc_now()
    inbox.put(site_id=5, key=None, body=report(at=now), source="door", now=now)
    end_session()

def lose_connection(now):
    put_and_end_session()
    Work.objects.count()

Site.objects.get_or_create(id=5, name="Acme", slug="acme")
Work.objects.all().delete()
work.run_due(utc_now())
put_and_end_session()
minutes = work.run_forever(sleep=lambda _: None)
next(minutes), next(minutes)
between_jobs = Arrival.objects.filter(site_id=5).count()
jobs = work.Job(name="unlucky", run=lose_connection, every=work.ALWAYS), *work.COUNTING
work.run_due(utc_now(), jobs)
within_a_job = Arrival.objects.filter(site_id=5).count()
outcome = Work.objects.get(name="unlucky").outcome
print(json.dumps([connection.vendor, between_jobs, within_a_job, outcome, logged]))
"""


@pytest.mark.thorough
def test_a_worker_counts_again_after_its_database_session_was_ended(host):
    vendor, between_jobs, within_a_job, outcome, logged = host.django(WORK)
    # The minute that finds the connection lost counts nothing, the next one everything.
    assert (between_jobs, within_a_job) == (0, 0)
    if vendor != "sqlite":
        assert (outcome, logged) == ("failed", ["WARNING", "WARNING"])
