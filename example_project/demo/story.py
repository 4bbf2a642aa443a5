"""The life of one installation: installed, alive, upgraded, switched off."""

import secrets
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

from demo.collector import Collector
from demo.machine import MANAGE, DemoError, Machine
from demo.operator import INDEX, Operator
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
    operator: Operator = field(init=False)

    def tell(self, *, stay: bool) -> None:
        """Tell it all, and stop at the log-in if `stay`; raises DemoError if something does not happen."""
        self.install()
        self.beat()
        self.upgrade()
        self.log_in()
        if stay:
            self.stay()
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

    def log_in(self) -> None:
        self.terminal.title(
            "4. A superuser logs in for the first time, and the admin shows the notice"
        )
        self.serve()
        self.operator = Operator(self.site, USER, self.password)
        if not self.operator.is_asked():
            raise DemoError("The admin index shows no notice")

    def stay(self) -> None:
        """Leave everything running, and show what arrives, until Ctrl-C."""
        self.terminal.say(f"{self.site}{INDEX}")
        self.terminal.say(f"user {USER}, password {self.password}")
        self.terminal.say(
            "Have a look around; what arrives is shown here. Ctrl-C goes on to the end."
        )
        with suppress(KeyboardInterrupt):
            while self.machine.is_running("web"):
                for arrival in self.collector.await_more(than=self.seen, seconds=1):
                    self.refuse_refusals()
                    self.terminal.say(heading(arrival))
                    self.seen += 1
            raise DemoError("The admin has stopped")

    def switch_off(self) -> None:
        self.terminal.title("5. The superuser switches metrics off on the System information page")
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
