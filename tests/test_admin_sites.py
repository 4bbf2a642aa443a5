"""Several admins in one product: the default one below a language, one of its own, and one without our page."""

from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib.admin import AdminSite, site
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import path, reverse

from metric_collection.admin import SystemInfoAdmin
from metric_collection.models import Consent

operations = AdminSite("operations")
operations.register(Consent, SystemInfoAdmin)
operations.register(Group)
bare = AdminSite("bare")
bare.register(Group)
urlpatterns = [
    path("deep/below/operations/", operations.urls),
    path("bare/", bare.urls),
    *i18n_patterns(path("panel/", site.urls)),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
PREFIXES = {"admin": "/en/panel/", "operations": "/deep/below/operations/"}


@pytest.fixture(autouse=True)
def languages(settings):
    settings.LANGUAGE_CODE = "en"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]


@pytest.fixture
def superuser(client):
    client.force_login(get_user_model().objects.create_superuser("superuser"))
    return client


def page_of(name):
    return reverse("admin:usage_metrics_system_info", current_app=name)


@pytest.mark.parametrize(("name", "prefix"), PREFIXES.items())
def test_every_link_and_form_of_a_page_stays_in_its_own_site(name, prefix, superuser):
    response = superuser.get(page_of(name))
    page = response.content.decode()
    others = [other for other in [*PREFIXES.values(), "/bare/"] if other != prefix]
    assert response.status_code == 200
    assert f'<form method="post" action="{prefix}usage_metrics/consent/">' in page
    assert f'href="{prefix}usage_metrics/consent/next.json"' in page
    assert not any(f'="{other}' in page for other in others)


@pytest.mark.parametrize("name", PREFIXES)
def test_the_switch_leads_back_to_the_page_of_its_own_site(name, superuser):
    assert superuser.post(page_of(name), {"choice": "off"}).url == page_of(name)


@pytest.mark.parametrize(("name", "prefix"), PREFIXES.items())
def test_the_notice_of_each_site_leads_to_its_own_page(name, prefix, superuser):
    (notice,) = superuser.get(prefix).context["messages"]
    assert f'action="{page_of(name)}"' in str(notice)


def test_the_index_of_either_site_shows_the_notice_until_it_is_answered(superuser):
    shown = [len(superuser.get(prefix).context["messages"]) for prefix in PREFIXES.values()]
    assert shown == [1, 1]


def test_a_site_without_the_page_shows_no_trace_and_asks_no_question(superuser):
    with CaptureQueriesContext(connection) as captured:
        index = superuser.get("/bare/")
    assert not list(index.context["messages"])
    assert "usage_metrics" not in index.content.decode()
    assert not [query for query in captured if "usage_metrics" in query["sql"]]


def test_the_page_speaks_the_language_of_its_url(superuser, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    assert superuser.get("/en/panel/usage_metrics/consent/").status_code == 200
    assert superuser.get("/de/panel/usage_metrics/consent/").context["LANGUAGE_CODE"] == "de"


def test_hashed_static_files_are_all_there(superuser, settings, tmp_path):
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    page = superuser.get(page_of("admin")).content.decode()
    assert "usage_metrics/system_info.css" not in page
    assert "usage_metrics/system_info." in page
