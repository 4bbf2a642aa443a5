"""The reference SDK in a node process of its own, where node and the npm package are found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

VARIABLE = "TEST_CLEANINSIGHTS_NODE_MODULES"
DRIVER = Path(__file__).with_name("reference.js")


def why_not() -> str:
    """Return what is missing to run the reference, or nothing."""
    modules = os.environ.get(VARIABLE, "")
    if not shutil.which("node"):
        return "node is not installed: apt-get install nodejs"
    if not (Path(modules) / "clean-insights-sdk" / "package.json").is_file():
        return (
            f"set {VARIABLE} to the node_modules folder that has the reference SDK in it: "
            "npm install clean-insights-sdk@2.6.2"
        )
    return ""


class Reference:
    """Runs scenarios, one after the other, all in one node process."""

    def __enter__(self):
        modules = str(Path(os.environ[VARIABLE]).resolve())
        self._node = subprocess.Popen(
            ["node", str(DRIVER), modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *exception):
        self._node.stdin.close()
        self._node.stdout.close()
        self._node.wait(10)

    def run(self, scenario):
        """Return for each step what was posted and where consent stands."""
        self._node.stdin.write(json.dumps(scenario) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())
