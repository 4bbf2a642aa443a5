"""``manage.py metric_collector``: the collector from the shell."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import Error

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector import health, moving, work
from metric_collection.collector.checks import check_collector
from metric_collection.collector.counting import dictionary, importing, rollup, showing
from metric_collection.collector.counting.failures import SitesFailedError
from metric_collection.collector.demo import Fleet
from metric_collection.collector.management import arguments, publishing
from metric_collection.collector.models import Arrival, Site

STANDS_STILL = 3
ACTIONS = {
    "site": "Add a site, or list the sites.",
    "dictionary": "Take the descriptions of a site's facts from the product's dictionary.",
    "show": "Print the numbers of a site.",
    "work": "Count reports and run the daily jobs, every minute until stopped.",
    "retry": "Count the reports that were set aside, once the cause is fixed.",
    "check": "Check the collector's settings; exit with 1 if one is wrong.",
    "status": "Print whether anything stands still; exit with 3 if it does.",
    "move": "Copy everything to another database, such as an embedded collector's to PostgreSQL.",
    "demo": "Fill a site with the reports of a simulated fleet.",
    "import": "Take files of reports from machines without a network.",
    **publishing.ACTIONS,
}


# BaseCommand has a check() of its own.
METHODS = {
    "check": "check_settings",
    "import": "import_files",
    "forget-fact": "forget_fact",
    "forget-site": "forget_site",
}


class Command(BaseCommand):
    help = "Receives, counts and shows the usage metrics of your products."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        parsers = {
            name: actions.add_parser(name, help=summary, description=summary)
            for name, summary in ACTIONS.items()
        }
        add_site_actions(parsers["site"])
        add_dictionary_options(parsers["dictionary"])
        add_show_options(parsers["show"])
        add_demo_options(parsers["demo"])
        publishing.add_options(parsers)
        add_import_options(parsers["import"])
        for name, text in (("from", "it is read from"), ("to", "it is written to")):
            parsers["move"].add_argument(
                f"--{name}",
                dest={"from": "source", "to": "target"}[name],
                default="default",
                metavar="ALIAS",
                help=f"The database of DATABASES that {text}. Default: default.",
            )
        parsers["work"].add_argument("--once", action="store_true", help="Run once, then end.")
        parsers["status"].add_argument("--json", action="store_true", help="Print JSON.")
        parsers["work"].add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *_args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, METHODS.get(action, action))(**options)
        except Error as error:
            raise CommandError(f"The database reports: {error}. Has migrate been run?") from error

    def site(self, *, site_action: str, **options: Any) -> None:
        getattr(self, f"site_{site_action}")(**options)

    def site_add(self, *, id: int, name: str, public: bool, **_: Any) -> None:  # noqa: A002
        if Site.objects.filter(pk=id).exists():
            raise CommandError(f"There is a site {id} already. See site list.")
        site = add_site(id, name, is_public=public)
        self.stdout.write(f"Site {site.pk} was added: {site.name}")

    def site_list(self, **options: Any) -> None:
        sites = [
            {"id": site.pk, "name": site.name, "slug": site.slug, "public": site.is_public}
            for site in Site.objects.products()
        ]
        self._print(sites, lines=site_lines, **options)

    def dictionary(self, *, id: int, file: str, public: bool, **_: Any) -> None:  # noqa: A002
        site = site_of(id)
        try:
            text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
            number = dictionary.load(site, json.loads(text), public=public)
        except (OSError, ValueError) as error:
            raise CommandError(
                f"{file!r} cannot be used: {error}. Write the file with the product's own command:"
                " manage.py metric_collection dictionary --format json"
            ) from error
        self.stdout.write(f"{number} facts of {site.name} are declared.")

    def show(self, *, id: int, since: date | None, until: date | None, **options: Any) -> None:  # noqa: A002
        numbers = showing.shown(site_of(id), since=since, until=until)
        self._print(numbers, lines=showing.lines, **options)

    def work(self, *, once: bool, **options: Any) -> None:
        if once:
            self._print(work.run_due(utc_now(), at_once=True), lines=work_lines, **options)
            return
        for _ in work.run_forever():
            pass

    def retry(self, **_: Any) -> None:
        number = Arrival.objects.set_aside().update(attempts=0)
        rollup.roll_up(utc_now)
        left = Arrival.objects.set_aside().count()
        self.stdout.write(f"{number} reports were tried again, {left} are still set aside.")

    def check_settings(self, **_: Any) -> None:
        """Exit with 1 on a warning, for a deployment to stop at."""
        messages = check_collector()
        for message in messages:
            self.stderr.write(str(message))
        if messages:
            sys.exit(1)
        self.stdout.write("The settings are valid.")

    def status(self, *, json: bool, **_: Any) -> None:
        found = health.check(utc_now())
        self._print(health.as_json(found) if json else found, lines=health.lines, json=json)
        if not found.is_well:
            sys.exit(STANDS_STILL)

    def move(self, *, source: str, target: str, **_: Any) -> None:
        try:
            copied = moving.move(source, target)
        except moving.CannotMoveError as error:
            raise CommandError(str(error)) from error
        for name, number in copied.items():
            self.stdout.write(f"{name}: {number}")

    def demo(self, *, id: int, installations: int, days: int, **_: Any) -> None:  # noqa: A002
        site = Site.objects.filter(pk=id).first() or add_site(id, "Acme")
        if site.periods.exists():
            raise CommandError(f"Site {id} has numbers already. Name another one with --id.")
        fleet = Fleet(site=site, installations=installations, days=days, now=utc_now())
        for number, day in enumerate(fleet.live()):
            self._progress(number, days, day)
        self.stdout.write(f"{installations} installations of {site.name} reported for {days} days.")

    def import_files(self, *, files: list[Path], **options: Any) -> None:
        results = []
        for file in files:
            try:
                with file.open("rb") as lines:
                    result = importing.import_file(lines, now=utc_now(), progress=self._bar)
            except (OSError, importing.AlreadyImportedError) as error:
                raise CommandError(f"{file}: {error}") from error
            results.append({"file": str(file), **importing.as_json(result)})
        self._print(results, lines=import_lines, **options)

    def _bar(self, done: int, total: int) -> None:
        self._progress(done, total, f"{done / max(1, total):.0%}")

    def publish(self, *, out: Path | None, **_: Any) -> None:
        try:
            publishing.publish(self.stdout, folder=out)
        except SitesFailedError as error:
            raise CommandError(f"Some periods could not be published: {error}.") from error

    def held(self, **options: Any) -> None:
        self._print(publishing.held(), lines=publishing.held_lines, **options)

    def decide(self, *, id: int, **options: Any) -> None:  # noqa: A002
        publishing.decide(self.stdout, site=site_of(id), **options)

    def forget_fact(self, *, id: int, **options: Any) -> None:  # noqa: A002
        publishing.forget_fact(self.stdout, site=site_of(id), **options)

    def forget_site(self, *, id: int, **options: Any) -> None:  # noqa: A002
        publishing.forget_site(self.stdout, site=site_of(id), **options)

    def _progress(self, number: int, of: int, label: object) -> None:
        """Draw a bar on a terminal; elsewhere say nothing."""
        if not self.stderr.isatty():
            return
        width = 40 * number // max(1, of)
        end = "\n" if number == of else ""
        self.stderr.write(f"\r{'#' * width:<40} {label}", ending=end)

    def _print(
        self, content: Any, *, lines: Callable[[Any], Sequence[str]], **options: Any
    ) -> None:
        as_json = options["json"]
        self.stdout.write(json.dumps(content, indent=2) if as_json else "\n".join(lines(content)))


def add_site_actions(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="site_action", required=True, metavar="add|list")
    add = actions.add_parser("add", help="Add a site.")
    add.add_argument("id", type=int, metavar="ID", help="The site id in the product's settings.")
    add.add_argument("name", metavar="NAME", help="The name of the product.")
    add.add_argument("--public", action="store_true", help="Publish its numbers.")
    listing = actions.add_parser("list", help="List the sites.")
    listing.add_argument("--json", action="store_true", help="Print JSON.")


def add_dictionary_options(parser: ArgumentParser) -> None:
    parser.add_argument("id", type=int, metavar="ID", help="The site id.")
    parser.add_argument("file", metavar="FILE", help="The dictionary as JSON, or - to read it.")
    parser.add_argument("--public", action="store_true", help="Publish these facts.")


def add_show_options(parser: ArgumentParser) -> None:
    parser.add_argument("id", type=int, metavar="ID", help="The site id.")
    for name, text in (("--since", "The first day"), ("--until", "The last day")):
        parser.add_argument(name, type=arguments.day, metavar="DATE", help=f"{text}.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")


def add_demo_options(parser: ArgumentParser) -> None:
    parser.add_argument("--id", type=int, default=1, help="The site id; it is added if missing.")
    parser.add_argument(
        "--installations",
        type=arguments.at_most(1_000_000),
        default=200,
        help="The size of the fleet.",
    )
    parser.add_argument(
        "--days",
        type=arguments.at_most(3650),
        default=120,
        help="The days to simulate until today.",
    )


def add_import_options(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="Files of JSON lines.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")


def import_lines(results: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for result in results:
        numbers = "{counted} counted, {repeats} repeats, {refused} refused of {lines} lines"
        lines.append(f"{result['file']}: {numbers.format(**result)}.")
        lines += [f"  line {each['line']}: {each['reason']}" for each in result["reasons"]]
    return lines


def site_of(site_id: int) -> Site:
    """Return a site, or name those that there are."""
    site: Site | None = Site.objects.filter(pk=site_id).first()
    if site is None:
        ids = (
            ", ".join(str(pk) for pk in Site.objects.products().values_list("pk", flat=True))
            or "none"
        )
        raise CommandError(f"There is no site {site_id}. Sites: {ids}. Add it with site add.")
    return site


def add_site(site_id: int, name: str, *, is_public: bool = False) -> Site:
    try:
        site: Site = Site.objects.add(site_id, name, is_public=is_public)
    except ValueError as error:
        raise CommandError(str(error)) from error
    return site


def site_lines(sites: Sequence[dict[str, Any]]) -> list[str]:
    return [
        f"{site['id']}  {site['name']}{'  public' if site['public'] else ''}" for site in sites
    ] or ["There is no site. Add one with site add."]


def work_lines(done: dict[str, int]) -> list[str]:
    return [f"{name}: {number}" for name, number in done.items()]
