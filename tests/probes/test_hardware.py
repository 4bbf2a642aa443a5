import pytest

from metric_collection.probes.hardware import HardwareProbe, RaspberryPiProbe

from .machines import write

MODELS = ["Raspberry Pi 4", "Raspberry Pi 4 Model B", "Acme Inc. Box 2"]


def board(model):
    return {"proc/device-tree/model": f"{model}\0"}


def product(vendor, name):
    return {
        "sys/class/dmi/id/sys_vendor": f"{vendor}\n",
        "sys/class/dmi/id/product_name": f"{name}\n",
    }


@pytest.mark.parametrize(
    ("files", "model"),
    [
        (board("Raspberry Pi 4 Model B Rev 1.4"), "Raspberry Pi 4 Model B"),
        (board("Raspberry Pi 4 Compute"), "Raspberry Pi 4"),
        (board("Raspberry Pi 400 Rev 1.0"), "other"),
        (product("Acme Inc.", "Box 2"), "Acme Inc. Box 2"),
        (product("Acme Inc.", "Box 23"), "other"),
        (product("", "hunter2's machine"), "other"),
        ({}, None),
    ],
)
def test_only_listed_models_are_named(tmp_path, files, model):
    probe = HardwareProbe(root=write(tmp_path, files), models=MODELS)
    assert probe.gather() == {"hardware": model}


def test_without_a_list_every_model_is_another(tmp_path):
    write(tmp_path, board("Raspberry Pi 4 Model B Rev 1.4"))
    assert HardwareProbe(root=tmp_path).gather() == {"hardware": "other"}


def test_the_declaration_names_the_listed_models():
    [fact] = HardwareProbe(models=MODELS).facts
    assert fact.description.endswith(
        ": Raspberry Pi 4, Raspberry Pi 4 Model B, Acme Inc. Box 2, other."
    )


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
    assert RaspberryPiProbe(root=write(tmp_path, files)).gather() == {"raspberry_pi": model}


def test_a_device_tree_may_lie_elsewhere(tmp_path):
    write(tmp_path, {"sys/firmware/devicetree/base/model": "Raspberry Pi 5\0"})
    assert RaspberryPiProbe(root=tmp_path).gather() == {"raspberry_pi": "Raspberry Pi 5"}
