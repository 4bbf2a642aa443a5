"""The broker without a server that example_project and the hosts of these tests have."""

from __future__ import annotations

import runpy
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import Empty

import pytest
from kombu import Connection, Exchange, Queue

from tests.harness.host import BROKER

MESSAGES, QUEUES = 500, 200


@pytest.fixture
def connect(tmp_path):
    """connect() -> a new connection to the broker, which is a folder of the test's own."""
    options = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": str(tmp_path / "control"),
    }
    transport = runpy.run_path(str(BROKER))["Transport"]
    return partial(Connection, "filesystem://", transport=transport, transport_options=options)


def test_each_message_is_read_once_and_whole_while_others_are_written(connect):
    everything_is_sent = threading.Event()

    def send():
        with connect() as connection, connection.SimpleQueue("letters") as queue:
            for number in range(MESSAGES):
                queue.put(number)
        everything_is_sent.set()

    def receive():
        numbers = []
        with connect() as connection, connection.SimpleQueue("letters") as queue:
            while True:
                is_last_look = everything_is_sent.is_set()
                try:
                    message = queue.get(block=False)
                except Empty:
                    if is_last_look:
                        return numbers
                else:
                    message.ack()
                    numbers.append(message.payload)

    with connect() as connection, connection.SimpleQueue("letters"):
        pass  # the threads of one process share what is declared
    with ThreadPoolExecutor() as pool:
        receivers = [pool.submit(receive), pool.submit(receive)]
        pool.submit(send).result()
        received = [number for receiver in receivers for number in receiver.result()]
    assert sorted(received) == list(range(MESSAGES))


def test_a_new_exchange_is_read_whole_while_its_first_queue_is_bound(connect):
    def bind():
        with connect() as connection:
            for number in range(QUEUES):
                exchange = Exchange(f"exchange{number}")
                Queue(f"queue{number}", exchange, channel=connection).declare()

    with ThreadPoolExecutor() as pool, connect() as connection:
        channel, binding = connection.default_channel, pool.submit(bind)
        for number in range(QUEUES):
            bound = []
            while not bound and not binding.done():
                bound = channel.get_table(f"exchange{number}")
            bound = bound or channel.get_table(f"exchange{number}")
            assert [each.queue for each in bound] == [f"queue{number}"]
        binding.result()
