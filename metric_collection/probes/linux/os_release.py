"""The distribution, as its os-release file names it (freedesktop.org), if it is a public one.

NAME and PRETTY_NAME are whatever the builder of an image wrote there, and could name a customer: only
IDs that are listed here are sent, and only the numbers of a version.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..values.text import numbers_of

OsRelease = Callable[[], Mapping[str, str]]
IDS = """
    almalinux alpine alt altlinux amzn anolis arch archarm archlinux arcolinux armbian artix azurelinux
    biglinux blackarch bodhi bottlerocket buildroot cachyos centos chimera circle clear-linux-os clearos
    cloudlinux cos crux debian deepin devuan dietpi elementary endeavouros eurolinux exherbo fedora flatcar
    freebsd garuda gentoo guix hyperbola kaos kali kylin linuxmint mageia manjaro manjaro-arm mariner
    midnightbsd miraclelinux nethserver neon nixos nobara ol openbsd opencloudos openeuler openmandriva
    opensuse opensuse-leap opensuse-microos opensuse-slowroll opensuse-tumbleweed openwrt oracle parabola
    parrot pclinuxos peppermint photon pika poky pop postmarketos pureos raspbian rhel rocky rosa sabayon
    scientific sl-micro slackware sled sle-micro sles solus steamos tails talos tencentos tinycore trisquel
    ubuntu ubuntu-core ultramarine uos vanilla virtuozzo void wolfi xenenterprise zorin
"""
KNOWN = frozenset(IDS.split())
OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Its ID, or ``other``; ``version`` is "" for a rolling release and for every other."""

    name: str
    version: str


def distribution(os_release: OsRelease) -> Distribution | None:
    """The distribution of a machine; None where there is no os-release file, or none in UTF-8."""
    try:
        fields = os_release()
    except (OSError, ValueError):
        return None
    name = fields.get("ID", "").lower()
    if name not in KNOWN:
        return Distribution(name=OTHER, version="")
    return Distribution(name=name, version=numbers_of(fields.get("VERSION_ID", "")))
