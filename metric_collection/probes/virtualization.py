"""Whether the machine is a virtual one, and whose."""

from collections.abc import Mapping
from pathlib import Path

from .linux.files import read
from .linux.firmware import board_model, product_model
from .probe import Fact
from .processor import cpu_flags

# What the firmware of virtual machines calls itself; some of Amazon's and Google's are of metal.
KINDS = {
    "VMware": "vmware",
    "VirtualBox": "virtualbox",
    "Parallels": "parallels",
    "Microsoft Corporation Virtual Machine": "hyper-v",
    "Xen": "xen",
    "Amazon EC2": "amazon",
    "Google Compute Engine": "google",
    "Apple Virtualization": "apple",
    "OpenStack": "kvm",
    "KVM": "kvm",
    "QEMU": "kvm",
}


class Virtualization:
    """Reports the hypervisor that the processor's flags and the firmware give away."""

    facts = (
        Fact(
            name="virtualization",
            description=f"The kind of virtual machine: {', '.join(dict.fromkeys(KINDS.values()))}.",
            example="kvm",
            purpose="To know on what kinds of machines performance matters.",
            coarsened='"other" for any other kind, "none" for a machine of metal.',
        ),
    )

    def __init__(self, *, root: Path = Path("/")) -> None:
        self._root = root

    def gather(self) -> Mapping[str, object]:
        return {"virtualization": self._kind()}

    def _kind(self) -> str | None:
        model = product_model(self._root)
        kind = next((kind for mark, kind in KINDS.items() if mark in model), None)
        flags = cpu_flags(self._root)
        if "fpu" in flags:  # a PC's processor says whether there is a hypervisor under it
            return (kind or "other") if "hypervisor" in flags else "none"
        guest = read(self._root, "proc/device-tree/hypervisor/compatible")
        if guest:
            return "xen" if "xen" in guest else "kvm"
        return kind or ("none" if board_model(self._root) or model else None)
