"""``manage.py opt_in_out --opt_in|--opt_out``: for operators who know the switch of other tools by that name."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Agrees to or declines usage metrics: the same as metric_collection opt-in or opt-out."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        choice = parser.add_mutually_exclusive_group(required=True)
        for name, action in (("--opt_in", "opt-in"), ("--opt_out", "opt-out")):
            choice.add_argument(name, dest="action", action="store_const", const=action)

    def handle(self, *_args: Any, action: str, **options: Any) -> None:
        call_command("metric_collection", action, stdout=self.stdout, stderr=self.stderr)
