"""A real browser: Debian's Chromium, driven by Playwright, judged by axe-core."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

CHROMIUM = os.environ.get("TEST_CHROMIUM")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser):
    parser.addoption(
        "--pictures", metavar="FOLDER", help="Where to keep the pictures of the documents."
    )


@pytest.fixture(scope="session")
def chromium_and_loop(request):
    """Chromium, and the event loop that Playwright keeps running in this thread: put aside between tests."""
    if not CHROMIUM:
        pytest.skip("TEST_CHROMIUM is not set; set it to, say, /usr/bin/chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason='needs the extra "browser"')
    request.getfixturevalue("live_server")  # it stops after Chromium has closed its connections
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture(autouse=True)
def chromium(chromium_and_loop, monkeypatch):
    """Chromium, within the loop that other tests do not see: Django's ORM would not run in any."""
    browser, loop = chromium_and_loop
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    asyncio._set_running_loop(loop)
    yield browser
    asyncio._set_running_loop(None)


@pytest.fixture
def open_tab(chromium):
    """Open a tab; the options are those of a Playwright context."""
    contexts = []

    def open_tab(**options):
        context = chromium.new_context(**{"locale": "en-US", "timezone_id": "UTC", **options})
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(10_000)
        return tab

    yield open_tab
    for context in contexts:
        context.close()


@pytest.fixture
def visit(open_tab, live_server):
    """Open a page of the test's own product as a user who is logged in."""

    def visit(path, user, **options):
        tab = open_tab(base_url=live_server.url, **options)
        client = Client()
        client.force_login(user)
        session = client.cookies["sessionid"].value
        tab.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        tab.goto(path)
        return tab

    return visit


@pytest.fixture
def picture(request, tmp_path):
    """Keep what a tab shows as a small PNG, in the folder that --pictures names."""
    image = pytest.importorskip("PIL.Image", reason='needs the extra "browser"')
    folder = Path(request.config.getoption("--pictures", default=None) or tmp_path)

    def picture(tab, name):
        folder.mkdir(exist_ok=True)
        path = folder / name
        tab.screenshot(path=path)
        image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
        return path

    return picture


@pytest.fixture
def superuser(transactional_db):
    return get_user_model().objects.create_superuser("superuser")


@pytest.fixture
def viewer(transactional_db):
    user = get_user_model().objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_consent"))
    return user
