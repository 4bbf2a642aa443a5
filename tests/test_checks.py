from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.contrib.admin.sites import all_sites
from django.core import checks
from django.db import OperationalError, connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext_lazy

from metric_collection.checks import check_delivery, check_deployment, check_settings
from metric_collection.models import Consent
from metric_collection.probes import Fact
from metric_collection.reporting.collection import Collection

URLCONF = """
from django.contrib.admin import AdminSite
from django.urls import path
from metric_collection.admin import SystemInfoAdmin
from metric_collection.models import Consent
site = AdminSite(name="office")
site.register(Consent, SystemInfoAdmin)
urlpatterns = [path("office/", site.urls)]
"""


def found(**expected) -> list[str]:
    return [message.id for message in check_settings()]


def test_good_settings_have_nothing_to_say():
    assert check_settings() == []


@pytest.mark.django_db  # which checks of Django's own may ask, from 6.1 on
def test_the_checks_are_registered_with_django(settings):
    settings.METRIC_COLLECTION_SITE_ID = "x"
    assert "usage_metrics.W103" in {message.id for message in checks.run_checks()}


def test_a_wrong_value_is_quoted_with_a_hint(settings):
    settings.METRIC_COLLECTION_SITE_ID = "5"
    (message,) = check_settings()
    assert message.id == "usage_metrics.W103"
    assert message.level == checks.WARNING
    assert "'5'" in message.msg
    assert "integer >= 1" in message.hint


def test_a_value_that_cannot_be_shown_goes_by_its_type(settings):
    class Grumpy:
        def __repr__(self):
            raise RuntimeError

    settings.METRIC_COLLECTION_SITE_ID = Grumpy()
    (message,) = check_settings()
    assert message.msg == "METRIC_COLLECTION_SITE_ID is <Grumpy>."


def test_a_lazy_translation_is_called_so(settings):
    settings.METRIC_COLLECTION_PRODUCT = gettext_lazy("Acme")
    message = next(each for each in check_settings() if each.id == "usage_metrics.W104")
    assert message.msg == "METRIC_COLLECTION_PRODUCT is the lazy translation 'Acme'."


def test_a_long_value_is_cut_short(settings):
    settings.METRIC_COLLECTION_SITE_ID = "5" * 1_000_000
    (message,) = check_settings()
    assert len(message.msg) < 300


@pytest.mark.parametrize("name", ["COLLECTOR_URL", "SITE_ID"])
def test_a_missing_required_setting_is_an_error(settings, name):
    delattr(settings, f"METRIC_COLLECTION_{name}")
    assert [message.msg for message in check_settings()] == [
        f"METRIC_COLLECTION_{name} is missing."
    ]


@pytest.mark.parametrize(
    ("patterns", "idle"),
    [
        (["acme-*"], ["acme-*"]),
        (["acme-*", "acme_app"], ["acme-*", "acme_app"]),
        (["django", "acme_app"], ["acme_app"]),
        (["dj?ngo", "plug-ins-*"], []),
        ([], []),
    ],
)
def test_a_pattern_that_matches_no_module_is_quoted(settings, patterns, idle):
    settings.METRIC_COLLECTION_MODULES = patterns
    messages = check_settings()
    assert found() == ["usage_metrics.W001"] * len(idle)
    assert [each for each in idle if not any(repr(each) in m.msg for m in messages)] == []


def test_a_pattern_is_no_concern_where_modules_are_not_selected(settings):
    settings.METRIC_COLLECTION_MODULES = ["openwisp-*"]
    settings.METRIC_COLLECTION_SELECTION = ["os_*"]
    assert found() == []


def test_the_default_product_is_a_warning(settings):
    del settings.METRIC_COLLECTION_PRODUCT
    assert found() == ["usage_metrics.W020"]


@pytest.mark.parametrize("url", ["http://me:secret@example.org/x", "ftp://me:secret@example.org/x"])
def test_the_password_of_a_url_is_never_printed(settings, url):
    settings.METRIC_COLLECTION_COLLECTOR_URL = url
    (message,) = check_settings()
    assert "example.org" in message.msg
    assert "secret" not in f"{message.msg} {message.hint}"


