"""Messages that nobody of ours has sent: a worker logs them, and lives on."""

from __future__ import annotations

import base64
import json
import pickle
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_collection import tasks
from metric_collection.models import Report, Snapshot
from tests.harness.collector import collecting
from tests.harness.host import LOADS_CELERY, Host

from .strategies import moderate, texts

WORKER = ("worker", "-l", "INFO", "-P", "solo", "--without-gossip", "--without-mingle")
HEARTBEAT, DELIVER = "metric_collection.heartbeat", "metric_collection.deliver"


of_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.django_db
@pytest.mark.parametrize("task", [tasks.heartbeat, tasks.deliver])
@moderate
@given(arguments=st.lists(of_json, max_size=3), named=st.dictionaries(texts, of_json, max_size=3))
def test_a_task_with_any_arguments_fails_before_it_does_anything(task, arguments, named, caplog):
    caplog.set_level("CRITICAL", "celery")  # pytest-xdist cannot pass on every text that is logged
    if arguments or named:
        done = task.apply(args=arguments, kwargs=named)
        assert isinstance(done.result, TypeError)
        assert not Snapshot.objects.exists()
        assert not Report.objects.exists()


class Bomb:
    """Whoever unpickles it makes a file."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def message(task: str, body: object, **properties: object) -> str:
    """A message as the broker holds it (Celery's protocol 2 over Kombu's envelope)."""
    number = str(uuid.uuid4())
    headers = {"lang": "py", "task": task, "id": number, "root_id": number, "argsrepr": "\x1b[31m"}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    delivery = {"exchange": "", "routing_key": "celery"}
    return json.dumps(
        {
            "body": base64.b64encode(raw).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": headers,
            "properties": {
                "body_encoding": "base64",
                "correlation_id": number,
                "delivery_info": delivery,
                "delivery_mode": 2,
                "delivery_tag": number,
                "priority": 0,
            },
            **properties,
        }
    )


@pytest.fixture
def host(tmp_path):
    """A product whose broker is a folder, with nothing to deliver."""
    with collecting() as collector:
        host = Host(tmp_path, LOADS_CELERY, METRIC_COLLECTION_COLLECTOR_URL=collector.url)
        host.manage("migrate").check_returncode()
        host.manage("metric_collection", "send").check_returncode()
        assert collector.categories == ["Install"]
        yield host
        assert collector.categories == ["Install"]


@pytest.mark.thorough
def test_a_hostile_message_does_nothing_but_be_logged(host, tmp_path):
    plain = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    hostile = [
        message(HEARTBEAT, [["http://127.0.0.1:9/"], {}, plain]),
        message(HEARTBEAT, [[], {"url": "http://127.0.0.1:9/"}, plain]),
        message(HEARTBEAT, [["x" * 1_000_000], {"__class__": 1}, plain]),
        message(HEARTBEAT, b"\x00\xff not even JSON"),
        message(
            DELIVER,
            pickle.dumps(Bomb(tmp_path / "bomb")),
            **{"content-type": "application/x-python-serialize", "content-encoding": "binary"},
        ),
        message("metric_collection.reporting.delivery.Delivery", [[], {}, plain]),
        message(DELIVER, [[], {"hurried": True}, plain]),
    ]
    for number, text in enumerate(hostile):
        (tmp_path / "broker" / f"{number}_hostile.celery.msg").write_text(text)
    with host.celery(*WORKER) as worker:
        worker.await_line(r"deliver\[.*\] succeeded")
        worker.await_line("TypeError", times=2)
        worker.await_line(
            "Received unregistered task of type 'metric_collection.reporting.delivery.Delivery'"
        )
    assert not (tmp_path / "bomb").exists()
    assert list((tmp_path / "broker").glob("*_hostile*")) == []
