"""The dictionary as a document to publish, as a table for a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from itertools import groupby
from typing import Any

from ..campaigns import CampaignDeclaration
from ..cleaninsights import payload
from ..cleaninsights.campaigns import Campaign, EventAggregationRule
from ..conf.settings import Mode, conf
from ..consent.rules import off_switches
from ..probes.probe import group_of, heading_of, path_of, summary_of
from ..recorders.recorder import Recorder
from ..reporting.collection import events_of
from ..reporting.state import collector
from .entries import Dictionary, Entry
from .markup import Markdown, Plain, Rst

MARKUPS: dict[str, Callable[[], Plain]] = {"rst": Rst, "markdown": Markdown, "table": Plain}
FORMS = (*MARKUPS, "json")
LONGEST = 255  # characters of a value, as on the wire
OCCASIONS = {"Install": "when it is installed", "Upgrade": "when it is upgraded"}
RECIPIENT = "Reports are sent to {}, which can see the IP address that they come from."
OPT_OUT = "``manage.py metric_collection opt-out``"
AFTER_PERIODS = "at the end of each period of a campaign"
EXAMPLE_HOUR = datetime(2026, 1, 1, tzinfo=timezone.utc)
CONDITIONS = {
    Mode.OPT_OUT: "Operators can decline at any time.",
    Mode.NOTICE: "Nothing is sent before a superuser has seen a notice. Operators can decline at any time.",
    Mode.OPT_IN: "Nothing is gathered or sent unless a superuser agrees.",
}
AGGREGATES = {
    EventAggregationRule.SUM: "the sum of the values",
    EventAggregationRule.AVG: "the mean of the values",
}
FACT_COLUMNS = ("Fact", "Description", "Example", "Purpose", "Since")
CAMPAIGN_COLUMNS = ("Campaign", "Purpose", "Counted", "From", "Until")
RECORDER_COLUMNS = ("Recorder", "Description", "Campaign")


def document(dictionary: Dictionary, markup: Plain) -> str:
    """Return a page about everything that the product can send."""
    blocks = [
        markup.title(f"Usage metrics of {conf.PRODUCT}"),
        markup.paragraph(
            f"{conf.PRODUCT} sends usage metrics to its makers: {occasions()}. Everything that can be"
            " sent is listed here. No identifier of a person, a host or an installation is sent."
            f" {CONDITIONS[conf.CONSENT]}"
        ),
        *([markup.paragraph(RECIPIENT.format(collector()))] if conf.COLLECTOR_URL else []),
        markup.paragraph(way_out()),
        *([markup.paragraph(f"On this machine: {dictionary.state}")] if dictionary.state else []),
        *sections(dictionary.entries, markup),
        *campaign_section(dictionary.campaigns, markup),
        *recorder_section(dictionary.recorders, markup),
        *example_section(dictionary.entries, markup),
    ]
    return "\n\n".join(blocks)


def occasions() -> str:
    """Return when reports are sent."""
    often = f"once every {conf.HEARTBEAT_INTERVAL / timedelta(hours=1):g} hours"
    *others, last = [OCCASIONS.get(each, often) for each in conf.CATEGORIES] or [AFTER_PERIODS]
    return f"{', '.join(others)} and {last}" if others else last


def way_out() -> str:
    """Return how to switch metrics off."""
    ours = [f"{name}={1 if answer else False}" for name, answer in off_switches()]
    variables = " or ".join(f"``{each}``" for each in (*ours, "DO_NOT_TRACK=1"))
    last = "One last event reports that." if conf.REPORT_OPT_OUT else "Nothing is sent any more."
    return (
        f"To switch metrics off, use System Info in the admin, or run {OPT_OUT}: unsent data is deleted. {last}"
        f" {variables} in the environment of every process stops everything as well."
    )


def sections(entries: Sequence[Entry], markup: Plain) -> Iterator[str]:
    """Yield a section with a table for each probe."""
    for probe, group in groupby(entries, key=lambda entry: entry.probe):
        listed = list(group)
        yield markup.heading(heading_of(probe))
        yield markup.paragraph(f"{summary_of(probe)} (``{path_of(probe)}``)".strip())
        told = [] if listed[0].is_sent is None else ["Sent now"]
        yield markup.table([*FACT_COLUMNS, *told], [row(entry, markup) for entry in listed])


def row(entry: Entry, markup: Plain) -> list[str]:
    """Return the cells of a fact."""
    fact = entry.fact
    cells = [
        markup.literal(fact.name),
        markup.text(f"{fact.description} {fact.coarsened}"),
        markup.literal(fact.example[:LONGEST]),
        markup.text(fact.purpose),
        markup.text(fact.since),
    ]
    if entry.is_sent is not None:
        cells.append(markup.text("yes" if entry.is_sent else f"no: {entry.reason}".rstrip(": ")))
    return cells


def campaign_section(campaigns: Sequence[CampaignDeclaration], markup: Plain) -> Iterator[str]:
    """Yield a section about campaigns, if there are any."""
    if campaigns:
        yield markup.heading("Campaigns")
        yield markup.paragraph(
            "Usage that is counted for a limited time: totals are kept on the machine and sent at the end of"
            " each period."
        )
        rows = [
            [
                markup.text(each.title),
                markup.text(each.purpose),
                how_counted(each.campaign),
                markup.literal(day(each.campaign.start)),
                markup.literal(day(each.campaign.end)),
            ]
            for each in campaigns
        ]
        yield markup.table(CAMPAIGN_COLUMNS, rows)


def how_counted(campaign: Campaign) -> str:
    """Return how the events of a campaign are aggregated."""
    days = campaign.aggregation_period_length
    period = "a day" if days == 1 else f"{days} days"
    if campaign.only_record_once:
        return f"whether at all in {period}"
    return f"how often in {period}, and {AGGREGATES[campaign.event_aggregation_rule]}"


def recorder_section(recorders: Sequence[tuple[Recorder, str]], markup: Plain) -> Iterator[str]:
    """Yield a section about recorders, if there are any."""
    if recorders:
        packages = ", ".join(f"``{name}``" for name in conf.PACKAGES)
        yield markup.heading("Recorders")
        yield markup.paragraph(
            f"What is counted automatically, limited to these packages: {packages}."
            if packages
            else "What is counted automatically."
        )
        rows = [
            [
                markup.literal(recorder.name),
                markup.text(f"{recorder.description} {recorder.coarsened}".strip()),
                markup.text(title),
            ]
            for recorder, title in recorders
        ]
        yield markup.table(RECORDER_COLUMNS, rows)


def example_section(entries: Sequence[Entry], markup: Plain) -> Iterator[str]:
    """Yield a report with a single fact, if there are any facts."""
    if entries:
        yield markup.heading("What a report looks like")
        yield markup.paragraph("A report with the first fact only. Times are rounded to the hour:")
        fact = entries[0].fact
        events = events_of({fact.name: fact.example[:LONGEST]}, conf.CATEGORIES[0], EXAMPLE_HOUR)
        body = payload.decode(payload.encode(conf.SITE_ID or 1, events=events))
        yield markup.code(json.dumps(body, indent=2, ensure_ascii=False))


def written(dictionary: Dictionary, form: str) -> str:
    """Return the dictionary in one of FORMS."""
    if form == "json":
        return json.dumps(as_json(dictionary), indent=2)
    return document(dictionary, MARKUPS[form]())


def day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def as_json(dictionary: Dictionary) -> dict[str, Any]:
    """Return the dictionary as JSON."""
    return {
        "product": conf.PRODUCT,
        "recipient": collector() or None,
        "state": dictionary.state or None,
        "facts": [fact_as_json(entry) for entry in dictionary.entries],
        "campaigns": [
            {
                "id": each.id,
                "title": each.title,
                "purpose": each.purpose,
                "counted": how_counted(each.campaign),
                "period_days": each.campaign.aggregation_period_length,
                "from": day(each.campaign.start),
                "until": day(each.campaign.end),
            }
            for each in dictionary.campaigns
        ],
        "recorders": [
            {
                "name": recorder.name,
                "description": recorder.description,
                "coarsened": recorder.coarsened,
                "campaign": recorder.campaign,
            }
            for recorder, _title in dictionary.recorders
        ],
    }


def fact_as_json(entry: Entry) -> dict[str, Any]:
    fact = entry.fact
    return {
        "name": fact.name,
        "description": fact.description,
        "example": fact.example,
        "purpose": fact.purpose,
        "probe": entry.source,
        "group": group_of(entry.probe),
        "since": fact.since or None,
        "coarsened": fact.coarsened or None,
        "sent": entry.is_sent,
        "reason": entry.reason or None,
    }
