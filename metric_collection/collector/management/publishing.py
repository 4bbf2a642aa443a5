"""The actions of ``manage.py metric_collector`` for what is published, held and erased."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from metric_collection.cleaninsights.clock import utc_now

from ..counting.catalog import digest_of
from ..dashboard.export import ExportError, export
from ..models import Fact, Period, Site, Span
from ..publishing import erasing, publications
from . import arguments

ACTIONS = {
    "publish": "Publish what is due now; with --out, write the public files to a folder.",
    "held": "List the periods that are held because they are unusual.",
    "decide": "Publish a held period, or leave it out for good.",
    "forget-fact": "Erase a fact, or one of its values, also from what was published.",
    "forget-site": "Erase a site's numbers, to start over after a test phase.",
}
PUBLISH, LEAVE_OUT = "publish", "leave-out"


def add_options(parsers: Mapping[str, ArgumentParser]) -> None:
    publish, held, decide = (parsers[name] for name in ("publish", "held", "decide"))
    publish.add_argument("--out", type=Path, metavar="FOLDER", help="The folder to write to.")
    held.add_argument("--json", action="store_true", help="Print JSON.")
    for name in ("decide", "forget-fact", "forget-site"):
        parsers[name].add_argument("id", type=int, metavar="ID", help="The site id.")
    decide.add_argument(
        "day", type=arguments.day, metavar="DAY", help="The first day of the period."
    )
    decide.add_argument("decision", choices=[PUBLISH, LEAVE_OUT], help="The decision.")
    decide.add_argument("--span", choices=["day", "week"], default="day", help="Default: day.")
    decide.add_argument("--note", default="", help="One sentence; it is published with the period.")
    parsers["forget-fact"].add_argument("name", metavar="NAME", help="The name of the fact.")
    parsers["forget-fact"].add_argument("--value", metavar="TEXT", help="Erase this value only.")
    parsers["forget-site"].add_argument(
        "--before",
        type=arguments.day,
        metavar="DATE",
        help="Erase periods that began before this day only.",
    )
    for name in ("forget-fact", "forget-site"):
        parsers[name].add_argument(
            "--no-input", "--noinput", action="store_false", dest="interactive", help="Do not ask."
        )


def publish(out: OutputWrapper, *, folder: Path | None) -> None:
    number = publications.publish(utc_now())
    out.write(f"{number} periods were published.")
    if folder is not None:
        try:
            written, removed = export(folder)
        except ExportError as error:
            raise CommandError(str(error)) from error
        out.write(f"{written} files were written to {folder}, {removed} were removed.")


def held() -> list[dict[str, Any]]:
    """Return the held periods, as ``held --json`` prints them."""
    rows = Period.objects.filter(state=Period.State.HELD).order_by("site", "start", "span")
    return [
        {
            "site": period.site_id,
            "span": Span(period.span).name.lower(),
            "first": period.start.isoformat(),
            "installations": period.active,
            "reason": period.note,
        }
        for period in rows
    ]


def held_lines(rows: list[dict[str, Any]]) -> list[str]:
    return [
        f"{row['site']}  {row['span']} {row['first']}  {row['installations']} installations:"
        f" {row['reason']}"
        for row in rows
    ] or ["Nothing is held."]


def decide(
    out: OutputWrapper, *, site: Site, day: date, span: str, decision: str, note: str, **_: Any
) -> None:
    period = (
        Period.objects.filter(
            site=site, span=Span[span.upper()], start=day, state=Period.State.HELD
        )
        .select_related("site")
        .first()
    )
    if period is None:
        raise CommandError(f"The {span} {day} of {site.name} is not held. See held.")
    longest = Period._meta.get_field("note").max_length or 0
    if len(note) > longest:
        raise CommandError(f"--note has {len(note)} characters. At most {longest} are kept.")
    publications.decide(period, publishes=decision == PUBLISH, note=note, now=utc_now())
    period.refresh_from_db()
    out.write(f"{span} {day} of {site.name}: {period.get_state_display()}.")


def forget_fact(
    out: OutputWrapper, *, site: Site, name: str, value: str | None, interactive: bool, **_: Any
) -> None:
    fact = Fact.objects.filter(site=site, digest=digest_of(name, is_built_in=False)).first()
    if fact is None:
        raise CommandError(f"{site.name} has no fact {name!r}.")
    if value is not None and not erasing.values_of(fact, value).exists():
        raise CommandError(
            f"{name} has no value {value!r}. Give it exactly as the dashboard shows it."
        )
    what = f"a value of {name}" if value is not None else f"the fact {name}"
    _confirm(interactive, f"Erase {what}, also from what was published?")
    values, changed = erasing.forget_fact(fact, text=value, now=utc_now())
    out.write(f"{values} values were erased, {changed} publications were rewritten.")


def forget_site(
    out: OutputWrapper, *, site: Site, before: date | None, interactive: bool, **_: Any
) -> None:
    what = "all numbers" if before is None else f"all numbers before {before}"
    _confirm(interactive, f"Erase {what} of {site.name}, also what was published?")
    number = erasing.forget_site(site, before=before)
    out.write(f"{number} periods of {site.name} were erased.")


def _confirm(interactive: bool, question: str) -> None:
    try:
        is_confirmed = not interactive or input(f"{question} [yes/no] ") == "yes"
    except EOFError:
        raise CommandError(
            "Nothing was erased. Nobody can be asked here: confirm with --no-input."
        ) from None
    if not is_confirmed:
        raise CommandError("Nothing was erased.")
