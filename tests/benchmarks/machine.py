"""What this was measured on, without a word that names the machine."""

import os
import platform
import subprocess
from pathlib import Path

VERSIONS = """
import platform, importlib.metadata as m
print("Python", platform.python_version(), *(f"· {d} {m.version(d)}" for d in ("Django", "celery", "requests")))
"""


def described(python: Path) -> list[str]:
    """The processor, and what the sides run on."""
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    cores = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    return [
        f"{processor()}, {cores}; load before: {load}",
        subprocess.check_output([python, "-c", VERSIONS], text=True).strip(),
    ]


def processor() -> str:
    """The processor's name, where Linux tells it."""
    try:
        information = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        information = ""
    names = [line.partition(":")[2] for line in information.splitlines() if "model name" in line]
    return names[0].strip() if names else "unnamed processor"
