import sys
from types import SimpleNamespace

import pytest

from metric_collection.probes import Unknown
from metric_collection.probes.deployment import Deployment

LOCMEM = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
REDIS = "django.core.cache.backends.redis.RedisCache"
FILES = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "NAME": "acme"}


@pytest.fixture
def deploy(monkeypatch):
    """Gather from settings that stand for another product than the one under test."""

    def deploy(*, databases=(), cache=LOCMEM, broker=None, storage=FILES):
        settings = SimpleNamespace(
            DATABASES={str(number): database for number, database in enumerate(databases)},
            CACHES={"default": cache},
            STORAGES={"default": storage},
            CELERY_BROKER_URL=broker,
        )
        return Deployment(settings=settings).gather()

    monkeypatch.delitem(sys.modules, "celery", raising=False)
    return deploy


def redis(*locations):
    return {"BACKEND": REDIS, "LOCATION": list(locations)}


def on(*hosts):
    return [POSTGRESQL | {"HOST": host} for host in hosts]


@pytest.mark.parametrize(
    ("services", "available"),
    [
        ({"databases": on("db1.example", "db2.example")}, True),
        ({"databases": on("db1.example,db2.example")}, True),
        ({"databases": [*on("db.example"), POSTGRESQL | {"NAME": "other", "HOST": "x"}]}, False),
        ({"cache": redis("redis://a.example", "redis://b.example")}, True),
        ({"cache": {"BACKEND": REDIS, "LOCATION": "a.example:1;b.example:2"}}, True),
        ({"broker": "amqp://a.example; amqp://b.example"}, True),
        ({"broker": ["amqp://a.example", "amqp://b.example"]}, True),
        ({"broker": "amqp://a.example"}, False),
    ],
)
def test_a_second_server_for_the_same_service_is_high_availability(deploy, services, available):
    assert deploy(**services)["high_availability"] is available


@pytest.mark.parametrize(
    ("services", "local"),
    [
        ({"databases": on("")}, True),
        ({"databases": on("db.example")}, False),
        ({"cache": redis("redis://a.example")}, False),
        ({"broker": "amqp://a.example"}, False),
        ({"storage": {"BACKEND": "storages.backends.s3.S3Storage"}}, False),
    ],
)
def test_local_mode_is_everything_on_this_machine(deploy, services, local):
    assert deploy(**services)["local_mode"] is local


@pytest.mark.parametrize(
    ("services", "fact", "kind"),
    [
        ({}, "cache", "memory"),
        ({"cache": redis("redis://a")}, "cache", "redis"),
        ({"cache": {"BACKEND": "acme.secret.Cache"}}, "cache", "other"),
        ({"cache": {"BACKEND": "acme.secret.RedisCache"}}, "cache", "other"),
        ({}, "storage", "disk"),
        ({"storage": {"BACKEND": "storages.backends.s3.S3Storage"}}, "storage", "s3"),
        ({"storage": {"BACKEND": "acme.secret.Storage"}}, "storage", "other"),
        ({}, "broker", Unknown("Celery has no broker here")),
        ({"broker": "pyamqp://user:hunter2@a"}, "broker", "rabbitmq"),
        ({"broker": "redis+socket:///run/redis.sock"}, "broker", "redis"),
        ({"broker": "sentinel://a:26379;sentinel://b:26379"}, "broker", "redis"),
        ({"broker": "acme-secret://"}, "broker", "other"),
    ],
)
def test_kinds_are_named_only_when_they_are_public(deploy, services, fact, kind):
    assert deploy(**services)[fact] == kind


def test_the_broker_is_that_of_the_celery_app_if_there_is_one(deploy, monkeypatch):
    app = SimpleNamespace(conf=SimpleNamespace(broker_url="redis://localhost"))
    monkeypatch.setitem(sys.modules, "celery", SimpleNamespace(current_app=app))
    assert deploy(broker="amqp://")["broker"] == "redis"


def test_the_settings_are_those_of_the_product():
    assert Deployment().gather()["storage"] == "disk"
