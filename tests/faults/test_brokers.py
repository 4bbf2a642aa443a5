"""A broker that refuses, swallows packets, or dies while a worker delivers."""

from __future__ import annotations

from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.campaigns import daily
from tests.harness import admin, brokers
from tests.harness.collector import collecting
from tests.harness.host import LOADS_CELERY, Host, own_name
from tests.harness.ports import swallowing
from tests.harness.relay import relaying

SERVERS = {"Redis": brokers.redis, "RabbitMQ": brokers.rabbitmq}
DELIVER = "metric_collection.deliver"
WORKER = ("worker", "-l", "INFO", "-P", "solo", "-B", "--without-gossip", "--without-mingle")
# kombu can end a worker whose Redis is gone: it asks a connection that it has just closed for its address.
SERVICE_MANAGER = """
import subprocess, sys
while True:
    subprocess.run([sys.executable, "-m", "celery", *sys.argv[1:]])
"""
REPORTS = "SELECT category, state, attempts FROM usage_metrics_report ORDER BY id"
# Everything that a host does outside of its workers.
DAY = f"""{admin.SUPERUSER}
from django.core.management import call_command
from metric_collection import measure_event

call_command("check", verbosity=0)
answers = [client.get("/admin/").status_code, client.get(page).status_code]
measure_event("Search", "Run", "search")
client.get(page)
call_command("metric_collection", "heartbeat", verbosity=0)
answers.append(client.post(page, {{"choice": "off"}}).status_code)
print(json.dumps(answers))
"""


@pytest.fixture
def collector():
    with collecting() as collector:
        yield collector


@pytest.mark.long
def test_nothing_but_a_worker_ever_talks_to_the_broker(tmp_path, collector):
    with swallowing() as broker:
        host = Host(
            tmp_path,
            {"product/urls.py": admin.URLS, **LOADS_CELERY},
            **admin.SETTINGS,
            INSTALLED_APPS=[*admin.APPS, "metric_collection", "django.contrib.admin"],
            METRIC_COLLECTION_COLLECTOR_URL=collector.url,
            METRIC_COLLECTION_CAMPAIGNS={"search": daily()},
            CELERY_RESULT_BACKEND=f"redis://127.0.0.1:{broker.port}/0",
            **brokers.broker_at(f"amqp://127.0.0.1:{broker.port}//"),
        )
        assert host.django(DAY) == [200, 200, 302]
        assert broker.callers() == 0
    assert collector.categories == ["Install"]


@pytest.fixture(params=SERVERS)
def broker(request, tmp_path):
    """A relay to a real broker, and the settings of a host that knows nothing else."""
    with ExitStack() as stack:
        settings = stack.enter_context(SERVERS[request.param]())
        url = urlsplit(settings["CELERY_BROKER_URL"])
        relay = stack.enter_context(relaying(url.hostname, url.port))
        place = url.netloc.rpartition("@")[0] + "@" if "@" in url.netloc else ""
        there = url._replace(netloc=f"{place}127.0.0.1:{relay.port}").geturl()
        yield relay, settings | {"CELERY_BROKER_URL": there}


@pytest.mark.parametrize("fault", ["cut", "swallow"])
def test_a_broker_that_dies_during_a_delivery_loses_and_repeats_nothing(
    tmp_path, collector, broker, fault
):
    relay, settings = broker
    host = Host(
        tmp_path,
        LOADS_CELERY,
        METRIC_COLLECTION_COLLECTOR_URL=collector.url,
        CELERY_BEAT_SCHEDULE={DELIVER: {"schedule": 1}},
        **settings,
    )
    host.manage("migrate").check_returncode()
    collector.delay = 1
    with host.process("-c", SERVICE_MANAGER, "-A", "product", *WORKER, *own_name()) as worker:
        collector.await_arrivals(1)
        getattr(relay, fault)()
        host.configure(METRIC_COLLECTION_PRODUCT_VERSION="2.0")
        host.manage("migrate").check_returncode()
        relay.restore()
        collector.await_arrivals(2, seconds=60)
        worker.await_line(r"deliver\[.*\] succeeded", times=worker.said("succeeded") + 1)
    assert collector.categories == ["Install", "Upgrade"]
    assert host.sql(REPORTS) == [("Install", "delivered", 1), ("Upgrade", "delivered", 1)]
