"""The life of one installation: installed, alive, upgraded, switched off."""

import secrets
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

from demo.collector import Collector
from demo.machine import MANAGE, DemoError, Machine
from demo.operator import PAGE, Operator
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
    """Plays on `machine`, believes only what reaches `collector`, tells on `terminal`."""

    machine: Machine
    collector: Collector
    terminal: Terminal
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    facts: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    site: str = ""

    def tell(self) -> None:
        """Tell it all; raises DemoError where it does not come true."""
        self.install()
        self.beat()
        self.upgrade()
        self.switch_off()

    def install(self) -> None:
        self.terminal.title(f"1. Somebody installs Rackbook and {MODULE} 1.4.2")
        self.deploy("1.4.2")
        self.machine.manage("loaddata", "rackbook")
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

    def switch_off(self) -> None:
        self.terminal.title("4. The operator switches it off on the System Info page")
        self.serve()
        Operator(self.site, USER, self.password).switch_off()
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

    def expect(self, category: str) -> None:
        """Wait for a report of `category` and show it."""
        arrival = self.collector.await_category(category, after=self.seen, seconds=30)
        self.refuse_refusals()
        if arrival is None:
            raise DemoError(f"The {category} did not arrive")
        self.terminal.show(arrival, self.facts)
        self.facts |= arrival.facts

    def expect_silence(self) -> None:
        """Show that nothing has arrived since the last forget()."""
        self.refuse_refusals()
        if late := self.collector.arrivals[self.seen :]:
            raise DemoError(f"Nothing was to arrive, but these did: {late}")
        self.terminal.say("0 requests at the collector.")

    def refuse_refusals(self) -> None:
        """Stop at a body that does not keep the Clean Insights schema."""
        for arrival in self.collector.arrivals:
            if arrival.refusal:
                raise DemoError(f"The collector refused a body: {arrival.refusal}")

    def forget(self) -> None:
        """Look only at what arrives from now on."""
        self.seen = len(self.collector.arrivals)

    def stay(self) -> None:
        """Leave everything running, and tell of what arrives, until Ctrl-C."""
        self.terminal.title("5. Yours until Ctrl-C: admin, worker, beat and collector go on")
        self.terminal.say(f"{self.site}{PAGE}")
        self.terminal.say(f"user {USER}, password {self.password}")
        self.terminal.say("Switch it on again there, and what arrives is told here.")
        with suppress(KeyboardInterrupt):
            while self.machine.is_running("web"):
                for arrival in self.collector.await_more(than=self.seen, seconds=1):
                    self.refuse_refusals()
                    self.terminal.say(heading(arrival))
                    self.seen += 1
            raise DemoError("The admin has ended by itself")
