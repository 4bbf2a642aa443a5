#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rackbook.settings")
    if "demo" in sys.argv[1:2]:  # it brings a database of its own, for which no driver is missing
        os.environ.pop("DATABASE_URL", None)
    execute_from_command_line(sys.argv)
