"""The files that a distribution lists as its own."""

from .metadata import read_bytes, squeeze, squeezed_name

# How strong a distribution's claim to some code is.
LISTED = 3  # its installer listed the file
BUILT = 2  # its builder listed the file
NAMED = 1  # only the names agree
UNFOUNDED = 0


class Manifest:
    """The lists of one metadata folder; each is read at most once."""

    def __init__(self, metadata: str) -> None:
        self.metadata = metadata
        self._lists: dict[str, bytes | None] = {}

    def claim(self, trace: str, package: str) -> int:
        """The strength of the claim to a package; ``trace`` is the beginning of the line that lists it."""
        line = trace.encode(errors="surrogateescape")
        if (record := self._read("RECORD")) is not None:
            return LISTED if _lists(record, line) else UNFOUNDED
        # pip's list for an .egg-info folder: its paths begin in that folder.
        if (installed := self._read("installed-files.txt")) is not None:
            return LISTED if _lists(installed, b"../" + line) else UNFOUNDED
        sources = self._read("SOURCES.txt") or b""  # its paths may begin with a folder such as src/
        if _lists(sources, line) or b"/" + line in sources:
            return BUILT
        names = self._read("top_level.txt")
        if names is None:
            is_named = squeezed_name(self.metadata) in map(squeeze, ancestry(package))
        else:
            is_named = package.partition(".")[0].encode() in names.split()
        return NAMED if is_named else UNFOUNDED

    def _read(self, name: str) -> bytes | None:
        if name not in self._lists:
            self._lists[name] = read_bytes(f"{self.metadata}/{name}")
        return self._lists[name]


def ancestry(package: str) -> list[str]:
    """A dotted name and its parent packages, innermost first."""
    parts = package.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _lists(text: bytes, start: bytes) -> bool:
    return text.startswith(start) or b"\n" + start in text
