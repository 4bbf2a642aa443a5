"""Whether the product runs in a container, and in which kind."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
    """Reports the kind of container that the product runs in.

    With ``kind=False`` it reports only whether the product runs in a container.
    """

    form = Fact(
        name="container",
        description="The kind of container: docker, podman, lxc, kubernetes, systemd-nspawn.",
        example="docker",
        purpose="To know which ways to deploy matter most.",
        coarsened='"other" for any other kind, "none" outside of containers.',
    )

    def __init__(
        self,
        *,
        kind: bool = True,
        root: Path = Path("/"),
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._kind = kind
        self._root = root
        self._environ = environ

    @property
    def facts(self) -> Sequence[Fact]:
        if self._kind:
            return [self.form]
        words = "Whether the product runs in a container."
        return [replace(self.form, description=words, example="true", coarsened="")]

    def gather(self) -> Mapping[str, object]:
        kind = next(self._kinds(), "none")
        return {"container": kind if self._kind else kind != "none"}

    def _kinds(self) -> Iterator[str]:
        if "KUBERNETES_SERVICE_HOST" in self._environ:
            yield "kubernetes"
        yield from (kind for kind, name in FILES if present(self._root, name))
        groups = read(self._root, "proc/self/cgroup")
        yield from (kind for kind, group in GROUPS if group.search(groups))
        for word in (read(self._root, "run/systemd/container"), self._environ.get("container")):
            if word:
                yield word if word in KINDS else "other"
