import pytest

from metric_collection.probes import Unknown
from metric_collection.probes.hardware import Hardware

from .machines import board, product, write

MODELS = ["Raspberry Pi 4", "Raspberry Pi 4 Model B", "Acme Inc. Box 2"]


@pytest.mark.parametrize(
    ("files", "model"),
    [
        (board("Raspberry Pi 4 Model B Rev 1.4"), "Raspberry Pi 4 Model B"),
        (board("Raspberry Pi 4 Compute"), "Raspberry Pi 4"),
        (board("Raspberry Pi 400 Rev 1.0"), "other"),
        (product("Acme Inc.", "Box 2"), "Acme Inc. Box 2"),
        (product("Acme Inc.", "Box 23"), "other"),
        (product("", "hunter2's machine"), "other"),
        ({}, Unknown("the firmware does not name a model")),
    ],
)
def test_only_listed_models_are_named(tmp_path, files, model):
    probe = Hardware(root=write(tmp_path, files), models=MODELS)
    assert probe.gather() == {"hardware": model}


RULES = {
    "Mark II": {"i2c": 0x2F, "firmware": "Raspberry Pi 4"},
    "DevKit": {"compatible": "acme,kit"},
    "Mark 1": f"{__name__}.is_mark_1",
}
I2C = {"sys/bus/i2c/devices/1-002f/name": "tas5806m"}
KIT = {"proc/device-tree/compatible": "acme,kit\0raspberrypi,4-model-b\0"}


def is_mark_1():
    return False


@pytest.mark.parametrize(
    ("files", "model"),
    [
        (board("Raspberry Pi 4 Model B") | I2C, "Mark II"),
        (board("Raspberry Pi 3") | I2C, "other"),
        (board("Raspberry Pi 4 Model B") | KIT, "DevKit"),
        (board("Raspberry Pi 4 Model B"), "other"),
        (I2C, Unknown("the firmware does not name a model")),
    ],
)
def test_a_model_can_have_a_rule_of_its_own(tmp_path, files, model):
    probe = Hardware(root=write(tmp_path, files), models=RULES)
    assert probe.gather() == {"hardware": model}


def test_a_rule_can_be_a_callable(tmp_path):
    assert Hardware(root=tmp_path, models={"Mark 1": lambda: True}).gather() == {
        "hardware": "Mark 1"
    }


def test_without_a_list_every_model_is_other(tmp_path):
    write(tmp_path, board("Raspberry Pi 4 Model B Rev 1.4"))
    assert Hardware(root=tmp_path).gather() == {"hardware": "other"}


def test_the_declaration_names_the_listed_models():
    [fact] = Hardware(models=MODELS).facts
    assert fact.description.endswith(
        ": Raspberry Pi 4, Raspberry Pi 4 Model B, Acme Inc. Box 2, other."
    )