@pytest.mark.parametrize("host", ["metrics.example.org", "192.0.2.1", "[2001:db8::1]"])
def test_plain_http_over_a_network_is_a_warning(settings, host):
    settings.METRIC_COLLECTION_COLLECTOR_URL = f"http://{host}/cleaninsights.php"
    (message,) = check_settings()
    assert message.id == "usage_metrics.W002"
    assert host in message.msg


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8080", "127.8.8.8", "[::1]", "localhost", "a.localhost"]
)
def test_plain_http_on_this_machine_is_fine(settings, host):
    settings.METRIC_COLLECTION_COLLECTOR_URL = f"http://{host}/cleaninsights.php"
    assert found() == []


def test_switched_off_there_is_nothing_to_check(settings, monkeypatch):
    settings.METRIC_COLLECTION_SITE_ID = 0
    monkeypatch.setenv("METRIC_COLLECTION", "False")
    assert found() == []


class Weather:
    """Reports the weather."""

    def __init__(self, **words):
        words = {"name": "sky", "description": "D.", "example": "E", "purpose": "P.", **words}
        self.facts = [Fact(**words)]


class Silent(Weather):
    __doc__ = None


@dataclass
class SilentDataclass:  # dataclasses have their signature for a docstring
    facts: tuple = ()


class Broken:
    """Declares nothing."""

    @property
    def facts(self):
        raise LookupError("no sky")


WEATHER = f"{__name__}.Weather"


@pytest.mark.parametrize(
    "entry", ["tests.nowhere.Probe", "Probe", (WEATHER, {"skies": 2, "name": "x"})]
)
def test_a_probe_that_cannot_be_loaded_is_an_error_that_quotes_it(settings, entry):
    settings.METRIC_COLLECTION_PROBES = [entry]
    (message,) = check_settings()
    assert message.id == "usage_metrics.W017"
    assert repr(entry if isinstance(entry, str) else entry[0]) in message.msg


def test_a_probe_with_options_and_words_is_fine(settings):
    settings.METRIC_COLLECTION_PROBES = [(WEATHER, {"name": "wind"})]
    assert found() == []


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ((WEATHER, {"description": " "}), "has no description of 'sky'"),
        ((WEATHER, {"purpose": ""}), "has no purpose of 'sky'"),
        (f"{__name__}.Silent", "has no docstring"),
        (f"{__name__}.SilentDataclass", "has no docstring"),
        (f"{__name__}.Broken", "cannot declare its facts: LookupError: no sky"),
    ],
)
def test_a_probe_without_a_description_or_purpose_is_a_warning(settings, entry, problem):
    settings.METRIC_COLLECTION_PROBES = [entry]
    (message,) = check_settings()
    assert message.id == "usage_metrics.W018"
    assert message.msg.endswith(f"{problem}.")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("FACTS", {"edition": {"value": "free", "purpose": ""}}, "has no purpose of 'edition'"),
        ("FACTS", {"edition": {"purpose": "P."}}, "the entry has no 'value'"),
        ("FACTS", {"mode": {"value": "x", "desc": "D."}}, "['mode'] has the unknown key 'desc'"),
        ("COUNTS", {"users": {"exact": True}}, "the entry has no 'of'"),
        ("COUNTS", {"users": {"of": "auth.User", "units": 1}}, "has the unknown key 'units'"),
        ("FACTS", {"edition": ["free"]}, "list is not a valid value for a fact"),
        ("COUNTS", {"users": "auth.Nobody"}, "'auth.Nobody' is not a model"),
        ("COUNTS", {"users": {"of": "auth.User", "description": ""}}, "no description of 'users'"),
    ],
)
def test_a_fact_or_count_that_is_not_declared_in_words_is_an_error(settings, name, value, problem):
    setattr(settings, f"METRIC_COLLECTION_{name}", value)
    (message,) = check_settings()
    assert message.id == "usage_metrics.W018"
    assert problem in message.msg


def test_a_selection_of_facts_that_there_are_none_of_is_a_warning(settings):
    settings.METRIC_COLLECTION_SELECTION = ["os_*", "os_verison"]
    (message,) = check_settings()
    assert (message.id, message.level) == ("usage_metrics.W007", checks.WARNING)
    assert "'os_verison'" in message.msg


def test_a_selection_is_no_concern_where_no_report_is_wanted(settings):
    settings.METRIC_COLLECTION_SELECTION = ["os_verison"]
    settings.METRIC_COLLECTION_CATEGORIES = []
    assert check_settings() == []


