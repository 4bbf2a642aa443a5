import pytest

from metric_collection.probes import Unknown
from metric_collection.probes.memory import Memory

from .machines import write

MACHINE = {
    "proc/meminfo": "MemTotal: 16000000 kB\nMemFree: 3000000 kB\nMemAvailable: 9000000 kB\nSwapTotal: 5 kB\n",
    "proc/self/cgroup": "0::/\n",
}


def gather(folder, files):
    return Memory(root=write(folder, files)).gather()


def test_memory_is_reported_in_buckets(tmp_path):
    buckets = {"total_memory": "10-19 GB", "free_memory": "2-4 GB", "avail_memory": "5-9 GB"}
    assert gather(tmp_path, MACHINE) == buckets


def test_memory_is_limited_by_the_container(tmp_path):
    limits = {
        "sys/fs/cgroup/memory.max": "2000000000",
        "sys/fs/cgroup/memory.current": "1900000000",
        "sys/fs/cgroup/memory.stat": "inactive_file 150000000\n",
    }
    buckets = {"total_memory": "2-4 GB", "free_memory": "100-199 MB", "avail_memory": "200-499 MB"}
    assert gather(tmp_path, MACHINE | limits) == buckets


def test_a_container_above_its_limit_has_no_free_memory(tmp_path):
    limits = {"sys/fs/cgroup/memory.max": "1000", "sys/fs/cgroup/memory.current": "1001"}
    assert gather(tmp_path, MACHINE | limits)["free_memory"] == "0 bytes"


def test_a_limit_beyond_the_machine_is_none(tmp_path):
    limits = {"sys/fs/cgroup/memory.max": "9223372036854771712"}
    assert gather(tmp_path, MACHINE | limits)["total_memory"] == "10-19 GB"


@pytest.mark.parametrize(
    ("table", "names"),
    [("", []), ("MemTotal: 1 kB\nMemFree: 1 kB\n", ["total_memory", "free_memory"])],
)
def test_a_size_that_the_kernel_does_not_show_is_unknown(tmp_path, table, names):
    facts = gather(tmp_path, {"proc/meminfo": table})
    assert len(facts) == 3
    assert [name for name, value in facts.items() if not isinstance(value, Unknown)] == names
