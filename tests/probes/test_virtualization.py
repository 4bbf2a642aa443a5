import pytest

from metric_collection.probes import Unknown
from metric_collection.probes.virtualization import Virtualization

from .machines import write

GUEST = "flags\t: fpu hypervisor avx\n"
METAL = "flags\t: fpu avx\n"
BOARD = "Features\t: fp asimd\n"


def firmware(vendor, product):
    return {"sys/class/dmi/id/sys_vendor": vendor, "sys/class/dmi/id/product_name": product}


@pytest.mark.parametrize(
    ("cpuinfo", "files", "kind"),
    [
        (GUEST, firmware("QEMU", "Standard PC (Q35 + ICH9, 2009)"), "kvm"),
        (GUEST, firmware("OpenStack Foundation", "OpenStack Nova"), "kvm"),
        (GUEST, firmware("VMware, Inc.", "VMware20,1"), "vmware"),
        (GUEST, firmware("innotek GmbH", "VirtualBox"), "virtualbox"),
        (GUEST, firmware("Microsoft Corporation", "Virtual Machine"), "hyper-v"),
        (GUEST, firmware("Xen", "HVM domU"), "xen"),
        (GUEST, firmware("Amazon EC2", "m5.large"), "amazon"),
        (GUEST, firmware("Our Own Cloud", "hunter2"), "other"),
        (GUEST, {}, "other"),
        (METAL, firmware("Amazon EC2", "m5.metal"), "none"),
        (METAL, firmware("Dell Inc.", "PowerEdge R640"), "none"),
        (METAL, {}, "none"),
        (BOARD, {"proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0"}, "none"),
        (BOARD, {"proc/device-tree/hypervisor/compatible": "linux,kvm\0"}, "kvm"),
        (BOARD, {"proc/device-tree/hypervisor/compatible": "xen,xen-4.17\0xen,xen\0"}, "xen"),
        (BOARD, firmware("Apple Inc.", "Apple Virtualization Generic Platform"), "apple"),
        (BOARD, firmware("Ampere", "Altra"), "none"),
        (BOARD, {}, Unknown("neither the processor nor the firmware identifies it")),
    ],
)
def test_a_virtual_machine_is_known_by_processor_and_firmware(tmp_path, cpuinfo, files, kind):
    write(tmp_path, {"proc/cpuinfo": cpuinfo, **files})
    assert Virtualization(root=tmp_path).gather() == {"virtualization": kind}
