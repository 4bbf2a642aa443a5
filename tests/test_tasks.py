from __future__ import annotations

import pytest

from metric_collection.models import Report
from metric_collection.tasks import deliver, heartbeat

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("task", [heartbeat, deliver])
def test_either_task_records_what_is_due_and_tries_to_deliver_it(task):
    task.apply(throw=True)
    report = Report.objects.get()
    assert (report.category, report.attempts, report.state) == ("Install", 1, Report.State.QUEUED)


@pytest.mark.parametrize("task", [heartbeat, deliver])
def test_a_message_with_arguments_does_nothing(task):
    with pytest.raises(TypeError):
        task.apply(args=("x",), throw=True)
    assert not Report.objects.exists()
