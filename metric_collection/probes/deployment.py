"""How the product is deployed: the kinds of its services."""

import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from .probe import Fact

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


class Deployment:
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


# Caches that need no server, and brokers that are always somebody else's.
SERVERLESS = ("DatabaseCache", "DummyCache", "FileBasedCache", "LocMemCache", "DjangoCache")


CLOUDS = {"sqs", "gcpubsub", "azurestoragequeues", "azureservicebus"}


def service_hosts(settings: Any) -> list[set[str]]:
    """The hosts of each database and cache; "" for what is reached by a socket or a file."""
    return [*_database_hosts(settings.DATABASES), *_cache_hosts(settings.CACHES)]


def reaches_out(settings: Any) -> bool:
    """Whether any of the services is reached on another machine than this one."""
    services = [*service_hosts(settings), set(map(host_of, broker_urls(settings)))]
    return any(not is_local(host) for hosts in services for host in hosts)


def broker_urls(settings: Any) -> list[str]:
    """The URLs of Celery's broker, of which several are alternatives; none without Celery."""
    celery = sys.modules.get("celery")
    stated = celery.current_app.conf.broker_url if celery else None
    return _listed(stated or getattr(settings, "CELERY_BROKER_URL", None))


def scheme(url: str) -> str:
    """The kind of a broker: ``redis`` of ``redis+socket:///run/redis.sock``."""
    return url.partition(":")[0].partition("+")[0].lower()


def host_of(address: str) -> str:
    """The host of ``redis://user:password@host:6379/0`` or ``host:11211``; "" for a socket."""
    if scheme(address) in CLOUDS:
        return scheme(address)
    if address.startswith(("unix:", "/")):
        return ""
    return urlsplit(address if "//" in address else f"//{address}").hostname or ""


def is_local(host: str) -> bool:
    """Whether this machine itself is meant."""
    return host in {"", "localhost", "::1"} or host.startswith(("/", "127."))


def _database_hosts(databases: Any) -> list[set[str]]:
    """By database, since a replica has the name of its primary."""
    hosts: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for database in databases.values():
        identity = (str(database.get("ENGINE")), str(database.get("NAME")))
        hosts[identity] |= set(str(database.get("HOST") or "").split(","))
    return list(hosts.values())


def _cache_hosts(caches: Any) -> Iterator[set[str]]:
    for cache in caches.values():
        if not cache["BACKEND"].endswith(SERVERLESS):
            yield set(map(host_of, _listed(cache.get("LOCATION"))))


def _listed(addresses: Any) -> list[str]:
    """Addresses as Django and Celery take them: several in a list, or with separators."""
    if isinstance(addresses, str):
        return [address.strip() for address in addresses.replace(",", ";").split(";")]
    return list(addresses or ())