def test_a_misspelt_setting_has_a_hint_with_the_nearest_name(settings):
    settings.METRIC_COLLECTION_COLECTOR_URL = "https://example.org"
    (message,) = check_settings()
    assert message.id == "usage_metrics.W004"
    assert "METRIC_COLLECTION_COLECTOR_URL" in message.msg
    assert "METRIC_COLLECTION_COLLECTOR_URL" in message.hint


def test_an_admin_without_messages_is_a_warning(settings):
    apps = [app for app in settings.INSTALLED_APPS if app != "django.contrib.messages"]
    with override_settings(INSTALLED_APPS=apps):
        assert found() == ["usage_metrics.W005"]


def test_without_the_admin_messages_are_not_missed(settings):
    missing = ("django.contrib.messages", "django.contrib.admin")
    with override_settings(INSTALLED_APPS=[a for a in settings.INSTALLED_APPS if a not in missing]):
        assert found() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRODUCT_VERSION", "acme.nowhere.VERSION"),
        ("INSTALLATION_METHOD", "acme.method"),
        ("FACTS", {"edition": "acme.nowhere.edition"}),
        ("FACTS", {"edition": {"value": "acme.nowhere.edition"}}),
    ],
)
def test_a_dotted_path_that_leads_nowhere_is_quoted(settings, name, value):
    setattr(settings, f"METRIC_COLLECTION_{name}", value)
    (message,) = check_settings()
    assert message.id == "usage_metrics.W006"
    assert "acme." in message.msg


def test_a_path_to_a_module_that_breaks_is_a_warning(settings, tmp_path, monkeypatch):
    (tmp_path / "breaking.py").write_text("raise ValueError")
    monkeypatch.syspath_prepend(tmp_path)
    settings.METRIC_COLLECTION_PRODUCT_VERSION = "breaking.version"
    assert found() == ["usage_metrics.W006"]


@pytest.mark.parametrize(
    "value", ["1.0.dev1", "2024.1-custom", "django.__version__", "docker", None]
)
def test_strings_and_good_paths_are_not(settings, value):
    settings.METRIC_COLLECTION_PRODUCT_VERSION = value
    assert found() == []


def test_a_stated_fact_with_the_host_name_is_a_warning(settings, monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "Frodo-01.example.org")
    settings.METRIC_COLLECTION_FACTS = {"site": "built on frodo-01", "edition": {"value": "free"}}
    (message,) = check_settings()
    assert message.id == "usage_metrics.W019"
    assert "FACTS['site'] is 'built on frodo-01'" in message.msg


@pytest.mark.parametrize(
    "value", ["bob@corp.example", "/home/bob/acme", "built in ~/acme", "C:\\Acme"]
)
def test_a_stated_value_that_looks_like_an_address_or_a_path_is_a_concern(settings, value):
    settings.METRIC_COLLECTION_FACTS = {"site": value}
    (message,) = check_settings()
    assert message.id == "usage_metrics.W019"
    assert "looks like an e-mail address or a path" in message.msg


@pytest.mark.parametrize("value", ["free/trial", "1.2.3.4", "10:30", "https://acme.example/"])
def test_a_harmless_value_is_no_concern(settings, value):
    settings.METRIC_COLLECTION_FACTS = {"edition": value}
    assert found() == []


@pytest.mark.parametrize("host", ["", "db", "localhost"])
def test_a_host_name_that_identifies_nothing_is_no_concern(settings, monkeypatch, host):
    monkeypatch.setattr("socket.gethostname", lambda: host)
    settings.METRIC_COLLECTION_FACTS = {"database": "mariadb on localhost"}
    assert found() == []


@pytest.mark.parametrize(
    ("name", "number", "meant"),
    [
        ("METRIC_COLECTION_SITE_ID", "W003", "METRIC_COLLECTION_SITE_ID"),
        ("METRICS_COLLECTION_MODULES", "W003", "METRIC_COLLECTION_MODULES"),
        ("METRIC_COLLECTION_MODULE", "W004", "METRIC_COLLECTION_MODULES"),
    ],
)
def test_a_misspelt_prefix_or_name_has_a_hint_with_the_nearest_name(settings, name, number, meant):
    setattr(settings, name, 7)
    (message,) = check_settings()
    assert message.id == f"usage_metrics.{number}"
    assert message.hint == f"Did you mean {meant}?"


@pytest.mark.parametrize(
    "name", ["METRICS_DIRECTORY", "COLLECTIONS", "PROMETHEUS_METRIC_NAMESPACE"]
)
def test_settings_of_others_are_no_concern(settings, name):
    setattr(settings, name, 7)
    assert found() == []


