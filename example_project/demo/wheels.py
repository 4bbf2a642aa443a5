"""Builds the releases of the module that the demo upgrades.

A wheel is a zip file with the package, METADATA, WHEEL and RECORD in it (PEP 427).
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

MODULES = Path(__file__).parent / "modules"

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: demo\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build(name: str, version: str, *, into: Path) -> Path:
    """Make release `version` of the distribution `name`, whose package is under modules/."""
    package = name.replace("-", "_")
    info = f"{package}-{version}.dist-info"
    files = sources(package) | {
        f"{info}/METADATA": METADATA.format(name=name, version=version).encode(),
        f"{info}/WHEEL": WHEEL.encode(),
    }
    wheel = into / f"{package}-{version}-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/RECORD", record(files, own=f"{info}/RECORD"))
    return wheel


def sources(package: str) -> dict[str, bytes]:
    return {
        path.relative_to(MODULES).as_posix(): path.read_bytes()
        for path in sorted(MODULES.glob(f"{package}/**/*.py"))
    }


def record(files: dict[str, bytes], *, own: str) -> str:
    """List every file with its hash and size, and RECORD itself without."""
    lines = [f"{path},sha256={digest(content)},{len(content)}" for path, content in files.items()]
    return "\n".join([*lines, f"{own},,\n"])


def digest(content: bytes) -> str:
    return urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
