"""The firmware's description of the machine: the device tree of boards, the DMI tables of PCs."""

from pathlib import Path

from .files import read

DEVICE_TREES = ("proc/device-tree", "sys/firmware/devicetree/base")
DMI = "sys/class/dmi/id"


def board_model(root: Path) -> str:
    """The model of a board, such as ``Raspberry Pi 4 Model B Rev 1.4``; "" for other machines."""
    return device_tree(root, "model")


def product_model(root: Path) -> str:
    """Vendor and product of a PC or virtual machine; "" where the firmware does not say."""
    return f"{read(root, f'{DMI}/sys_vendor')} {read(root, f'{DMI}/product_name')}".strip()


def device_tree(root: Path, name: str) -> str:
    """A property of a board's device tree; "" for other machines."""
    return next(filter(None, (read(root, f"{tree}/{name}") for tree in DEVICE_TREES)), "")
