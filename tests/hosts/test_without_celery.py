"""A host that has no Celery, not even installed: cron runs the command."""

from __future__ import annotations

from tests.harness.collector import collecting
from tests.harness.host import Host

# Found before the real one, wherever that is installed.
NOT_INSTALLED = 'raise ImportError("No module named celery")'
CRON = """
from django.core.management import call_command
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.models import Snapshot

call_command("migrate", verbosity=0)
for hour in range(3):
    call_command("metric_collection", "heartbeat", verbosity=0)
Snapshot.objects.update(heartbeat_due=utc_now())  # as if the day was over
for hour in range(3):
    call_command("metric_collection", "heartbeat", verbosity=0)
print(json.dumps([name for name in sys.modules if name.partition(".")[0] in ("celery", "kombu")]))
"""


def test_cron_delivers_the_install_and_a_heartbeat_a_day(tmp_path):
    with collecting() as collector:
        host = Host(tmp_path, {"celery.py": NOT_INSTALLED, "kombu.py": NOT_INSTALLED})
        host.configure(METRIC_COLLECTION_COLLECTOR_URL=collector.url)
        assert host.django(CRON) == []
    assert collector.categories == ["Install", "Heartbeat"]
