"""A broker for a host's Celery app: a folder, or queues of its own on the server in the environment."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kombu import Connection


def url_of(variable: str, example: str) -> str:
    """The URL in an environment variable; without it the test is skipped."""
    url = os.environ.get(variable)
    return url or pytest.skip(f"{variable} is not set; start the server and set it to {example}")


def broker_at(url: str, **options: Any) -> dict[str, Any]:
    """Celery settings for the broker at this URL, in place of the folder that hosts have by themselves."""
    return {
        "CELERY_BROKER_URL": url,
        "CELERY_BROKER_TRANSPORT": None,
        "CELERY_BROKER_TRANSPORT_OPTIONS": options,
    }


@contextmanager
def folder() -> Iterator[dict[str, Any]]:
    """What a host has by itself."""
    yield {}


@contextmanager
def redis() -> Iterator[dict[str, Any]]:
    """Keys with a prefix on the Redis of TEST_REDIS_URL, deleted in the end."""
    url = url_of("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
    server = pytest.importorskip("redis", reason='needs the extra "services"').from_url(url)
    prefix = f"metric_collection_{uuid.uuid4().hex}:"
    try:
        yield broker_at(url, global_keyprefix=prefix)
    finally:
        server.delete(*server.scan_iter(f"{prefix}*"), prefix)
        server.close()


@contextmanager
def rabbitmq() -> Iterator[dict[str, Any]]:
    """A queue on the RabbitMQ of TEST_AMQP_URL, deleted in the end."""
    url = url_of("TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//")
    name = f"metric_collection_{uuid.uuid4().hex}"
    try:
        yield {**broker_at(url), "CELERY_TASK_DEFAULT_QUEUE": name}
    finally:
        with Connection(url) as connection:
            connection.default_channel.queue_delete(name)
            connection.default_channel.exchange_delete(name)
