"""Run the tests on every supported version; nox, because uv creates an environment in seconds.

A cell is a Python and a Django version. In each cell, tests/services/test_matrix.py combines databases, brokers,
pools and schedulers, if the environment names the services, as .ci/run and the workflow do.
"""

from __future__ import annotations

import json
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests", "lowest"]

NEWEST = "6.1"
CELLS = [
    ("3.10", "5.2"),
    ("3.11", "5.2"),
    ("3.12", "5.2"),
    ("3.12", "6.0"),
    ("3.12", NEWEST),
    ("3.13", "5.2"),
    ("3.13", "6.0"),
    ("3.13", NEWEST),
    ("3.14", "5.2"),
    ("3.14", "6.0"),
    ("3.14", NEWEST),
]


@nox.session
@nox.parametrize(("python", "django"), CELLS)
def tests(session: nox.Session, django: str) -> None:
    """Run tests, all or those that you name: nox -s "tests(python='3.12', django='6.0')" -- -m smoke."""
    limits = without_celery_beat(session) if django == NEWEST else []
    install(session, f"Django~={django}.0", *limits)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python="3.10")
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest version of everything that pyproject.toml names."""
    install(session, "--resolution", "lowest-direct")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """Look for known vulnerabilities in everything that CI installs; --strict fails without an answer."""
    lock, answer = (Path(session.create_tmp(), name) for name in ("lock.txt", "answer.json"))
    answer.unlink(missing_ok=True)
    session.install("pip-audit", "uv")
    session.run("uv", "pip", "compile", "-q", "--all-extras", "pyproject.toml", "-o", str(lock))
    session.run(
        *("pip-audit", "--requirement", str(lock), "--disable-pip", "--no-deps"),
        *("--format", "json", "--output", str(answer)),
        success_codes=[0, 1],
        silent=True,
    )
    judge(session, answer, strict="--strict" in session.posargs)


def install(session: nox.Session, *what: str) -> None:
    """Install this distribution, compiled, because the tests start hundreds of processes."""
    # The demo and some tests run pip, as operators do.
    session.install("-e", ".[test,services]", "pip", *what, env={"UV_COMPILE_BYTECODE": "1"})


def without_celery_beat(session: nox.Session) -> list[str]:
    """Leave out django-celery-beat, which does not allow this Django yet (2.9.0); its tests are skipped."""
    override = Path(session.create_tmp(), "without.txt")
    override.write_text("django-celery-beat; python_version < '3'\n")
    return ["--override", str(override)]


def judge(session: nox.Session, answer: Path, *, strict: bool) -> None:
    """Report the result of an audit; pip-audit itself succeeds even if the service did not answer."""
    found = json.loads(answer.read_text())["dependencies"] if answer.exists() else []
    audited = [each for each in found if "vulns" in each]
    silent = [each["name"] for each in found if "skip_reason" in each]
    vulnerable = [each for each in audited if each["vulns"]]
    session.log(f"{len(audited)} of {len(found)} distributions audited")
    for each in vulnerable:
        names = ", ".join(flaw["id"] for flaw in each["vulns"])
        session.warn(f"{each['name']} {each['version']} is vulnerable: {names}")
    if silent or not found:
        session.warn(
            f"NOT AUDITED, because the advisory service did not answer: {' '.join(silent)}"
        )
    if vulnerable or (strict and len(audited) < max(len(found), 1)):
        session.error("Not all distributions are known to be free of vulnerabilities")
