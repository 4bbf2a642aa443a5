import os

import pytest

from metric_collection.probes.processor import NO_LEVEL, Processor

from .machines import write


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("flags\t\t: fpu sse4_2 avx avx2 avx512f", "AVX-512"),
        ("flags\t\t: fpu sse4_2 avx avx2", "AVX2"),
        ("flags\t\t: fpu sse4_2 avx", "AVX"),
        ("flags\t\t: fpu sse4_2", "SSE4.2"),
        ("flags\t\t: fpu sse2", NO_LEVEL),
        ("Features\t: fp asimd sve", "SVE"),
        ("Features\t: fp asimd", "NEON"),
        ("Features\t: half thumb neon vfpv4", "NEON"),
        ("model name: POWER9", NO_LEVEL),
    ],
)
def test_the_highest_simd_level_is_reported(tmp_path, line, level):
    write(tmp_path, {"proc/cpuinfo": f"processor\t: 0\n{line}\n\nprocessor\t: 1\n{line}\n"})
    assert Processor(root=tmp_path).gather()["cpu_capable"] == level


@pytest.mark.parametrize(
    ("quota", "count"),
    [("max 100000", 8), ("150000 100000", 2), ("50000 100000", 1), ("900000 100000", 8)],
)
def test_processors_are_limited_by_the_container(tmp_path, quota, count):
    write(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": f"{quota}\n"})
    assert Processor(root=tmp_path, cpus=lambda: 8).gather()["cpu_count"] == count


def test_where_the_scheduler_cannot_be_asked_all_processors_count(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert Processor(root=tmp_path).gather()["cpu_count"] == os.cpu_count()


def test_this_machine_has_a_processor():
    assert 1 <= Processor().gather()["cpu_count"] <= os.cpu_count()
