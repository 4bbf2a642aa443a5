"""What the test run of a host sends, which has done nothing to prevent it."""

from collections.abc import Iterator
from pathlib import Path

from ..bench import PATIENCE, Bench
from ..hosts import SIDES, Host
from ..loopback import collector
from ..rows import Row, at_most, exactly, row

SUBJECT = "A host's own `manage.py test`"


def measure(bench: Bench) -> Iterator[Row]:
    """With Celery as it is set up for production, and as it often is for tests."""
    for what, sent in (("messages to the broker", messages), ("posts, tasks eager", posts)):
        found = {side: sent(bench, side) for side in SIDES}
        yield row(SUBJECT, what, found, exactly, at_most(0))


def messages(bench: Bench, side: str) -> int:
    """How many messages lie in the production broker's folder afterwards."""
    folder = Path(bench.empty()).parent
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder)}
    run_tests(bench, Host(side=side, broker="filesystem://", broker_options=options))
    return len(list(folder.glob("*.msg")))


def posts(bench: Bench, side: str) -> int:
    """How many posts come at the collector where tasks run at once, without a worker."""
    with collector() as sink:
        run_tests(bench, Host(side=side, eager=True, collector=sink.url))
        return len(sink.taken())


def run_tests(bench: Bench, host: Host) -> None:
    """Run the tests of the product, which have to pass."""
    bench.launch(host, "-m", "django", "test", "product", cap=PATIENCE).require_success()
