from __future__ import annotations

import subprocess
import sys

from metric_collection.cleaninsights.testing import RecordingTransport
from metric_collection.cleaninsights.transport import RequestsTransport, Transport


def test_importing_the_transport_does_not_import_requests():
    code = "import sys, metric_collection.cleaninsights.transport; print('requests' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_both_transports_keep_the_protocol():
    transports: list[Transport] = [RequestsTransport(), RecordingTransport()]
    assert all(callable(transport.post) for transport in transports)
