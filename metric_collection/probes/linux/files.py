"""Reading the files by which Linux tells of itself, below a root that tests can choose."""

from pathlib import Path

ENOUGH = 64 * 1024  # of any of these files: the rest repeats itself, once per processor say


def read(root: Path, name: str) -> str:
    """The beginning of a file as text; "" where there is none, or none that may be read."""
    try:
        with (root / name).open("rb") as file:
            return file.read(ENOUGH).decode(errors="replace").strip("\0 \n")
    except OSError:
        return ""


def fields(text: str, separator: str) -> dict[str, str]:
    """The lines of ``name separator value``; of a name that comes again, the first."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(separator)
        found.setdefault(name.strip(), value.strip())
    return found


def present(root: Path, pattern: str) -> bool:
    """Whether there is such a file; what may not be looked into counts as empty."""
    return any(True for _ in root.glob(pattern))
