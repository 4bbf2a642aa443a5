"""Where our SDK deliberately does not do what the reference does, each with a scenario.

Beyond what a scenario can show:

- Measuring and consent never send; the reference sends whenever it is called.
- What failed stays a request of its own, with the same bytes and the same Idempotency-Key; the
  reference packs it anew with what has come due since. Both deliver the same in the same step.
- Backoff and the request on its way outlive a restart.
- A clock that was set back does not prolong a wait.
- An empty list is left out of the body; the reference writes `[]`.
- Wrong configurations are refused with path and value; the reference takes unknown keys, a
  campaign that ends before it begins, fractions of days.
"""

from __future__ import annotations

from dataclasses import dataclass

from .vectors import campaign, go, scenario


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What arrives, by label and value, with the reference and with ours, and why."""

    name: str
    why: str
    scenario: dict
    theirs: list
    ours: list


def arrived(steps):
    """Return label and value of all that arrived, "-" where there is none."""
    rows = [row for step in steps for row in step.get("rows", ())]
    return [(row.get("name", row.get("action_name")), row.get("value", "-")) for row in rows]


def measuring(*steps, then=()):
    server = {"serverSideAnonymousUsage": True}
    return scenario(*steps, go(2), *then, other=campaign(), keys=server)


def event(name, value=None, *, action="b", campaign_id="t"):
    return ["event", "A", action, campaign_id, name, value]


DIFFERENCES = [
    Difference(
        name="a long text is cut",
        why="Matomo keeps no more of it",
        scenario=measuring(event("x" * 300)),
        theirs=[("x" * 300, "-")],
        ours=[("x" * 255, "-")],
    ),
    Difference(
        name="control characters are replaced",
        why="a database behind a collector may take none",
        scenario=measuring(event("a\0b")),
        theirs=[("a\0b", "-")],
        ours=[("a\ufffdb", "-")],
    ),
    Difference(
        name="an event without an action is not counted",
        why="CIMP refuses the whole body for it, again and again",
        scenario=measuring(event("x", action="")),
        theirs=[("x", "-")],
        ours=[],
    ),
    Difference(
        name="a visit to nowhere is not counted",
        why="CIMP refuses the whole body for it, again and again",
        scenario=measuring(["visit", [], "t"]),
        theirs=[("", "-")],
        ours=[],
    ),
    Difference(
        name="a sum beyond all floats is left out",
        why="JSON has no infinity, and CIMP refuses null",
        scenario=measuring(event("x", 1e308), event("x", 1e308)),
        theirs=[("x", None)],
        ours=[("x", "-")],
    ),
    Difference(
        name="what is removed after sending is what was sent",
        why="the reference also removes what looks the same in a campaign that did not send",
        scenario=measuring(
            event("x", 1),
            event("x", 1, campaign_id="u"),
            ["restart", ["t"]],
            then=[["send"], ["restart", ["t", "u"]]],
        ),
        theirs=[("x", 1.0)],
        ours=[("x", 1.0), ("x", 1.0)],
    ),
]
