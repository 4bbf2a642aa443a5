"""Named scenarios with what the reference made of them, in vectors.json.

    TEST_CLEANINSIGHTS_NODE_MODULES=... python -m tests.cleaninsights.vectors

records them anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from .reference import Reference
from .scenarios import BASE, DAY, iso, of_reference

RECORDED = Path(__file__).with_name("vectors.json")

SECOND = 1_000
PLAY = ["event", "Videos", "Play", "t", "Office Space"]
STOP = ["event", "Videos", "Stop", "t", None, None]
VISIT = ["visit", ["Main", "Settings"], "t"]
GRANT, DENY, SEND = ["grant", "t"], ["deny", "t"], ["send"]


def campaign(**changes):
    usual = {"start": iso(BASE), "end": iso(BASE + 30 * DAY), "aggregationPeriodLength": 1}
    return {**usual, "numberOfPeriods": 30, **changes}


def scenario(*steps, start=BASE + DAY // 2, other=None, keys=None, **changes):
    campaigns = {"t": campaign(**changes), **({"u": other} if other else {})}
    configuration = {"server": "https://ci.example/ci.php", "siteId": 5, "campaigns": campaigns}
    return {
        "configuration": {**configuration, **(keys or {})},
        "start": start,
        "steps": [*steps, SEND],
    }


def go(days, milliseconds=0):
    return ["go", BASE + round(days * DAY) + milliseconds]


def measures(*values):
    return [[*PLAY, value] for value in values]


SCENARIOS = {
    "a sum adds up": scenario(GRANT, *measures(1.5, 2, -0.25, 0), go(2)),
    "a sum of nothing is nothing": scenario(GRANT, *measures(None, None), go(2)),
    "a sum begins with the first value": scenario(GRANT, *measures(None, 3, None, 4), go(2)),
    "a mean is a running mean": scenario(
        GRANT, *measures(1, 2, 4, 0.1, -7), go(2), eventAggregationRule="avg"
    ),
    "a mean is over times, with or without a value": scenario(
        GRANT, *measures(10, None, 4, None, None, 1), go(2), eventAggregationRule="avg"
    ),
    "a mean that begins without a value begins with zero": scenario(
        GRANT, *measures(None, 6, 6), go(2), eventAggregationRule="avg"
    ),
    "only the first one is recorded": scenario(
        GRANT, *measures(3, 4), VISIT, VISIT, go(1.5), *measures(5), go(3), onlyRecordOnce=True
    ),
    "category, action and name tell events apart": scenario(
        GRANT,
        *(
            ["event", category, action, "t", name, 1]
            for category in ("A", "B")
            for action in ("x", "y")
            for name in (None, "", "n")
        ),
        go(2),
    ),
    "a path is told apart as it is sent": scenario(
        GRANT, VISIT, ["visit", ["Main/Settings"], "t"], ["visit", ["Main"], "t"], go(2)
    ),
    "a period ends just before the next one begins": scenario(
        GRANT, go(1, -1), *measures(1), go(1), *measures(2), go(1, 1), *measures(4), SEND, go(3)
    ),
    "a period is sent only once it is over": scenario(
        GRANT, *measures(1), go(1, -1), SEND, go(1), SEND, go(1, 1), SEND, go(2), SEND
    ),
    "periods are counted from the start of the campaign": scenario(
        GRANT, *measures(1), go(8), *measures(2), go(20), start=BASE + 5, aggregationPeriodLength=7
    ),
    "the last period is cut at the end of the campaign": scenario(
        GRANT,
        go(7.5),
        *measures(1),
        go(8),
        go(9),
        end=iso(BASE + 8 * DAY - SECOND),
        aggregationPeriodLength=7,
        keys={"serverSideAnonymousUsage": True},
    ),
    "the end of a campaign belongs to it": scenario(
        *(
            step
            for at in (-1, 0, 1)
            for step in (go(2, at), ["event", "Videos", f"at {at}", "t", None, None])
        ),
        go(3),
        end=iso(BASE + 2 * DAY),
        keys={"serverSideAnonymousUsage": True},
    ),
    "consent ends with the campaign": scenario(
        GRANT, go(2, -1), *measures(1), go(2), *measures(1), go(3), SEND, end=iso(BASE + 2 * DAY)
    ),
    "nothing is measured before the campaign": scenario(
        *(step for at in (-1, 0) for step in (go(0, at), *measures(1))),
        go(2),
        start=BASE - DAY,
        keys={"serverSideAnonymousUsage": True},
    ),
    "a grant before the campaign has no effect": scenario(
        GRANT, SEND, go(0.5), *measures(1), GRANT, *measures(1), go(2), start=BASE - DAY
    ),
    "a window is as long as the campaign allows": scenario(
        GRANT,
        *(step for day in (0.6, 1.5, 2.5, 2.9999, 3, 3.5) for step in (go(day), *measures(1))),
        go(5),
        numberOfPeriods=3,
    ),
    "a window is as long as whole periods fit": scenario(
        GRANT,
        *(step for day in (1.5, 5.9, 6.5, 7.5) for step in (go(day), *measures(1))),
        go(9),
        end=iso(BASE + 8 * DAY),
        aggregationPeriodLength=3,
    ),
    "anonymity is strengthened by whole periods": scenario(
        GRANT,
        *measures(1),
        go(1, -1),
        *measures(1),
        go(1),
        *measures(1),
        go(3),
        *measures(1),
        go(3, 1),
        *measures(1),
        go(5),
        numberOfPeriods=2,
        strengthenAnonymity=True,
    ),
    "there is no window when no whole period is left": scenario(
        go(29.5), GRANT, go(29.6), *measures(1), go(33), strengthenAnonymity=True
    ),
    "consent expires and can be given anew": scenario(
        GRANT, go(1.5), *measures(1), GRANT, *measures(2), go(2.5), *measures(4), numberOfPeriods=1
    ),
    "a no stops measuring, what was measured still goes": scenario(
        GRANT, *measures(1), DENY, *measures(1), GRANT, DENY, DENY, go(2), SEND, GRANT, *measures(1)
    ),
    "nothing is measured without being asked": scenario(*measures(1), go(2)),
    "an unknown campaign is ignored": scenario(
        ["grant", "x"], ["deny", "x"], ["event", "A", "b", "x", None, 1], ["visit", ["A"], "x"]
    ),
    "a campaign without periods measures nothing": scenario(
        GRANT, *measures(1), go(2), numberOfPeriods=0, keys={"serverSideAnonymousUsage": True}
    ),
    "a campaign that is no longer configured is not sent": scenario(
        GRANT,
        ["grant", "u"],
        *measures(1),
        ["visit", ["A"], "u"],
        ["restart", ["t"]],
        go(2),
        ["restart", ["t", "u"]],
        other=campaign(),
    ),
    "what is too old is forgotten": scenario(
        GRANT,
        *measures(1),
        ["fail", 1],
        go(1.5),
        *measures(2),
        go(6, 1),
        keys={"maxAgeOfOldData": 5},
    ),
    "all of it can be too old": scenario(
        GRANT, *measures(1), ["fail", 1], go(2), SEND, go(6, 1), keys={"maxAgeOfOldData": 5}
    ),
    "each failure doubles the wait": scenario(
        GRANT,
        *measures(1),
        ["fail", 3],
        go(1, SECOND),
        SEND,
        *(
            step
            for after in (10, 30, 70)
            for step in (go(1, (1 + after) * SECOND - 1), SEND, go(1, (1 + after) * SECOND), SEND)
        ),
    ),
    "the wait is capped": scenario(
        GRANT,
        *measures(1),
        ["fail", 3],
        go(1, SECOND),
        SEND,
        *(
            step
            for after in (9, 10, 19, 20, 29, 30)
            for step in (go(1, (1 + after) * SECOND), SEND)
        ),
        keys={"maxRetryDelay": 10},
    ),
    "what comes due during a failure arrives with the rest": scenario(
        GRANT, *measures(1), ["fail", 2], go(1, 1), SEND, *measures(2), go(3), SEND, go(4), SEND
    ),
    "a restart forgets nothing": scenario(
        GRANT, *measures(1.5, 2), VISIT, ["restart", ["t"]], *measures(3), VISIT, go(2), SEND
    ),
    "a server counts without consent": scenario(
        DENY, *measures(1), STOP, VISIT, go(40), SEND, keys={"serverSideAnonymousUsage": True}
    ),
    "a server tells no features": scenario(
        ["grantFeature", "lang"],
        ["grantFeature", "ua"],
        *measures(1),
        go(2),
        keys={"serverSideAnonymousUsage": True},
    ),
    "features are told while there is consent": scenario(
        GRANT,
        ["grantFeature", "ua"],
        STOP,
        go(1.5),
        ["grantFeature", "lang"],
        STOP,
        go(2.5),
        ["denyFeature", "ua"],
        STOP,
        go(3.5),
    ),
    "a feature denied after a failure is not told": scenario(
        GRANT,
        ["grantFeature", "ua"],
        STOP,
        ["fail", 1],
        go(2),
        SEND,
        ["denyFeature", "ua"],
        go(3),
        SEND,
    ),
    "campaigns are kept apart": scenario(
        GRANT,
        STOP,
        ["event", "Videos", "Stop", "u", None, 1],
        ["grant", "u"],
        ["event", "Videos", "Stop", "u", None, 1],
        go(4),
        go(9),
        other=campaign(aggregationPeriodLength=7),
    ),
}


def record():
    """Write vectors.json: each scenario with the reference's outcome."""
    with Reference() as reference:
        vectors = {
            name: {"scenario": wanted, "outcome": of_reference(reference.run(wanted))}
            for name, wanted in SCENARIOS.items()
        }
    lines = (f"{json.dumps(name)}: {json.dumps(vector)}" for name, vector in vectors.items())
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    record()
