"""Reading the files in which Linux describes itself, below a root that tests can choose."""

from pathlib import Path

ENOUGH = 64 * 1024  # bytes: what follows in these files repeats itself, for instance per processor


def read(root: Path, name: str) -> str:
    """The beginning of a file; "" if it does not exist or cannot be read."""
    try:
        with (root / name).open("rb") as file:
            return file.read(ENOUGH).decode(errors="replace").strip("\0 \n")
    except OSError:
        return ""


def fields(text: str, separator: str) -> dict[str, str]:
    """The lines of the form ``name separator value``; the first one of each name."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(separator)
        found.setdefault(name.strip(), value.strip())
    return found


def present(root: Path, pattern: str) -> bool:
    """Whether a file matches; folders without permission count as empty."""
    return any(True for _ in root.glob(pattern))
