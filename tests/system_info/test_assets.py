from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.urls import reverse


class OldManifest(StaticFilesStorage):
    """A storage whose manifest is older than this app, as before `collectstatic` was run again."""

    def url(self, name):
        if name.startswith("usage_metrics/"):
            raise ValueError(f"Missing staticfiles manifest entry for {name!r}")
        return super().url(name)


@pytest.fixture
def superuser(client, db):
    client.force_login(get_user_model().objects.create_superuser("superuser"))
    return client


@pytest.mark.parametrize("name", ["admin:index", "admin:usage_metrics_system_info"])
def test_a_page_works_before_collectstatic_was_run(settings, superuser, name):
    backend = f"{OldManifest.__module__}.{OldManifest.__qualname__}"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}
    page = superuser.get(reverse(name)).content.decode()
    assert f'href="{settings.STATIC_URL}usage_metrics/system_info.css"' in page
