"""``python -m metric_collection.collector --data FOLDER``: a collector with nothing else to install."""

from __future__ import annotations

import os
import signal
import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command, execute_from_command_line
from django.http.request import split_domain_port

from .embedded.folder import Folder, prepared
from .embedded.hosts import LOOPBACK, in_url
from .embedded.settings import settings_for

PROGRAM = "python -m metric_collection.collector"
EPILOG = """\
What follows -- is run as a management command instead, e.g. -- metric_collector show 5. Every METRIC_COLLECTOR_
setting may be set in the environment, as JSON."""


def main(arguments: Sequence[str]) -> None:
    """Serve, or run the management command that follows ``--``."""
    own, command = split(arguments)
    chosen = parser().parse_args(own)
    os.umask(0o077)
    try:
        folder = prepared(chosen.data.absolute())
    except OSError as error:
        parser().error(
            f"{str(chosen.data)!r} cannot be used: {error.strerror}. Choose another --data."
        )
    hosts = [in_url(chosen.bind[0]), *LOOPBACK, *chosen.host]
    settings.configure(**settings_for(folder, hosts=hosts, environ=os.environ))
    django.setup()
    if folder.is_new or not (command or chosen.worker):
        call_command("migrate", verbosity=0)
    if command:
        execute_from_command_line([PROGRAM, *command])
    elif chosen.worker:
        work(chosen.worker)
    else:
        run(chosen, folder)


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split our own arguments from the management command after ``--``."""
    given = list(arguments)
    if "--" not in given:
        return given, []
    index = given.index("--")
    return given[:index], given[index + 1 :]


def parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog=PROGRAM,
        description="Receive, count and show the usage metrics of your products.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add(
        "--data", type=folder_path, required=True, metavar="FOLDER", help="Folder; made if missing."
    )
    add("--bind", type=address, default="127.0.0.1:8080", metavar="HOST:PORT", help="Address.")
    add(
        "--host",
        action="append",
        default=[],
        type=host_name,
        metavar="NAME",
        help="Another name of this host.",
    )
    add("--site", action="append", default=[], type=site, metavar="ID=NAME", help="Add a site.")
    add("--worker", type=int, help=SUPPRESS)
    return parser


def folder_path(text: str) -> Path:
    if not text.strip():
        raise ArgumentTypeError(f"{text!r} is not the path of a folder, such as /srv/metrics")
    return Path(text)


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def host_name(text: str) -> str:
    name = in_url(text.strip("[]"))
    domain, port = split_domain_port(name)
    if name != "*" and (port or not domain):
        raise ArgumentTypeError(f"{text!r} is not the name of a host, such as metrics.example.org")
    return name


def site(text: str) -> tuple[int, str]:
    number, _, name = text.partition("=")
    if not number.isdecimal() or int(number) < 1 or not name.strip():
        raise ArgumentTypeError(f"{text!r} is not ID=NAME, such as 5=Acme")
    return int(number), name.strip()


def run(chosen: Namespace, folder: Folder) -> None:
    """Serve, with a worker beside, until stopped."""
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415  Django is set up now

    from .checks import check_collector  # noqa: PLC0415
    from .embedded.accounts import one_time_link  # noqa: PLC0415
    from .embedded.serving import serve, server_for, worker  # noqa: PLC0415
    from .models import Site  # noqa: PLC0415

    for message in check_collector():
        sys.stderr.write(f"{message}\n")
    for site_id, name in chosen.site:
        if not Site.objects.filter(pk=site_id).exists():
            try:
                say(f"Site {site_id} was added: {Site.objects.add(site_id, name).name}")
            except ValueError as error:
                parser().error(str(error))
    host, port = chosen.bind
    try:
        server, port = server_for(get_wsgi_application(), host, port)
    except (OSError, UnicodeError) as error:
        parser().error(
            f"{in_url(host)}:{port} cannot be served at: {error}. Choose another --bind."
        )
    url = f"http://{in_url(host)}:{port}"
    beside = ["-m", "metric_collection.collector", "--data", str(folder.path)]

    def announce() -> None:
        say(f"Reports are received at {url}/cleaninsights.php")
        if link := one_time_link():
            say(f"Set the password of the account admin: {url}{link}")
        say(f"Dashboard: {url}/admin/")

    with worker([sys.executable, *beside, "--worker", str(os.getpid())]):
        serve(server, announce)


def work(parent: int) -> None:
    """Do the work of the embedded collector, as long as its web server runs."""
    from .embedded.serving import sleep_beside  # noqa: PLC0415  Django is set up now
    from .work import run_forever  # noqa: PLC0415

    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    for _ in run_forever(sleep=sleep_beside(parent)):
        pass


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
