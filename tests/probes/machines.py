"""Places for probes to look at: distributions written file by file, and machines made of files."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from django.test import override_settings


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder, strings in UTF-8."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
    return root


def board(model: str) -> dict[str, str]:
    """The device tree of a board, such as a Raspberry Pi's."""
    return {"proc/device-tree/model": f"{model}\0"}


def product(vendor: str, name: str) -> dict[str, str]:
    """The DMI table of a PC or of a virtual machine."""
    return {
        "sys/class/dmi/id/sys_vendor": f"{vendor}\n",
        "sys/class/dmi/id/product_name": f"{name}\n",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A folder on sys.path into which distributions are installed without an installer."""

    path: Path

    def install(self, name: str, version: str = "1.0", *, packages: Mapping[str, str]) -> Path:
        """Write packages (path -> source) and the dist-info that lists them; return the latter."""
        folder = f"{name.replace('-', '_')}-{version}.dist-info"
        record = "".join(f"{path},sha256=x,1\n" for path in packages)
        metadata = {"METADATA": header(name, version), "RECORD": record}
        write(self.path, packages)
        return write(self.path / folder, metadata)


def header(name: str, version: str) -> str:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nVersion: of the text\n"


@contextmanager
def enabled(*apps: str) -> Iterator[None]:
    """Run with these INSTALLED_APPS alone, and forget the modules they brought."""
    before = set(sys.modules)
    try:
        with override_settings(INSTALLED_APPS=list(apps)):
            yield
    finally:
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in {app.partition(".")[0] for app in apps}:
                del sys.modules[name]
