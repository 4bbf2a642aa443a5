import pytest

from metric_collection.probes import Unknown
from metric_collection.probes.desktop import Desktop

from .machines import write

WAYLAND = {"run/systemd/sessions/2": "# private\nUID=1000\nUSER=ada\nTYPE=wayland\n"}
X11 = {"run/systemd/sessions/3": "TYPE=x11\n"}
TERMINAL = {"run/systemd/sessions/1": "TYPE=tty\n"}
X_SOCKET = {"tmp/.X11-unix/X0": ""}


@pytest.mark.parametrize(
    ("files", "server"),
    [
        ({}, "none"),
        (TERMINAL, "none"),
        (WAYLAND, "wayland"),
        (X11, "x11"),
        (TERMINAL | X_SOCKET, "x11"),
        ({"run/user/1000/wayland-0": ""}, "wayland"),
        (WAYLAND | X_SOCKET, "wayland"),
    ],
)
def test_the_display_server_is_known_by_sessions_and_sockets(tmp_path, files, server):
    write(tmp_path, files)
    assert Desktop(root=tmp_path).gather()["display_server"] == server


@pytest.mark.parametrize(
    ("processes", "server"),
    [
        (["init", "pipewire", "pipewire-pulse"], "pipewire"),
        (["init", "pulseaudio"], "pulseaudio"),
        (["init", "gunicorn"], "none"),
        ([], Unknown("the system does not list its processes in /proc")),
    ],
)
def test_the_sound_server_is_known_by_its_process(tmp_path, processes, server):
    write(
        tmp_path, {f"proc/{number}/comm": f"{name}\n" for number, name in enumerate(processes, 1)}
    )
    assert Desktop(root=tmp_path).gather()["sound_server"] == server
