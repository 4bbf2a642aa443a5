"""The product of the README in a real browser, and its picture.

``python -m pytest tests/browser/test_pictures.py --pictures docs`` takes the picture anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.urls import reverse

from tests.harness.process import Process

MANAGE = Path(__file__).parents[2] / "example_project" / "manage.py"
PAGE = reverse("admin:usage_metrics_system_info")
ADDRESS = r"http://127\.0\.0\.1:[1-9]\d*"
PREPARE = """
from datetime import datetime, timedelta, timezone
from django.contrib.auth import get_user_model
from django.core.management import call_command
from metric_collection.models import Report, Snapshot

call_command("migrate", verbosity=0)
get_user_model().objects.create_superuser("operator", password="operator")
sent = datetime.now(timezone.utc) - timedelta(hours=3)
install = Report.objects.get()
install.attempts, install.attempted_at = 1, sent
install.save()
install.settle(Report.State.DELIVERED, status=204, outcome=Report.Outcome.ACCEPTED, now=sent)
Snapshot.objects.update(swept_at=datetime.now(timezone.utc))
"""
LIMIT = 150_000  # bytes: what a README may take


@pytest.fixture
def rackbook(tmp_path):
    """Run the example project, freshly installed; return its address."""
    own = {"DJANGO_SETTINGS_MODULE": "rackbook.settings", "RACKBOOK_VAR": str(tmp_path / "var")}
    env = {**os.environ, **own, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(MANAGE)]
    subprocess.run([*command, "shell", "-c", PREPARE], cwd=tmp_path, env=env, check=True)
    serve = [*command, "runserver", "--noreload", "127.0.0.1:0"]
    with Process(serve, tmp_path / "web.log", cwd=tmp_path, env=env) as web:
        web.await_line(ADDRESS)
        yield re.search(ADDRESS, web.log)[0]


def test_an_operator_of_the_example_opts_out_and_back(rackbook, open_tab, picture):
    tab = open_tab(base_url=rackbook, viewport={"width": 1280, "height": 1000})
    tab.goto(PAGE)
    tab.get_by_label("Username").fill("operator")
    tab.get_by_label("Password").fill("operator")
    tab.get_by_role("button", name="Log in").click()
    tab.get_by_role("button", name="Switch off").first.click()
    tab.get_by_role("heading", name="Usage metrics are off").wait_for()
    switch = tab.get_by_role("group", name="Usage metrics are off")
    switch.get_by_role("button", name="On", exact=True).click()
    tab.get_by_text("The last report was delivered on").wait_for()
    tab.goto(PAGE)
    assert picture(tab, "system-info.png").stat().st_size < LIMIT
    assert tab.evaluate("document.scrollingElement.scrollHeight") <= 1700


def test_the_example_speaks_the_language_of_the_browser(rackbook, open_tab):
    tab = open_tab(base_url=rackbook, locale="de-DE")
    tab.goto(PAGE)
    assert tab.get_by_label("Benutzername").is_visible()
