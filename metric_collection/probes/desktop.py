"""The display server and the sound server of a desktop."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .linux.files import fields, present, read
from .probe import Fact, Unknown

SESSIONS = "run/systemd/sessions"
DISPLAYS = {"wayland": "run/user/*/wayland-*", "x11": "tmp/.X11-unix/X*"}
SOUNDS = ("pipewire", "pulseaudio")
UNLISTED = Unknown("the system does not list its processes in /proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desktop:
    """Reports which display server and which sound server are running."""

    facts = (
        Fact(
            name="display_server",
            description="The display server that is running: wayland, x11 or none.",
            example="none",
            purpose="To know whether the product is used on machines with a screen.",
        ),
        Fact(
            name="sound_server",
            description="The sound server that is running: pipewire, pulseaudio or none.",
            example="none",
            purpose="To know which sound servers have to be supported.",
        ),
    )

    root: Path = Path("/")

    def gather(self) -> Mapping[str, object]:
        # Wayland before X11: a Wayland desktop runs an X server for old programs, too.
        sessions = [read(path, "") for path in (self.root / SESSIONS).glob("*")]
        types = {fields(session, "=").get("TYPE", "") for session in sessions}
        sockets = {display for display, path in DISPLAYS.items() if present(self.root, path)}
        display = next((each for each in DISPLAYS if each in types | sockets), "none")
        # Every user may read the names of processes, but not look into the folders of the sockets.
        names = {read(process, "comm") for process in (self.root / "proc").glob("[0-9]*")}
        sound = next((each for each in SOUNDS if each in names), "none")
        return {"display_server": display, "sound_server": sound if names else UNLISTED}
