import re

from metric_collection.probes.disk import Disk


def test_the_disk_is_reported_in_buckets(tmp_path):
    found = Disk(root=tmp_path).gather()
    assert list(found) == ["total_disk", "free_disk"]
    assert all(re.fullmatch(r"\d+(-\d+)? [kMGTP]?B|0 bytes", bucket) for bucket in found.values())
