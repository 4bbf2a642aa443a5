"""A virtual environment with this project and its peers, of the Python and Django that run here."""

import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEER = "openwisp-utils==1.3.1"
LIBRARIES = ("distro==1.9.0", "psutil==7.0.0", "py-cpuinfo==9.0.0")  # whose work the probes do
COUNTING_PEER = "opentelemetry-sdk"
EXPORTER = "opentelemetry-exporter-otlp-proto-http"
TOGETHER = (
    str(ROOT),
    PEER.replace("==", "[celery]=="),
    f"Django=={version('Django')}",
    "redis",
    *LIBRARIES,
    COUNTING_PEER,
    EXPORTER,
)


def python_of(folder: Path) -> Path:
    """The interpreter of the environment in this folder, made where there is none.

    This project is built anew each time and installed as a wheel, as operators have it.
    """
    python = folder / "bin" / "python"
    make, install = with_uv(folder, python) if shutil.which("uv") else with_pip(folder, python)
    if not python.exists():
        subprocess.run(make, check=True)
    subprocess.run([*install, *TOGETHER], check=True)
    return python


def with_uv(folder: Path, python: Path) -> tuple[list[str], list[str]]:
    """The commands that make an environment and install into it."""
    install = ["uv", "pip", "install", "-q", "--reinstall-package", "django-metric-collection"]
    return (
        ["uv", "venv", "-q", "--python", sys.executable, str(folder)],
        [*install, "--python", str(python)],
    )


def with_pip(folder: Path, python: Path) -> tuple[list[str], list[str]]:
    """The same without uv; pip installs a folder anew by itself."""
    return (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"],
    )


def installed(python: Path) -> int:
    """How many distributions that interpreter finds."""
    count = "import importlib.metadata as m; print(len({d.name for d in m.distributions()}))"
    return int(subprocess.check_output([python, "-c", count], text=True))
