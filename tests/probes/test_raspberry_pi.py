import pytest

from metric_collection.probes.raspberry_pi import RaspberryPi

from .machines import board, product, write


@pytest.mark.parametrize(
    ("files", "model"),
    [
        (board("Raspberry Pi 4 Model B Rev 1.4"), "Raspberry Pi 4 Model B"),
        (board("Raspberry Pi Zero 2 W Rev 1.0"), "Raspberry Pi Zero 2 W"),
        (board("Raspberry Pi 5"), "Raspberry Pi 5"),
        (board("Raspberry Pi <secret>"), False),
        (board("Hardkernel ODROID-C4"), False),
        (product("Dell Inc.", "PowerEdge R640"), False),
        ({}, False),
    ],
)
def test_a_raspberry_pi_is_named_without_its_revision(tmp_path, files, model):
    assert RaspberryPi(root=write(tmp_path, files)).gather() == {"raspberry_pi": model}


def test_the_device_tree_may_be_in_sys(tmp_path):
    write(tmp_path, {"sys/firmware/devicetree/base/model": "Raspberry Pi 5\0"})
    assert RaspberryPi(root=tmp_path).gather() == {"raspberry_pi": "Raspberry Pi 5"}
