import pytest

from metric_collection.probes.linux.files import ENOUGH, fields, present, read

from ..machines import write


def test_a_file_is_read_without_its_final_newline(tmp_path):
    write(tmp_path, {"model": b"Raspberry Pi 4 Model B Rev 1.4\0"})
    assert read(tmp_path, "model") == "Raspberry Pi 4 Model B Rev 1.4"


@pytest.mark.parametrize("name", ["missing", "folder"])
def test_a_file_that_cannot_be_read_is_empty(tmp_path, name):
    (tmp_path / "folder").mkdir()
    assert read(tmp_path, name) == ""


def test_only_the_beginning_of_a_long_file_is_read(tmp_path):
    write(tmp_path, {"cpuinfo": "x" * (2 * ENOUGH)})
    assert len(read(tmp_path, "cpuinfo")) == ENOUGH


def test_the_first_of_repeated_fields_counts():
    assert fields("flags : a b\nmodel: x\n\nflags : c", ":")["flags"] == "a b"


def test_a_pattern_is_present_if_a_file_matches(tmp_path):
    write(tmp_path, {"run/user/1000/wayland-0": ""})
    assert present(tmp_path, "run/user/*/wayland-*")
    assert not present(tmp_path, "run/user/*/pipewire-*")
    assert not present(tmp_path / "missing", "*")
