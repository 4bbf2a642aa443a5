"""The life of one installation: installed, alive, upgraded, switched off; and its publisher's numbers."""

import secrets
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

from demo.collector import DAYS, INSTALLATIONS, Collector
from demo.machine import MANAGE, DemoError, Machine
from demo.operator import PAGE, Operator
from demo.record import Sent, sent
from demo.terminal import Terminal, heading
from demo.wheels import build

DAY = 3  # seconds: what Rackbook takes for 24 hours while the demo runs
MODULE = "rackbook-labels"
USER = "operator"
CELERY = [sys.executable, "-m", "celery", "-A", "rackbook"]
BELL = r"Sending due task metric_collection\.heartbeat"
ADMIN = r"http://127\.0\.0\.1:[1-9]\d*"


@dataclass(kw_only=True)
class Story:
    """Plays on `machine`, believes its record and what reaches `collector`, tells on `terminal`."""

    machine: Machine
    collector: Collector
    terminal: Terminal
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    facts: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    received: int = 0
    site: str = ""
    operator: Operator = field(init=False)

    def tell(self, *, stay: bool) -> None:
        """Tell it all, and stop at the log-in if `stay`; raises DemoError if something does not happen."""
        self.publish()
        self.install()
        self.beat()
        self.upgrade()
        self.count()
        self.log_in()
        if stay:
            self.stay()
        self.switch_off()

    def publish(self) -> None:
        self.terminal.title("The makers of Rackbook run a collector: one command on one machine")
        self.terminal.say(f"It receives reports at {self.collector.url}")
        self.terminal.say(
            f"{INSTALLATIONS} simulated installations report to it for {DAYS} days, so that there is"
            " something to see."
        )
        self.collector.start_fleet()

    def install(self) -> None:
        self.terminal.title(f"1. Somebody installs Rackbook and {MODULE} 1.4.2")
        self.deploy("1.4.2")
        self.machine.manage("loaddata", "rackbook")
        self.declare()
        self.forget()
        self.terminal.say("migrate has run. It writes rows and leaves the network alone:")
        self.expect_silence()
        self.start_celery()
        self.expect("Install")

    def beat(self) -> None:
        self.terminal.title(f"2. A day goes by; here it has {DAY} seconds")
        self.forget()
        self.machine.await_line("beat", BELL)
        self.expect("Heartbeat")

    def upgrade(self) -> None:
        self.terminal.title(f"3. {MODULE} is upgraded to 1.5.0, migrate runs, the worker restarts")
        self.machine.stop("worker", "beat")
        self.forget()
        self.deploy("1.5.0")
        self.start_celery()
        self.expect("Upgrade")

    def log_in(self) -> None:
        self.terminal.title(
            "5. A superuser logs in for the first time, and the admin shows the notice"
        )
        self.serve()
        self.operator = Operator(self.site, USER, self.password)
        if not self.operator.is_asked():
            raise DemoError("The admin index shows no notice")

    def stay(self) -> None:
        """Keep everything running, and show what arrives, until Ctrl-C."""
        self.terminal.say(f"The operator's page: {self.site}{PAGE}")
        self.terminal.say(f"User {USER}, password {self.password}")
        self.terminal.say(f"The publisher's dashboard: {self.collector.dashboard}")
        self.terminal.say(f"Set the password of user admin first: {self.collector.password_link()}")
        self.terminal.say(
            "Have a look around; what arrives is shown here. Ctrl-C goes on to the end."
        )
        with suppress(KeyboardInterrupt):
            while self.machine.is_running("web"):
                for report in self.late():
                    self.terminal.say(heading(report))
                    self.seen += 1
                time.sleep(1)
            raise DemoError("The admin has stopped")

    def switch_off(self) -> None:
        self.terminal.title("6. The superuser switches metrics off on the System information page")
        self.operator.switch_off()
        time.sleep(1)  # what was on its way has arrived
        self.forget()
        self.let_days_pass(2)
        self.expect_silence()

    def deploy(self, version: str) -> None:
        """Put `version` of the module in place, as pip and migrate do it on any machine."""
        self.machine.install(build(MODULE, version, into=self.machine.folder))
        self.machine.manage("migrate", "--noinput")

    def start_celery(self) -> None:
        self.machine.start("worker", *CELERY, "worker", "-l", "INFO", "--concurrency", "1")
        self.machine.await_line("worker", r"ready\.")
        self.machine.start("beat", *CELERY, "beat", "-l", "INFO", "--max-interval", "1")

    def serve(self) -> None:
        """Create the operator and start the admin on a free port."""
        self.machine.environment["DJANGO_SUPERUSER_PASSWORD"] = self.password
        user = ["--noinput", "--username", USER, "--email", f"{USER}@example.org"]
        self.machine.manage("createsuperuser", *user)
        self.machine.start("web", *MANAGE, "runserver", "--noreload", "127.0.0.1:0")
        self.site = self.machine.await_line("web", ADMIN)

    def let_days_pass(self, days: int) -> None:
        """Wait until beat has asked for `days` more heartbeats."""
        rung = len(self.machine.said("beat", BELL))
        self.machine.await_line("beat", BELL, times=rung + days)
        time.sleep(1)  # the worker has done what beat asked for
        self.terminal.say(f"{days} days later beat has asked for {days} more heartbeats:")

    def declare(self) -> None:
        """Give the publisher the dictionary of what Rackbook sends."""
        self.machine.manage("metric_collection", "dictionary", "--format", "json", "--static")
        self.collector.await_fleet()
        self.collector.declare(self.machine.log("metric_collection"))

    def expect(self, category: str) -> None:
        """Wait until a report of `category` is delivered, and show it."""

        def delivered() -> Sent | None:
            return next((each for each in self.late() if each.category == category), None)

        self.machine.await_that(
            lambda: delivered() is not None, f"The {category} was not delivered", 30
        )
        if self.collector.received() <= self.received:
            raise DemoError(f"The {category} did not arrive at the collector")
        if report := delivered():
            self.terminal.show(report, self.facts)
            self.facts |= report.facts

    def expect_silence(self) -> None:
        """Show that nothing has arrived since the last forget()."""
        if number := self.collector.received() - self.received:
            raise DemoError(f"Nothing was to arrive, but {number} requests did")
        self.terminal.say("0 requests at the collector.")

    def late(self) -> list[Sent]:
        """Return what was delivered since the last forget()."""
        return sent(self.machine.folder / "rackbook.sqlite3")[self.seen :]

    def forget(self) -> None:
        """Look only at what arrives from now on."""
        self.seen += len(self.late())
        self.received = self.collector.received()

    def count(self) -> None:
        self.terminal.title("4. The makers look at their numbers")
        today = self.collector.today()
        if not (today["installs"] and today["upgrades"] and today["heartbeats"]):
            raise DemoError(f"The collector has not counted what it received: {today}")
        self.terminal.say(
            f"Active installations today: {today['installations']}. New: {today['installs']}. Upgraded:"
            f" {today['upgrades']}. The reports are deleted; these counts are all that is left of them."
        )