def test_development_reporting_is_a_warning_in_production_only(settings):
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True
    run = checks.run_checks(tags=["usage_metrics"], include_deployment_checks=True)
    assert {message.id for message in run} == {"usage_metrics.W021"}
    assert checks.run_checks(tags=["usage_metrics"]) == []
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
    assert check_deployment() == []


@pytest.mark.django_db
class TestDelivery:
    def test_reports_that_nothing_delivers_are_a_warning(self, clock):
        Collection(clock=clock, random=lambda: 0.5).record()
        assert check_delivery(databases=["default"], now=clock()) == []
        clock.advance(days=3)
        (message,) = check_delivery(databases=["default"], now=clock())
        assert message.id == "usage_metrics.W022"
        assert "No delivery has been attempted since" in message.msg

    def test_a_development_machine_is_not_even_looked_at(self, settings, clock):
        settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
        with CaptureQueriesContext(connection) as queries:
            assert check_delivery(databases=["default"]) == []
        assert list(queries) == []

    def test_it_is_asked_only_with_the_database(self, clock):
        Collection(clock=clock, random=lambda: 0.5).record()
        assert check_delivery(databases=["other"]) == []
        assert check_delivery() == []

    def test_without_our_tables_there_is_nothing_to_say(self):
        def fail(execute, sql, *arguments):
            raise OperationalError("no such table")

        with connection.execute_wrapper(fail):
            assert check_delivery(databases=["default"]) == []


DAILY = {
    "title": "Search",
    "purpose": "To know whether search is used.",
    "start": "2026-01-01T00:00:00Z",
    "end": "2027-01-01T00:00:00Z",
    "aggregationPeriodLength": 1,
}


@pytest.fixture
def state_folder(settings, tmp_path):
    settings.METRIC_COLLECTION_STATE_FOLDER = tmp_path
    return tmp_path


@pytest.mark.parametrize(
    ("campaign", "path"),
    [
        ({**DAILY, "aggregationPeriodLength": 0}, "search.aggregationPeriodLength: 0"),
        ({**DAILY, "end": "2025-01-01T00:00:00Z"}, "search.end: '2025-01-01T00:00:00+00:00'"),
        ({**DAILY, "periods": 3}, "search.periods: 3"),
        ({**DAILY, "title": 5}, "search.title: 5"),
        ("daily", "search: 'daily'"),
    ],
)
def test_a_campaign_that_is_refused_is_quoted_with_its_path(settings, campaign, path, state_folder):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": campaign, "other": DAILY}
    (message,) = check_settings()
    assert (message.id, message.level) == ("usage_metrics.W112", checks.WARNING)
    assert f"METRIC_COLLECTION_CAMPAIGNS: {path}, expected" in message.msg


@pytest.mark.parametrize("missing", ["title", "purpose"])
def test_a_campaign_without_title_or_purpose_is_a_warning(settings, missing, state_folder):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": {**DAILY, missing: ""}}
    (message,) = check_settings()
    assert message.id == "usage_metrics.W008"
    assert "'search'" in message.msg


def test_an_unusable_folder_is_a_warning_with_the_reason(settings, state_folder):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": DAILY}
    assert found() == []
    settings.METRIC_COLLECTION_STATE_FOLDER = state_folder / "nowhere"
    (message,) = check_settings()
    assert message.id == "usage_metrics.W009"
    assert "No such file or directory" in message.msg


@pytest.fixture
def no_page():
    """The admin without the System Info page on any site."""
    registered = [
        (site._registry, site._registry[Consent]) for site in all_sites if Consent in site._registry
    ]
    for registry, _model_admin in registered:
        del registry[Consent]
    yield
    for registry, model_admin in registered:
        registry[Consent] = model_admin


def test_an_admin_without_the_page_is_named(no_page):
    (message,) = check_settings()
    assert message.id == "usage_metrics.W010"


def test_a_page_that_the_urlconf_registers_is_found(no_page, settings, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "acme_urls.py").write_text(URLCONF)
    settings.ROOT_URLCONF = "acme_urls"
    assert found() == []


def test_a_broken_urlconf_is_left_to_the_checks_of_django(no_page, settings):
    settings.ROOT_URLCONF = "acme_missing_urls"
    assert found() == ["usage_metrics.W010"]
