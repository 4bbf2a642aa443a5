"""``python -m tests.benchmarks.collector.child MODULE FUNCTION FOLDER SIZE ...``: prints its figures as JSON."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from django.apps import apps

from .project import set_up


def main(module: str, function: str, folder: str, *sizes: str) -> None:
    set_up(Path(folder))
    site = apps.get_model("usage_metrics_collector", "Site")
    site.objects.get_or_create(id=5, defaults={"name": "Acme", "slug": "acme"})
    measure = getattr(import_module(f"{__package__}.{module}"), function)
    sys.stdout.write(f"{json.dumps(measure(*map(int, sizes)))}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
