"""A host's own test run writes nothing and sends nothing, with no configuration for it."""

from __future__ import annotations

import pytest

from tests.harness.host import Host
from tests.harness.ports import swallowing

TEST = """
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command
    from django.test import TestCase

    from metric_collection.reporting.collection import Collection
    from metric_collection.consent.rules import ruling
    from metric_collection.reporting.delivery import Delivery


    class ProductTest(TestCase):
        def test_it_leaves_no_trace(self):
            self.assertFalse(settings.DEBUG)
            call_command("migrate", verbosity=0)
            call_command("metric_collection", "heartbeat", verbosity=0)
            Collection().record()
            Delivery().deliver()
            models = apps.get_app_config("usage_metrics").get_models()
            self.assertEqual([model for model in models if model.objects.exists()], [])
            self.assertEqual(ruling().rule, "test-run")
"""
RUNS = {
    "manage.py test": ["manage.py", "test", "--parallel", "2"],
    "pytest-django": ["-m", "pytest", "-q", "product/tests.py", "product/test_more.py"],
}


@pytest.mark.parametrize(
    "run", ["manage.py test", pytest.param("pytest-django", marks=pytest.mark.thorough)]
)
def test_the_products_own_tests_leave_no_trace(tmp_path, run):
    with swallowing() as collector:
        url = f"http://127.0.0.1:{collector.port}/"
        host = Host(tmp_path, {"product/tests.py": TEST, "product/test_more.py": TEST})
        host.configure(METRIC_COLLECTION_COLLECTOR_URL=url)
        ended = host.run(*RUNS[run])
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "2 passed" in ended.stdout or "Ran 2 tests" in ended.stderr
        assert collector.callers() == 0
