import os
import shutil
import signal
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from demo.collector import collecting
from demo.machine import DemoError, Machine
from demo.story import DAY, Story
from demo.terminal import Terminal

REFUSALS = {"METRIC_COLLECTION", "DO_NOT_TRACK"}


class Command(BaseCommand):
    help = "Show what metric_collection reports, with a real worker, beat, admin and collector."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="do not stop at the log-in")

    def handle(self, *_: Any, no_serve: bool, **__: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        folder = Path(tempfile.mkdtemp(prefix="demo-", dir=settings.VAR))
        try:
            self.play(folder, stay=not no_serve)
        except DemoError as trouble:
            raise CommandError(f"{trouble}. The logs are in {folder}") from None
        except KeyboardInterrupt:
            shutil.rmtree(folder)
            raise CommandError("Ended before all was shown.", returncode=130) from None
        shutil.rmtree(folder)

    def play(self, folder: Path, *, stay: bool) -> None:
        with Machine(folder) as machine, collecting(machine) as collector:
            machine.environment |= settings_for(collector.url)
            terminal = Terminal(self.stdout, self.style)
            for name in REFUSALS & os.environ.keys():
                terminal.say(
                    f"{name} is set here. The demo goes without it: it sends to itself only."
                )
            story = Story(machine=machine, collector=collector, terminal=terminal)
            try:
                story.tell(stay=stay)
            except DemoError:
                self.stderr.write(machine.last_words())
                raise


def settings_for(collector: str) -> dict[str, str]:
    """What sets this machine apart from any other that runs Rackbook."""
    return {
        "METRIC_COLLECTION_INSTALLATION_METHOD": "demo",
        "RACKBOOK_COLLECTOR_URL": collector,
        "RACKBOOK_DAY_SECONDS": str(DAY),
        "RACKBOOK_PLUGINS": "rackbook_labels",
    }
