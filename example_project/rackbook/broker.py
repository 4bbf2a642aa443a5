"""A folder as Celery's broker: no server to install. For trying things out on one machine only.

kombu's filesystem transport creates a file first and writes it afterwards. A worker that reads it in
between finds it empty, and ends. Here each file appears with all of its content.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from time import monotonic
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue, payload, **_options):
        folder = Path(self.data_folder_out)
        written = write(folder, dumps(payload))
        written.rename(folder / f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg")

    def _queue_bind(self, exchange, *binding):
        self.control_folder.mkdir(exist_ok=True)
        no_queues = write(self.control_folder, "[]")
        with suppress(OSError):  # mostly because the exchange is there already
            os.link(no_queues, self.control_folder / f"{exchange}.exchange")
        no_queues.unlink()
        super()._queue_bind(exchange, *binding)


class Transport(filesystem.Transport):
    Channel = Channel


def write(folder, text):
    """Write a file whose name nobody looks for; return its path."""
    path = folder / f"{uuid4()}.part"
    path.write_text(text)
    return path
