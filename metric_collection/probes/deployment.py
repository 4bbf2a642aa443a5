"""How the product is deployed: the kinds of its services."""

from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings

from .probe import Fact
from .services import broker_urls, host_of, scheme, service_hosts

# Backends that are public. A dotted path of the publisher's or of the operator's is never sent.
CACHES = {
    "django.core.cache.backends.db.DatabaseCache",
    "django.core.cache.backends.dummy.DummyCache",
    "django.core.cache.backends.filebased.FileBasedCache",
    "django.core.cache.backends.locmem.LocMemCache",
    "django.core.cache.backends.memcached.PyLibMCCache",
    "django.core.cache.backends.memcached.PyMemcacheCache",
    "django.core.cache.backends.redis.RedisCache",
    "django_redis.cache.RedisCache",
    "django_valkey.cache.ValkeyCache",
    "diskcache.DjangoCache",
}
STORAGES = {
    "django.core.files.storage.FileSystemStorage",
    "django.core.files.storage.InMemoryStorage",
    "django.core.files.storage.filesystem.FileSystemStorage",
    "django.core.files.storage.memory.InMemoryStorage",
    "storages.backends.azure_storage.AzureStorage",
    "storages.backends.dropbox.DropboxStorage",
    "storages.backends.ftp.FTPStorage",
    "storages.backends.gcloud.GoogleCloudStorage",
    "storages.backends.s3.S3Storage",
    "storages.backends.s3boto3.S3Boto3Storage",
    "storages.backends.sftpstorage.SFTPStorage",
}
BROKERS = {
    "amqp": "RabbitMQ",
    "amqps": "RabbitMQ",
    "pyamqp": "RabbitMQ",
    "redis": "Redis",
    "rediss": "Redis",
    "sentinel": "Redis",
    "sqs": "SQS",
    "filesystem": "filesystem",
    "memory": "memory",
}


class DeploymentProbe:
    """Reports the kinds of services that the settings have; no names, no addresses."""

    facts = (
        Fact(
            name="high_availability",
            description="Whether a database, a cache or the broker has more than one server.",
            example="false",
            purpose="To know whether the loss of a server has to be survived.",
        ),
        Fact(
            name="cache",
            description="The class of the default cache.",
            example="RedisCache",
            purpose="To know which caches to test releases with.",
            coarsened='"other" for every class that is not of Django or a well-known package.',
        ),
        Fact(
            name="broker",
            description="The kind of Celery's broker: RabbitMQ, Redis, SQS, filesystem, memory.",
            example="Redis",
            purpose="To know which brokers to test releases with.",
            coarsened='"other" for any other kind.',
        ),
        Fact(
            name="storage",
            description="The class that stores uploaded files.",
            example="FileSystemStorage",
            purpose="To know which storages to test releases with.",
            coarsened='"other" for every class that is not of Django or a well-known package.',
        ),
    )

    def __init__(self, *, settings: Any = settings) -> None:
        self._settings = settings

    def gather(self) -> Mapping[str, object]:
        brokers = broker_urls(self._settings)
        services = [*service_hosts(self._settings), set(map(host_of, brokers))]
        return {
            "high_availability": any(len(hosts) > 1 for hosts in services),
            "cache": _class_name(self._settings.CACHES, CACHES),
            "broker": BROKERS.get(scheme(brokers[0]), "other") if brokers else None,
            "storage": _class_name(self._settings.STORAGES, STORAGES),
        }


def _class_name(backends: Mapping[str, Any], known: Collection[str]) -> str:
    """The class of the default backend, if it is one that is public."""
    path = backends.get("default", {}).get("BACKEND")
    return str(path).rpartition(".")[2] if path in known else "other"
