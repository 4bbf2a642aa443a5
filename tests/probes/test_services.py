import sys
from types import SimpleNamespace

import pytest

from metric_collection.probes.deployment import reaches_out

REDIS = "django.core.cache.backends.redis.RedisCache"
LOCMEM = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}


def redis(*locations):
    return {"BACKEND": REDIS, "LOCATION": list(locations)}


def on(host):
    return {"ENGINE": "django.db.backends.postgresql", "NAME": "acme", "HOST": host}


@pytest.mark.parametrize(
    ("services", "elsewhere"),
    [
        ({}, False),
        ({"database": on("")}, False),
        ({"database": on("/run/postgresql")}, False),
        ({"database": on("localhost")}, False),
        ({"database": on("db.example")}, True),
        ({"cache": redis("redis://127.0.0.1:6379/0")}, False),
        ({"cache": redis("unix:/run/memcached.sock", "/run/other.sock")}, False),
        ({"cache": {"BACKEND": REDIS, "LOCATION": "10.0.0.5:11211"}}, True),
        ({"cache": {"BACKEND": REDIS}}, False),
        ({"cache": LOCMEM | {"LOCATION": "some-name"}}, False),
        ({"broker": "amqp://"}, False),
        ({"broker": "redis://:hunter2@[::1]:6379/0"}, False),
        ({"broker": "redis://:hunter2@queue.example:6379/0"}, True),
        ({"broker": "sqs://"}, True),
    ],
)
def test_a_service_is_elsewhere_when_its_host_is_another(monkeypatch, services, elsewhere):
    monkeypatch.delitem(sys.modules, "celery", raising=False)
    settings = SimpleNamespace(
        DATABASES={"default": services.get("database", SQLITE)},
        CACHES={"default": services.get("cache", LOCMEM)},
        CELERY_BROKER_URL=services.get("broker"),
    )
    assert reaches_out(settings) is elsewhere
