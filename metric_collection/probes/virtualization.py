"""The hypervisor of a virtual machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .linux.files import read
from .linux.firmware import board_model, product_model
from .probe import Fact, Unknown
from .processor import cpu_flags

# Mark in the firmware -> hypervisor. Some of Amazon's and Google's machines are bare metal.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Virtualization:
    """Reports the hypervisor, by the processor's flags and the firmware."""

    facts = (
        Fact(
            name="virtualization",
            description=f"The kind of virtual machine: {', '.join(dict.fromkeys(KINDS.values()))}.",
            example="kvm",
            purpose="To know on what kinds of machines performance matters.",
            coarsened='"other" for any other kind, "none" for bare metal.',
        ),
    )

    root: Path = Path("/")

    def gather(self) -> Mapping[str, object]:
        return {"virtualization": self._kind()}

    def _kind(self) -> str | Unknown:
        model = product_model(self.root)
        kind = next((kind for mark, kind in KINDS.items() if mark in model), None)
        flags = cpu_flags(self.root)
        if "fpu" in flags:  # a PC's processor has a flag for hypervisors
            return (kind or "other") if "hypervisor" in flags else "none"
        # Other processors have no such flag, but a hypervisor adds itself to the device tree.
        guest = read(self.root, "proc/device-tree/hypervisor/compatible")
        if guest:
            return "xen" if "xen" in guest else "kvm"
        if kind:
            return kind
        if board_model(self.root) or model:
            return "none"
        return Unknown("neither the processor nor the firmware identifies it")
