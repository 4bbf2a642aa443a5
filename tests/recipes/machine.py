"""A small computer in Italy, made of files: what the probes of the recipes find is always the same."""

FILES = {
    "etc/timezone": "Europe/Rome\n",
    "proc/1/comm": "systemd\n",
    "proc/77/comm": "pipewire\n",
    "proc/cpuinfo": "processor : 0\nflags : fpu sse4_2 avx avx2\n",
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "proc/meminfo": "MemTotal: 8000000 kB\nMemFree: 600000 kB\nMemAvailable: 3000000 kB\n",
    "sys/bus/i2c/devices/1-002f/name": "tas5806m\n",
    "proc/uptime": "700000.0 1.0\n",
    "tmp/.X11-unix/X0": "",
    "usr/share/zoneinfo/zone.tab": "IT\t+4154+01229\tEurope/Rome\n",
}
# Laid over the settings of a recipe: its probes look at the machine of files.
SETTINGS = """
from inspect import signature
from pathlib import Path
from django.utils.module_loading import import_string

def on_machine(entry):
    path, options = (entry, {}) if isinstance(entry, str) else entry
    needs_models = path.endswith((".InstalledAt", ".Processes"))
    if not path.startswith("metric_collection.") or needs_models:
        return (path, options)
    machine = {"root": Path("machine"), "os_release": lambda: {"ID": "debian", "VERSION_ID": "12"}}
    seams = signature(import_string(path)).parameters
    return (path, {**options, **{name: machine[name] for name in machine.keys() & seams}})

METRIC_COLLECTION_PROBES = [on_machine(probe) for probe in globals().get("METRIC_COLLECTION_PROBES", [])]
"""
