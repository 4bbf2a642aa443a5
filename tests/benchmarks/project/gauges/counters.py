"""Ways to count what is used: ours, a dict under a lock, and OpenTelemetry's with its defaults.

``event`` counts a name; ``events`` and ``values`` do so again and again, as calls stand in a program, the
latter with a value. ``flush`` sends and waits; ``arrived`` says how many events such bodies carry.
"""

# ruff: noqa: PLC0415  what needs Django to be set up, or is on one side only, is imported late

import json
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from functools import partial

from django.conf import settings

CAMPAIGN = "campaign-0"  # of the settings; its periods are weeks
NAMES = [f"event_{number}" for number in range(10)]


class LockedDict:
    """The floor: nothing that several threads add to can cost less in Python."""

    def __init__(self) -> None:
        lock, counts = threading.Lock(), {}

        def event(name: str) -> None:
            with lock:
                counts[name] = counts.get(name, 0) + 1

        self.event = event

    def events(self, calls: int) -> None:
        event = self.event
        for _ in range(calls // len(NAMES)):
            for name in NAMES:
                event(name)


class Ours:
    """``measure_event``; flushed as a worker does in its first sweep after the end of the period."""

    def __init__(self) -> None:
        from metric_collection import measure_event

        self.event = partial(measure_event, "Usage", "Use", CAMPAIGN)
        self.measure = measure_event

    def events(self, calls: int) -> None:
        measure_event = self.measure
        for _ in range(calls // len(NAMES)):
            for name in NAMES:
                measure_event("Usage", "Use", CAMPAIGN, name)

    def values(self, calls: int) -> None:
        measure_event = self.measure
        for _ in range(calls // len(NAMES)):
            for name in NAMES:
                measure_event("Usage", "Take", CAMPAIGN, name, 0.25)

    def flush(self) -> None:
        from metric_collection.reporting.collection import Collection
        from metric_collection.reporting.delivery import Delivery
        from metric_collection.reporting.flushing import flusher

        flusher.flush()
        Collection(clock=next_week).seal()
        Delivery(clock=next_week, hurried=True).deliver()

    @staticmethod
    def arrived(bodies: Iterable[bytes]) -> int:
        return sum(event["times"] for body in bodies for event in json.loads(body)["events"])


class OpenTelemetry:
    """A counter, or a histogram for values, with an attribute for the name; exported over HTTP."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

        exporter = OTLPMetricExporter(endpoint=settings.HOST["collector"])
        self.provider = MeterProvider([PeriodicExportingMetricReader(exporter)])
        meter = self.provider.get_meter("benchmark")
        self.add = meter.create_counter("used").add
        self.record = meter.create_histogram("values").record

    def event(self, name: str) -> None:
        self.add(1, {"name": name})

    def events(self, calls: int) -> None:
        add = self.add
        for _ in range(calls // len(NAMES)):
            for name in NAMES:
                add(1, {"name": name})

    def values(self, calls: int) -> None:
        record = self.record
        for _ in range(calls // len(NAMES)):
            for name in NAMES:
                record(0.25, {"name": name})

    def flush(self) -> None:
        self.provider.force_flush()

    @staticmethod
    def arrived(bodies: Iterable[bytes]) -> int:
        """Add up the newest total of each series of each process."""
        from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service

        totals: dict[object, int] = {}
        for body in bodies:
            for resource in service.ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        for point in metric.sum.data_points:
                            series = point.start_time_unix_nano, str(point.attributes)
                            totals[series] = max(totals.get(series, 0), point.as_int)
        return sum(totals.values())


def next_week() -> datetime:
    return datetime.now(timezone.utc) + timedelta(days=8)


COUNTERS = {"dict": LockedDict, "ours": Ours, "peer": OpenTelemetry}
