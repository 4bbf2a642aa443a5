"""The services that the settings name, and where they are: asked of, and told to nobody."""

import sys
from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

# Caches and brokers that need no server, and brokers that are always somebody else's.
SERVERLESS = ("DatabaseCache", "DummyCache", "FileBasedCache", "LocMemCache", "DjangoCache")
CLOUDS = {"sqs", "gcpubsub", "azurestoragequeues", "azureservicebus"}


def service_hosts() -> list[set[str]]:
    """The hosts of each service; "" for what is reached by a socket or a file."""
    return [*_database_hosts(), *_cache_hosts(), {_host(url) for url in broker_urls()}]


def broker_urls() -> list[str]:
    """The URLs of Celery's broker, of which several are alternatives; none without Celery."""
    celery = sys.modules.get("celery")
    stated = celery.current_app.conf.broker_url if celery else None
    stated = stated or getattr(settings, "CELERY_BROKER_URL", None) or ()
    return stated.split(";") if isinstance(stated, str) else list(stated)


def scheme(url: str) -> str:
    """The kind of a broker: ``redis`` of ``redis+socket:///run/redis.sock``."""
    return url.partition(":")[0].partition("+")[0].lower()


def is_local(host: str) -> bool:
    """Whether this machine itself is meant."""
    return host in {"", "localhost", "::1"} or host.startswith(("/", "127."))


def _database_hosts() -> list[set[str]]:
    """By database, since a replica has the name of its primary."""
    hosts: defaultdict[tuple[object, ...], set[str]] = defaultdict(set)
    for database in settings.DATABASES.values():
        identity = (database.get("ENGINE"), str(database.get("NAME")))
        hosts[identity] |= set(str(database.get("HOST") or "").split(","))
    return list(hosts.values())


def _cache_hosts() -> Iterator[set[str]]:
    for cache in settings.CACHES.values():
        if not cache["BACKEND"].endswith(SERVERLESS):
            locations = cache.get("LOCATION") or ""
            locations = (
                locations.replace(";", ",").split(",") if isinstance(locations, str) else locations
            )
            yield {_host(location) for location in locations}


def _host(address: str) -> str:
    """The host of ``redis://user:password@host:6379/0`` or ``host:11211``."""
    if scheme(address) in CLOUDS:
        return scheme(address)
    address = address if "//" in address else f"//{address}"
    return urlsplit(address).hostname or ""
