"""The firmware's description of the machine: the device tree of boards, the DMI tables of PCs."""

from pathlib import Path

from .files import present, read

DEVICE_TREES = ("proc/device-tree", "sys/firmware/devicetree/base")
DMI = "sys/class/dmi/id"


def board_model(root: Path) -> str:
    """The model of a board, such as ``Raspberry Pi 4 Model B Rev 1.4``; "" for other machines."""
    return _device_tree(root, "model")


def compatible(root: Path) -> list[str]:
    """The boards and chips that a board is compatible with, such as ``raspberrypi,4-model-b``."""
    return _device_tree(root, "compatible").split("\0")


def product_model(root: Path) -> str:
    """Vendor and product of a PC or virtual machine; "" where the firmware does not say."""
    return f"{read(root, f'{DMI}/sys_vendor')} {read(root, f'{DMI}/product_name')}".strip()


def has_i2c_device(root: Path, address: int) -> bool:
    """Whether the kernel knows a device at this address of any I2C bus; no bus is probed for it."""
    return present(root, f"sys/bus/i2c/devices/*-{address:04x}")


def _device_tree(root: Path, name: str) -> str:
    return next(filter(None, (read(root, f"{tree}/{name}") for tree in DEVICE_TREES)), "")
