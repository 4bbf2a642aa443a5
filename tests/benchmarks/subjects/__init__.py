"""What is measured: a module for each subject, whose `measure` yields the rows of the table."""

from . import (
    admin_index,
    broker,
    faults,
    heartbeat,
    measuring,
    modules,
    opt_out,
    post_migrate,
    probes,
    restarts,
    sent_by_tests,
    startup,
    system_info,
)

SUBJECTS = {
    "startup": startup.measure,
    "modules": modules.measure,
    "probes": probes.measure,
    "post-migrate": post_migrate.measure,
    "heartbeat": heartbeat.measure,
    "system-info": system_info.measure,
    "admin-index": admin_index.measure,
    "broker": broker.measure,
    "opt-out": opt_out.measure,
    "faults": faults.measure,
    "test-run": sent_by_tests.measure,
    "restarts": restarts.measure,
    "measuring": measuring.measure,
}
