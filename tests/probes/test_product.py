import pytest

from metric_collection.probes.product import Product
from metric_collection.probes.registry import gather


@pytest.fixture(autouse=True)
def acme(settings):
    settings.METRIC_COLLECTION_PRODUCT = "Acme"


def test_the_fact_is_named_after_the_product(settings):
    settings.METRIC_COLLECTION_PRODUCT_VERSION = "24.11.1"
    probe = Product()
    assert [fact.name for fact in probe.facts] == ["Acme Version"]
    assert probe.gather() == {"Acme Version": "24.11.1"}


def test_the_version_may_be_a_dotted_path(settings):
    settings.METRIC_COLLECTION_PRODUCT_VERSION = "metric_collection.__version__"
    assert Product().gather()["Acme Version"] != "metric_collection.__version__"


def test_a_product_without_a_version_has_no_value(settings):
    settings.METRIC_COLLECTION_PRODUCT_VERSION = None
    assert Product().gather() == {"Acme Version": None}


def test_a_version_that_cannot_be_imported_is_not_reported_as_its_path(settings):
    settings.METRIC_COLLECTION_PRODUCT_VERSION = "acme.__version__"
    gathered = gather()
    assert "Acme Version" not in gathered.facts
    assert "metric_collection.probes.Product" in gathered.failed
