"""The services that a product's settings name, and the hosts they are on, which are never sent."""

import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

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
