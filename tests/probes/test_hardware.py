import pytest

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
        ({}, None),
    ],
)
def test_only_listed_models_are_named(tmp_path, files, model):
    probe = Hardware(root=write(tmp_path, files), models=MODELS)
    assert probe.gather() == {"hardware": model}


def test_without_a_list_every_model_is_another(tmp_path):
    write(tmp_path, board("Raspberry Pi 4 Model B Rev 1.4"))
    assert Hardware(root=tmp_path).gather() == {"hardware": "other"}


def test_the_declaration_names_the_listed_models():
    [fact] = Hardware(models=MODELS).facts
    assert fact.description.endswith(
        ": Raspberry Pi 4, Raspberry Pi 4 Model B, Acme Inc. Box 2, other."
    )
