from __future__ import annotations

import pytest

from metric_collection.cleaninsights.answer import Answer


@pytest.mark.parametrize(
    ("status", "accepted"), [(200, True), (204, True), (202, False), (302, False), (400, False)]
)
def test_only_200_and_204_mean_accepted(status, accepted):
    assert Answer(status=status).accepted is accepted
