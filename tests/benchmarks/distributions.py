"""Installed distributions that are none: folders such as an installer leaves behind."""

from collections.abc import Iterable
from pathlib import Path

# The files of the product's modules, by distribution; the last one's package is not named after it.
MODULES = {
    "openwisp-controller": ["openwisp_controller/__init__.py", "openwisp_controller/config.py"],
    "openwisp-users": ["openwisp_users/__init__.py"],
    "openwisp-notifications": ["openwisp_notifications/__init__.py"],
    "openwisp-radius": ["openwisp_radius/__init__.py", "openwisp_radius/apps.py"],
    "openwisp-firmware-upgrader": ["firmware/__init__.py"],
}
APPS = [
    "openwisp_controller.config",
    "openwisp_users",
    "openwisp_notifications",
    "openwisp_radius.apps.RadiusConfig",
    "firmware",
]
MANY_APPS = [*APPS, *(f"library_{number}" for number in range(95))]
RADIUS = """
from django.apps import AppConfig


class RadiusConfig(AppConfig):
    name = "openwisp_radius"
"""
# As many files and words as a distribution on PyPI usually has.
FILES = 25
DESCRIPTION = "Words that say what this is for, how to install it and whom to ask.\n" * 80


def install(folder: Path, count: int) -> None:
    """Fill a folder with `count` distributions, the modules of the product among them."""
    for name, files in MODULES.items():
        describe(folder, name, files)
        for file in files:
            write(folder / file, "")
    write(folder / "openwisp_radius" / "apps.py", RADIUS)
    for number in range(count - len(MODULES)):
        describe(folder, f"library-{number}", [f"library_{number}/__init__.py"])
        write(folder / f"library_{number}" / "__init__.py", "")


def describe(folder: Path, name: str, files: Iterable[str]) -> None:
    """Write what an installer notes about a distribution."""
    package = name.replace("-", "_")
    metadata = folder / f"{package}-1.2.3.dist-info"
    listed = [*files, *(f"{package}/module_{number}.py" for number in range(FILES))]
    write(
        metadata / "METADATA",
        f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.2.3\n\n{DESCRIPTION}",
    )
    write(metadata / "RECORD", "".join(f"{file},sha256={'0' * 43},1234\n" for file in listed))


def write(file: Path, text: str) -> None:
    """Write a file, and the folder that it is in."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
