"""The output of the command, as JSON and as lines for an operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.management.color import Style

from ..cleaninsights.clock import utc_now
from ..consent.choice import held_back
from ..consent.rules import Ruling, ruling
from ..dictionary.tables import aligned, table
from ..models import Consent, Report
from ..outbox import described, iso
from ..probes import registry
from ..proof import Testimony
from ..reporting.state import DeliveryState, collector, delivery_state, shown
from ..system_info import campaigns as usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of metrics at a moment."""

    ruling: Ruling
    delivery: DeliveryState
    campaigns: Sequence[usage.CampaignStatus]
    declined_groups: Sequence[str]
    held_back: Sequence[str]  # facts that the operator's consent does not cover yet

    @property
    def json(self) -> dict[str, Any]:
        """The state as JSON; moments in ISO 8601, UTC."""
        delivery = self.delivery
        return {
            "on": self.ruling.sends,
            "rule": self.ruling.rule.value,
            "reason": self.ruling.sentence,
            "locked": self.ruling.is_locked,
            "recipient": collector(),
            "delivery": delivery.situation.value,
            "delivery_sentence": delivery.sentence,
            "last_heartbeat": iso(delivery.last_heartbeat),
            "next_heartbeat": iso(delivery.next_heartbeat),
            "queued": delivery.queued,
            "next_attempt": iso(delivery.next_attempt),
            "wait": delivery.wait and delivery.wait.value,
            "last_report": delivery.last_settled and described(delivery.last_settled),
            "declined_groups": list(self.declined_groups),
            "held_back": list(self.held_back),
            "campaigns": [usage.described(each) for each in self.campaigns],
        }

    def lines(self, style: Style) -> list[str]:
        """Return the ruling in one line, then a line for each subject."""
        color = style.SUCCESS if self.ruling.sends else style.WARNING
        delivery, last = self.delivery, self.delivery.last_settled
        sentence = delivery.sentence
        pairs = [
            ("Recipient", collector() or "not set"),
            ("Delivery", style.ERROR(sentence) if delivery.needs_attention else sentence),
            ("Last heartbeat", shown(delivery.last_heartbeat) or "none yet"),
            ("Next heartbeat", shown(delivery.next_heartbeat) or "not planned"),
            ("Queue", delivery.queue_sentence or "No report is queued."),
            ("Last report", " ".join(report_cells(last)) if last else "none yet"),
        ]
        if self.declined_groups:
            pairs.append(("Declined groups", ", ".join(self.declined_groups)))
        if self.held_back:
            names = ", ".join(self.held_back)
            pairs.append(("Held back", f"{names} (new: not sent until a superuser has been asked)"))
        pairs += [
            (f"Campaign {each.declared.id}", f"{each.sentence} Counted: {each.tally.times}")
            for each in self.campaigns
        ]
        return [color(self.ruling.sentence), *aligned(pairs)]


def current_status() -> Status:
    """Read the state of metrics."""
    consent, now = Consent.objects.current(), utc_now()
    allowed = ruling(consent)
    return Status(
        ruling=allowed,
        delivery=delivery_state(now, allowed=allowed),
        campaigns=usage.usages(consent, now=now),
        declined_groups=consent.declined_groups,
        held_back=sorted(held_back((fact.name for _probe, fact in registry.declared()), consent)),
    )


def report_lines(reports: Sequence[Report]) -> list[str]:
    """Return a table of reports; without any, the ruling explains why."""
    if not reports:
        return [ruling().sentence, "No report."]
    return table(["Sealed", "Report", "Outcome"], map(report_cells, reports))


def report_cells(report: Report) -> list[str]:
    """Return the time, the subject and the outcome of a report."""
    subject = ": ".join(filter(None, [report.category, report.campaign_id]))
    state, outcome = str(report.get_state_display()), report.outcome_text
    is_plain = not outcome or report.state in {Report.State.DELIVERED, Report.State.EXPORTED}
    return [shown(report.sealed_at), subject, state if is_plain else f"{state} ({outcome})"]


def proof_of(allowed: Ruling, seen: Testimony) -> dict[str, Any]:
    """Return the result of `prove-off` as JSON."""
    return {
        "off": not allowed.sends,
        "rule": allowed.rule.value,
        "reason": allowed.sentence,
        "gathered": seen.gathered,
        "written": [str(write) for write in seen.written],
        "tried": seen.tried,
    }


def proof_lines(proof: dict[str, Any]) -> list[str]:
    """Return the ruling, and everything that a whole cycle did under it."""
    if not proof["off"]:
        return [proof["reason"], "Metrics are on, so there is nothing to prove. Run opt-out first."]
    done = [f"{word}: {each}" for word in ("gathered", "written", "tried") for each in proof[word]]
    nothing = ["A whole cycle with every socket refused has gathered, written and tried nothing."]
    return [proof["reason"], *(done or nothing)]
