"""``python -m gauges NAME ARGUMENTS``: measure, and print what was found as a line of JSON."""

import json
import sys
from importlib import import_module

name, arguments = sys.argv[1:]
found = import_module(f"gauges.{name}").measure(**json.loads(arguments))
sys.stdout.write(f"\n{json.dumps(found)}\n")
