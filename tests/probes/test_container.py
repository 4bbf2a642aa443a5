import pytest

from metric_collection.probes.container import Container

from .machines import write

CGROUP = "proc/self/cgroup"


@pytest.mark.parametrize(
    ("files", "environ", "kind"),
    [
        ({}, {}, "none"),
        ({CGROUP: "0::/system.slice/docker.service\n"}, {}, "none"),
        ({".dockerenv": ""}, {}, "docker"),
        ({"run/.containerenv": ""}, {"container": "podman"}, "podman"),
        ({".dockerenv": "", "run/secrets/kubernetes.io/token": "x"}, {}, "kubernetes"),
        ({"var/run/secrets/kubernetes.io/token": "x"}, {}, "kubernetes"),
        ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes"),
        ({CGROUP: "4:memory:/docker/0123abcd\n"}, {}, "docker"),
        ({CGROUP: "0::/system.slice/docker-0123.scope\n"}, {}, "docker"),
        ({CGROUP: "0::/machine.slice/libpod-0123.scope\n"}, {}, "podman"),
        ({CGROUP: "0::/kubepods.slice/kubepods-burstable.slice\n"}, {}, "kubernetes"),
        ({CGROUP: "0::/lxc.payload.web/init.scope\n"}, {}, "lxc"),
        ({CGROUP: "4:memory:/lxc/web\n"}, {}, "lxc"),
        ({CGROUP: "0::/machine.slice/systemd-nspawn@web.service\n"}, {}, "systemd-nspawn"),
        ({"run/systemd/container": "lxc\n"}, {}, "lxc"),
        ({}, {"container": "systemd-nspawn"}, "systemd-nspawn"),
        ({}, {"container": "our-own-secret-runtime"}, "other"),
    ],
)
def test_a_container_is_known_by_its_marks(tmp_path, files, environ, kind):
    write(tmp_path, files)
    assert Container(root=tmp_path, environ=environ).gather() == {"container": kind}
    yes_or_no = Container(kind=False, root=tmp_path, environ=environ)
    assert yes_or_no.gather() == {"container": kind != "none"}


def test_the_declaration_depends_on_the_options():
    [fact] = Container(kind=False).facts
    assert fact.description == "Whether the product runs in a container."
    assert list(Container().facts) == [Container.form]
