"""Scenarios that both SDKs can run, and what of their outcome is compared.

A scenario is {"configuration": ..., "start": epoch ms, "steps": [[name, *arguments], ...]}.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone

from hypothesis import strategies as st

from metric_collection.cleaninsights import CleanInsights, Configuration, MemoryStore
from metric_collection.cleaninsights.testing import FrozenClock, RecordingTransport

DAY = 86_400_000
BASE = 1_767_225_600_000  # 2026-01-01T00:00:00Z, in milliseconds
FEATURES = ("lang", "ua")
TEXTS = {"lang": "de-AT;q=1,en;q=0.9", "ua": "Test/1.0"}


def iso(milliseconds):
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class World:
    """Our SDK, driven as reference.js drives the other.

    The reference sends whenever it is called; ours only when it is told to, so here it is told to.
    """

    def __init__(self, scenario, store=None):
        self._configuration = scenario["configuration"]
        self._clock = FrozenClock(scenario["start"] / 1000)
        self._store = store or MemoryStore()
        self._transport = RecordingTransport()
        self._open(self._configuration)

    def _open(self, configuration):
        self._sdk = CleanInsights(
            Configuration.from_dict(configuration),
            store=self._store,
            transport=self._transport,
            clock=self._clock,
            **TEXTS,
        )

    def run(self, steps):
        return [self._outcome(*step) for step in steps]

    def _outcome(self, name, *given):
        sent, tried = len(self._transport.sent), len(self._transport.requests)
        getattr(self, f"_{name}")(*given)
        if name not in {"fail", "go", "restart"} and self._reaches_sending(name, given):
            self._sdk.persist_and_send()
        delivered = self._transport.sent[sent:]
        failed = len(self._transport.requests) - tried - len(delivered)
        return {"delivered": delivered, "failed": failed, "states": self._states()}

    def _reaches_sending(self, name, given):
        return name not in {"grant", "deny"} or given[0] in self._sdk.configuration.campaigns

    def _event(self, category, action, campaign, name, value):
        self._sdk.measure_event(category, action, campaign, name=name, value=value)

    def _visit(self, path, campaign):
        self._sdk.measure_visit(path, campaign)

    def _grant(self, campaign):
        self._sdk.grant_campaign(campaign)

    def _deny(self, campaign):
        self._sdk.deny_campaign(campaign)

    def _grantFeature(self, feature):
        self._sdk.grant_feature(feature)

    def _denyFeature(self, feature):
        self._sdk.deny_feature(feature)

    def _send(self):
        pass  # every step sends

    def _fail(self, times):
        self._transport.fail(times)

    def _go(self, milliseconds):
        self._clock.set(max(self._clock().timestamp(), milliseconds / 1000))

    def _restart(self, campaigns):
        known = {
            name: campaign
            for name, campaign in self._configuration["campaigns"].items()
            if name in campaigns
        }
        self._open({**self._configuration, "campaigns": known})

    def _states(self):
        states = {feature: self._sdk.state_of_feature(feature).value for feature in FEATURES}
        for name in [*self._configuration["campaigns"], "nowhere"]:
            states[f"campaign {name}"] = self._sdk.state_of_campaign(name).value
        return states


def run(scenario, store=None):
    """Run a scenario through our SDK."""
    return _told(World(scenario, store).run(scenario["steps"]))


def of_reference(outcome):
    """Return what reference.js found as `run` returns what ours does."""
    return _told(
        {
            "delivered": [body for answered, body in step["posts"] if answered],
            "failed": sum(not answered for answered, _ in step["posts"]),
            "states": step["states"],
        }
        for step in outcome
    )


def _told(steps):
    """Return what is to be told of each step: what arrived or failed, and states that changed."""
    told, states = [], {}
    for step in steps:
        changed = {key: state for key, state in step["states"].items() if states.get(key) != state}
        story = {**_arrived(step["delivered"]), "failed": step["failed"], "states": changed}
        told.append({key: value for key, value in story.items() if value})
        states = step["states"]
    return told


def _arrived(bodies):
    """Return what arrived, in whichever order and number of requests.

    The reference puts what failed and what has come due since into one request, in ours a batch
    stays as it was sealed: what arrives in a step is the same, in one request or in two.
    """
    rows = [row for body in bodies for key in ("visits", "events") for row in body.get(key, ())]
    for row in rows:
        if row.get("value") is not None:
            row["value"] = float(row["value"])
    heads = {json.dumps({**body, "visits": 0, "events": 0}, sort_keys=True) for body in bodies}
    return {
        "rows": sorted(rows, key=lambda row: json.dumps(row, sort_keys=True)),
        "heads": [
            {key: value for key, value in json.loads(head).items() if value}
            for head in sorted(heads)
        ],
    }


CAMPAIGNS = ("a", "b")
MOVES = (1, 2_000, 10_000, 20_000, 3_600_000, DAY - 1, DAY, DAY, 2 * DAY, 7 * DAY, 101 * DAY)
NUMBERS = st.none() | st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9)


@st.composite
def campaigns(draw):
    start = BASE + draw(st.sampled_from([0, 0, 1, 3_600_000, DAY, -DAY, -3 * DAY]))
    length = draw(st.integers(1, 4))
    days = draw(st.sampled_from([20, 30, 45, 7, 4, 1]))
    return {
        "start": iso(start),
        "end": iso(start + days * DAY + draw(st.sampled_from([-1, 0, 1]))),
        "aggregationPeriodLength": length,
        "numberOfPeriods": draw(st.sampled_from([3, 30, 30, 5, 1, 0])),
        "onlyRecordOnce": draw(st.booleans()),
        "eventAggregationRule": draw(st.sampled_from(["sum", "avg"])),
        "strengthenAnonymity": draw(st.booleans()),
    }


@st.composite
def configurations(draw):
    return {
        "server": "https://ci.example/cleaninsights.php",
        "siteId": draw(st.integers(1, 9)),
        "campaigns": {name: draw(campaigns()) for name in CAMPAIGNS},
        "timeout": draw(st.sampled_from([1, 5, 0.5])),
        "maxRetryDelay": draw(st.sampled_from([3600, 15])),
        "maxAgeOfOldData": draw(st.sampled_from([100, 100, 100, 100, 5, 0])),
        "serverSideAnonymousUsage": draw(st.booleans()),
    }


def edges(configuration):
    """Return the moments at which something begins or ends."""
    found = set()
    for campaign in configuration["campaigns"].values():
        start, end = (_milliseconds(campaign[key]) for key in ("start", "end"))
        length = campaign["aggregationPeriodLength"] * DAY
        found |= {end, *range(start, end + length, length)}
    return sorted(found)


def _milliseconds(moment):
    return round(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() * 1000)


@st.composite
def scenarios(draw):
    configuration = draw(configurations())
    start = now = BASE + draw(st.sampled_from([0, 1, DAY, 2 * DAY + 1, -1, -DAY]))
    steps = [["grant", name] for name in draw(st.sampled_from([CAMPAIGNS, CAMPAIGNS, ()]))]
    for _ in range(draw(st.integers(5, 40))):
        name = draw(NAMES)
        if name == "go":
            now = _later(draw, now, edges(configuration))
            steps.append(["go", now])
        else:
            given = draw(STEPS[name])
            again = draw(st.integers(0, 3)) if name == "event" else 0
            steps += [[name, *given], *([name, *given[:-1], draw(NUMBERS)] for _ in range(again))]
    steps += [["go", now + 5 * DAY], ["send"]]
    return {"configuration": configuration, "start": start, "steps": steps}


def _later(draw, now, moments):
    """Return a moment after now: often just before, at or after an edge."""
    ahead = [moment for moment in moments if moment > now]
    if ahead and draw(st.sampled_from([True, True, False])):
        return max(now, ahead[draw(st.integers(0, min(2, len(ahead) - 1)))] + draw(AROUND))
    return now + draw(st.sampled_from(MOVES))


AROUND = st.sampled_from([-1, 0, 1])
NAMED = st.sampled_from(["a"] * 6 + ["b"] * 3 + ["nowhere"])


def event(action, campaign, name, value):
    """Return what no other campaign measures: see "what is removed after sending" in differences."""
    return f"Videos {campaign}", action, campaign, name, value


def visit(path, campaign):
    return [campaign, *path], campaign


EVENT = st.builds(
    event,
    st.sampled_from(["Play", "Play", "Play", "Stop"]),
    NAMED,
    st.sampled_from([None, None, None, None, "", "Büro"]),
    NUMBERS,
)
VISIT = st.builds(
    visit,
    st.sampled_from([["Main"], ["Main", "Settings"], ["Main/Settings"], ["Main", ""]]),
    NAMED,
)
BOTH = list(CAMPAIGNS)
STEPS = {
    "event": EVENT,
    "visit": VISIT,
    "go": st.just(()),
    "grant": st.tuples(NAMED),
    "deny": st.tuples(NAMED),
    "grantFeature": st.tuples(st.sampled_from(FEATURES)),
    "denyFeature": st.tuples(st.sampled_from(FEATURES)),
    "fail": st.tuples(st.integers(1, 3)),
    "restart": st.tuples(st.sampled_from([BOTH, BOTH, ["a"], ["b"]])),
    "send": st.just(()),
}
WEIGHTS = {"event": 12, "visit": 4, "go": 5, "grant": 2, "fail": 2}
NAMES = st.sampled_from([name for name in STEPS for _ in range(WEIGHTS.get(name, 1))])
