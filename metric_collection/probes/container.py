"""Whether the product runs in a container, and in whose."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from .linux.files import present, read
from .probe import Fact

FILES = (
    ("kubernetes", "var/run/secrets/kubernetes.io"),
    ("kubernetes", "run/secrets/kubernetes.io"),
    ("podman", "run/.containerenv"),
    ("docker", ".dockerenv"),
)
GROUPS = (
    ("kubernetes", re.compile(r"/kubepods\b")),
    ("podman", re.compile(r"/libpod[-_]")),
    ("docker", re.compile(r"/docker[-/]")),
    ("lxc", re.compile(r"/lxc(?:\.payload)?[./]")),
    ("systemd-nspawn", re.compile(r"/machine\.slice/systemd-nspawn")),
)
KINDS = {"docker", "podman", "lxc", "kubernetes", "systemd-nspawn"}


class Container:
    """Reports the kind of container by the marks that each kind leaves."""

    facts = (
        Fact(
            name="container",
            description="The kind of container: docker, podman, lxc, kubernetes, systemd-nspawn.",
            example="docker",
            purpose="To know which ways to deploy deserve the most care.",
            coarsened='"other" for any other kind, "none" outside of containers.',
        ),
    )

    def __init__(self, *, root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> None:
        self._root = root
        self._environ = environ

    def gather(self) -> Mapping[str, object]:
        return {"container": next(self._kinds(), "none")}

    def _kinds(self) -> Iterator[str]:
        if "KUBERNETES_SERVICE_HOST" in self._environ:
            yield "kubernetes"
        yield from (kind for kind, name in FILES if present(self._root, name))
        groups = read(self._root, "proc/self/cgroup")
        yield from (kind for kind, group in GROUPS if group.search(groups))
        for word in (read(self._root, "run/systemd/container"), self._environ.get("container")):
            if word:
                yield word if word in KINDS else "other"
