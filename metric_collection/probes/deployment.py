"""How the product is deployed: the kinds of its services, and where they run."""

import sys
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from .probe import Fact, Unknown

# Public backends. The dotted path of any other is never sent.
CACHES = {
    "django.core.cache.backends.db.DatabaseCache": "database",
    "django.core.cache.backends.dummy.DummyCache": "none",
    "django.core.cache.backends.filebased.FileBasedCache": "disk",
    "django.core.cache.backends.locmem.LocMemCache": "memory",
    "django.core.cache.backends.memcached.PyLibMCCache": "memcached",
    "django.core.cache.backends.memcached.PyMemcacheCache": "memcached",
    "django.core.cache.backends.redis.RedisCache": "redis",
    "django_redis.cache.RedisCache": "redis",
    "django_valkey.cache.ValkeyCache": "valkey",
    "diskcache.DjangoCache": "disk",
}
STORAGES = {
    "django.core.files.storage.FileSystemStorage": "disk",
    "django.core.files.storage.InMemoryStorage": "memory",
    "django.core.files.storage.filesystem.FileSystemStorage": "disk",
    "django.core.files.storage.memory.InMemoryStorage": "memory",
    "storages.backends.azure_storage.AzureStorage": "azure",
    "storages.backends.dropbox.DropboxStorage": "dropbox",
    "storages.backends.ftp.FTPStorage": "ftp",
    "storages.backends.gcloud.GoogleCloudStorage": "gcs",
    "storages.backends.s3.S3Storage": "s3",
    "storages.backends.s3boto3.S3Boto3Storage": "s3",
    "storages.backends.sftpstorage.SFTPStorage": "sftp",
}
BROKERS = {
    "amqp": "rabbitmq",
    "amqps": "rabbitmq",
    "pyamqp": "rabbitmq",
    "redis": "redis",
    "rediss": "redis",
    "sentinel": "redis",
    "sqs": "sqs",
    "filesystem": "disk",
    "memory": "memory",
}
# Caches without a server, and brokers that are always run by somebody else.
SERVERLESS = ("DatabaseCache", "DummyCache", "FileBasedCache", "LocMemCache", "DjangoCache")
CLOUDS = {"sqs", "gcpubsub", "azurestoragequeues", "azureservicebus"}


class Deployment:
    """Reports the kinds of the product's services and how they are spread; no names, no addresses."""

    facts = (
        Fact(
            name="high_availability",
            description="Whether a database, the cache or the broker has more than one server.",
            example="false",
            purpose="To know whether the product has to survive the loss of a server.",
        ),
        Fact(
            name="local_mode",
            description="Whether database, cache, broker and uploaded files are all on this machine.",
            example="true",
            purpose="To know whether the product has to work across machines.",
        ),
        Fact(
            name="cache",
            description="The kind of the default cache: redis, valkey, memcached, database, disk, memory.",
            example="redis",
            purpose="To know which caches to test releases with.",
            coarsened='"other" for every class that is not from Django or a well-known package.',
        ),
        Fact(
            name="broker",
            description="The kind of Celery's broker: rabbitmq, redis, sqs, disk, memory.",
            example="redis",
            purpose="To know which brokers to test releases with.",
            coarsened='"other" for any other kind.',
        ),
        Fact(
            name="storage",
            description="The kind of storage for uploaded files: disk, s3, azure, gcs, sftp and so on.",
            example="disk",
            purpose="To know which storages to test releases with.",
            coarsened='"other" for every class that is not from Django or a well-known package.',
        ),
    )

    def __init__(self, *, settings: Any = settings) -> None:
        self._settings = settings

    def gather(self) -> Mapping[str, object]:
        storage = _kind(self._settings.STORAGES, STORAGES)
        brokers = broker_urls(self._settings)
        no_broker = Unknown("Celery has no broker here")
        return {
            "high_availability": any(len(hosts) > 1 for hosts in service_hosts(self._settings)),
            "local_mode": storage in {"disk", "memory"} and not reaches_out(self._settings),
            "cache": _kind(self._settings.CACHES, CACHES),
            "broker": BROKERS.get(scheme(brokers[0]), "other") if brokers else no_broker,
            "storage": storage,
        }


def _kind(backends: Mapping[str, Any], known: Mapping[str, str]) -> str:
    """The kind of the default backend, if its class is public."""
    return known.get(backends.get("default", {}).get("BACKEND"), "other")


def service_hosts(settings: Any) -> list[set[str]]:
    """The hosts of each database, each cache and the broker; "" for a socket or a file."""
    databases: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for database in settings.DATABASES.values():  # a replica has the name of its primary
        identity = (str(database.get("ENGINE")), str(database.get("NAME")))
        databases[identity] |= set(str(database.get("HOST") or "").split(","))
    caches = [
        set(map(host_of, _listed(cache.get("LOCATION"))))
        for cache in settings.CACHES.values()
        if not cache["BACKEND"].endswith(SERVERLESS)
    ]
    return [*databases.values(), *caches, set(map(host_of, broker_urls(settings)))]


def reaches_out(settings: Any) -> bool:
    """Whether any of the services runs on another machine."""
    hosts = set().union(*service_hosts(settings))
    return any(
        host not in {"", "localhost", "::1"} and not host.startswith(("/", "127."))
        for host in hosts
    )


def broker_urls(settings: Any) -> list[str]:
    """The URLs of Celery's broker, which are alternatives to each other; none without Celery."""
    celery = sys.modules.get("celery")  # not imported into a process that does without it
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


def _listed(addresses: Any) -> list[str]:
    """Addresses as Django and Celery take them: several in a list, or with separators."""
    if isinstance(addresses, str):
        return [address.strip() for address in addresses.replace(",", ";").split(";")]
    return list(addresses or ())
