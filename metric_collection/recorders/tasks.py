"""The recorder of Celery tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from ..cleaninsights.keys import BOOLEAN
from ..measuring.buckets import duration_bucket
from ..measuring.meter import measure_event
from .recorder import Packages, Recorder, milliseconds

ENDED: Final[Mapping[str, str]] = {
    "SUCCESS": "Succeeded",
    "FAILURE": "Failed",
    "RETRY": "Retried",
}
BEGUN: Final = "metric_collection_begun"  # the attribute of a task's request with its start time


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecorder(Recorder):
    """Counts how often each Celery task succeeded, failed or was retried, and its milliseconds.

    A run is not counted if its process was killed, or if it was ignored or rejected.
    """

    name: ClassVar[str] = "tasks"
    coarsened: ClassVar[str] = "By the name of the task; never its arguments or its result."
    is_timed: ClassVar[bool] = True

    histogram: bool = field(default=False, metadata=BOOLEAN)

    def record(self, task: Any, state: str | None, now: float, own: Packages) -> None:
        """Count a run that ended at `now` in one of Celery's states."""
        ended, begun = ENDED.get(str(state)), getattr(task.request, BEGUN, None)
        if ended and begun is not None and task.__module__ in own:
            measure_event("Tasks", ended, self.campaign, task.name, milliseconds(now - begun))
            if self.histogram:
                bucket = duration_bucket(now - begun)
                measure_event("Task durations", task.name, self.campaign, bucket)
