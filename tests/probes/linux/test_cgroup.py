import pytest

from metric_collection.probes.linux.cgroup import MemoryGroup, cpu_limit, memory_group

from ..machines import write

V2 = {
    "proc/self/cgroup": "0::/acme.slice/web.service\n",
    "sys/fs/cgroup/acme.slice/cpu.max": "150000 100000\n",
    "sys/fs/cgroup/acme.slice/web.service/cpu.max": "max 100000\n",
    "sys/fs/cgroup/acme.slice/memory.max": "2000\n",
    "sys/fs/cgroup/acme.slice/memory.current": "1500\n",
    "sys/fs/cgroup/acme.slice/memory.stat": "anon 1\ninactive_file 300\n",
    "sys/fs/cgroup/acme.slice/web.service/memory.max": "max\n",
}
V1 = {
    "proc/self/cgroup": "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/\n",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "4000\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000\n",
    "sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 200\n",
}


@pytest.mark.parametrize(("files", "limit"), [(V2, 1.5), (V1, 0.5)])
def test_the_lowest_limit_on_processors_counts(tmp_path, files, limit):
    assert cpu_limit(write(tmp_path, files)) == limit


@pytest.mark.parametrize(
    ("files", "group"),
    [
        (V2, MemoryGroup(limit=2000, used=1500, reclaimable=300)),
        (V1, MemoryGroup(limit=4000, used=1000, reclaimable=200)),
    ],
)
def test_the_lowest_limit_on_memory_counts(tmp_path, files, group):
    assert memory_group(write(tmp_path, files)) == group


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"proc/self/cgroup": "0::/\n"},
        {"proc/self/cgroup": "2:pids:/x\n"},
        {"proc/self/cgroup": "3:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"},
        {"proc/self/cgroup": "0::/../..\n"},
    ],
)
def test_without_a_limit_there_is_none(tmp_path, files):
    write(tmp_path, files)
    assert (cpu_limit(tmp_path), memory_group(tmp_path)) == (None, None)


def test_a_missing_value_of_a_group_counts_as_none(tmp_path):
    write(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "2000\n"})
    assert memory_group(tmp_path) == MemoryGroup(limit=2000, used=0, reclaimable=0)
