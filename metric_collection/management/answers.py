"""What the command answers: as JSON can hold it, and as lines for an operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metric_collection import outbox as reports
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.consent import rules as consent
from metric_collection.models import Consent
from metric_collection.proof import Testimony
from metric_collection.reporting.state import delivery_state
from metric_collection.system_info import campaigns as usage


def current_state() -> dict[str, Any]:
    """Return what `status` prints; moments in ISO 8601, UTC."""
    ruling = consent.ruling()
    delivery = delivery_state(utc_now(), allowed=ruling)
    return {
        "on": ruling.sends,
        "rule": ruling.rule.value,
        "reason": ruling.sentence,
        "locked": ruling.is_locked,
        "delivery": delivery.situation.value,
        "delivery_sentence": delivery.sentence,
        "last_heartbeat": reports.iso(delivery.last_heartbeat),
        "next_heartbeat": reports.iso(delivery.next_heartbeat),
        "queued": delivery.queued,
        "next_attempt": reports.iso(delivery.next_attempt),
        "last_report": delivery.last_settled and reports.described(delivery.last_settled),
        "campaigns": [usage.described(each) for each in current_usages().values()],
    }


def status_lines(state: dict[str, Any]) -> list[str]:
    """Say the state as an operator reads it."""
    last = state["last_report"]
    return [
        state["reason"],
        f"Last heartbeat: {state['last_heartbeat'] or 'none yet'}",
        f"Next heartbeat: {state['next_heartbeat'] or 'not planned'}",
        f"Queued reports: {state['queued']}"
        + (f", next attempt {state['next_attempt']}" if state["next_attempt"] else ""),
        f"Last report: {report_line(last) if last else 'none yet'}",
        *(campaign_line(campaign) for campaign in state["campaigns"]),
    ]


def campaign_line(campaign: dict[str, Any]) -> str:
    """Say where a campaign stands, and how much it has counted in the period that runs."""
    return f"Campaign {campaign['id']}: {campaign['reason']} Counted: {campaign['counted']}"


def report_lines(listed: Sequence[dict[str, Any]]) -> list[str]:
    """Give each report a line, or say that there is none."""
    return [report_line(report) for report in listed] or [consent.ruling().sentence, "No report."]


def report_line(report: dict[str, Any]) -> str:
    """Say when a report was sealed, what it tells, how large it is and what came of it."""
    outcome = report["outcome"]
    outcome = f" ({outcome})" if outcome and outcome != report["state"] else ""
    subject = ": ".join(filter(None, [report["category"], report["campaign"]]))
    return f"{report['sealed_at']}  {subject}  {report['bytes']} bytes  {report['state']}{outcome}"


def proof_of(ruling: consent.Ruling, seen: Testimony) -> dict[str, Any]:
    """Return what `prove-off` prints."""
    return {
        "off": not ruling.sends,
        "rule": ruling.rule.value,
        "reason": ruling.sentence,
        "gathered": seen.gathered,
        "written": [str(write) for write in seen.written],
        "tried": seen.tried,
    }


def proof_lines(told: dict[str, Any]) -> list[str]:
    """Name the rule, and what a whole cycle did under it."""
    if not told["off"]:
        return [told["reason"], "Nothing was run, for there is nothing to prove. See opt-out."]
    done = [f"{word}: {what}" for word in ("gathered", "written", "tried") for what in told[word]]
    nothing = ["A whole cycle with every socket refused has gathered, written and tried nothing."]
    return [told["reason"], *(done or nothing)]


def current_usages() -> dict[str, usage.Usage]:
    """Look at the campaigns as they stand now, by id."""
    found = usage.usages(Consent.objects.current(), now=utc_now())
    return {each.declared.id: each for each in found}
