from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import gettext_lazy

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.consent.choice import choose, choose_group
from metric_collection.consent.rules import ruling
from metric_collection.models import Consent
from metric_collection.system_info.notice import POSTPONED, quiet
from tests.campaigns import daily

pytestmark = pytest.mark.django_db
INDEX = reverse("admin:index")
PAGE = reverse("admin:usage_metrics_system_info")
SENDS = "Acme sends anonymous usage metrics to its makers:"
ASKS = "May Acme send anonymous usage metrics to its makers?"
ADDED = "Acme has added usage metrics since you agreed:"
AWAITED = "None of this was sent before you saw this notice."
UNLESS = "Nothing is gathered or sent unless you agree."
LAST_EVENT = "Switching off sends one last event that says so."
GRANTED, DENIED = Consent.Choice.GRANTED, Consent.Choice.DENIED


@pytest.fixture(autouse=True)
def new_process():
    """The row is read again: every test begins with an empty database."""
    quiet.reset()
    yield
    quiet.reset()


@pytest.fixture
def superuser(client):
    client.force_login(get_user_model().objects.create_superuser("superuser"))
    return client


@pytest.fixture
def index(superuser):
    """Look at the index of the admin; return its messages."""
    return lambda: [str(message) for message in superuser.get(INDEX).context["messages"]]


@pytest.fixture
def notice(index):
    """Look at the index of the admin; return its only message without markup."""

    def look():
        (markup,) = index()
        return " ".join(re.sub("<[^>]+>", " ", markup).split())

    return look


@pytest.fixture
def moved_on(monkeypatch):
    """Let time pass for the views."""

    def move(span):
        later = utc_now() + span
        monkeypatch.setattr("metric_collection.system_info.views.utc_now", lambda: later)

    return move


def queries(client, url=INDEX):
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    return [query["sql"] for query in captured if "usage_metrics" in query["sql"]]


def test_the_notice_stays_on_the_index_until_it_is_answered(index, superuser):
    assert len(index()) == len(index()) == 1
    superuser.post(PAGE, {"choice": "on"})
    superuser.get(PAGE)  # shows the message about the choice
    assert index() == []


def test_the_notice_asks_every_superuser(index, client):
    index()
    client.force_login(get_user_model().objects.create_superuser("another"))
    assert len(index()) == 1


def test_the_notice_can_be_put_off_and_comes_back(index, superuser, moved_on):
    assert superuser.post(PAGE, {"choice": "later"}).url == INDEX
    assert index() == ["You will be asked again in a week."]
    assert index() == []
    moved_on(POSTPONED)
    assert len(index()) == 1
    assert Consent.objects.get().choice == Consent.Choice.UNKNOWN


def test_a_clock_that_was_ahead_does_not_put_the_notice_off_for_longer(index, superuser, moved_on):
    moved_on(timedelta(days=3650))
    superuser.post(PAGE, {"choice": "later"})
    index()
    assert index() == []
    moved_on(timedelta(0))
    assert len(index()) == 1
    superuser.post(PAGE, {"choice": "later"})
    index()
    assert index() == []


@pytest.mark.parametrize(
    ("mode", "is_back"), [("opt-out", True), ("notice", True), ("opt-in", False)]
)
def test_a_notice_that_was_put_off_comes_back_for_new_facts(
    mode, is_back, settings, index, superuser
):
    settings.METRIC_COLLECTION_CONSENT = mode
    index()
    superuser.post(PAGE, {"choice": "later"})
    index()
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine"}
    assert bool(index()) is is_back


def test_new_facts_after_a_yes_can_be_put_off(settings, index, superuser, moved_on):
    choose(GRANTED, now=utc_now())
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine"}
    superuser.post(PAGE, {"choice": "later"})
    index()
    assert index() == []
    moved_on(POSTPONED)
    assert len(index()) == 1


def test_a_yes_that_expires_is_asked_for_again(settings, index, moved_on):
    settings.METRIC_COLLECTION_CONSENT_EXPIRES = timedelta(days=365)
    choose(GRANTED, now=utc_now())
    assert index() == []
    moved_on(timedelta(days=365))
    assert len(index()) == 1


def test_the_notice_has_buttons_of_equal_weight_and_links(settings, index):
    settings.METRIC_COLLECTION_LEARN_MORE_URL = "https://acme.example/metrics"
    (markup,) = index()
    for value, label in (("on", "Keep on"), ("off", "Switch off"), ("later", "Later")):
        assert f'<button class="button" name="choice" value="{value}">{label}</button>' in markup
    assert f'<form method="post" action="{PAGE}">' in markup
    assert 'name="csrfmiddlewaretoken"' in markup
    assert f'<a href="{PAGE}#shared">See exactly what is sent</a>' in markup
    assert '<a href="https://acme.example/metrics">Learn more</a>' in markup


def test_the_notice_names_everything_that_is_configured_and_the_recipient(settings, notice):
    settings.METRIC_COLLECTION_COUNTS = {"Users": "auth.User"}
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(title="Use of the search")}
    settings.METRIC_COLLECTION_COLLECTOR_URL = "https://me:secret@metrics.example.org/ci.php"
    text = notice()
    assert SENDS in text
    assert "Product Acme Version" in text
    assert "Operating system os_version, kernel_version, hardware_platform" in text
    assert "Counts Users" in text
    assert "Usage campaigns Use of the search" in text
    assert "Reports are sent to metrics.example.org" in text
    assert "secret" not in text


def test_many_names_are_counted(settings, notice):
    settings.METRIC_COLLECTION_FACTS = {f"Fact {number}": "x" for number in range(7)}
    assert "Stated facts 7 entries" in notice()


def test_a_declined_group_is_not_in_the_notice(notice):
    choose_group("operating-system", DENIED)
    assert "os_version" not in notice()


def test_the_notice_escapes_the_publishers_strings(settings, index):
    settings.METRIC_COLLECTION_PRODUCT = 'a & b <c> "é"'
    (markup,) = index()
    assert "a &amp; b &lt;c&gt; &quot;é&quot; sends" in markup


def test_by_default_the_notice_says_that_metrics_are_sent(notice):
    text = notice()
    assert SENDS in text
    assert AWAITED not in text
    assert LAST_EVENT not in text
    assert not Consent.objects.exists()  # looking is no answer


def test_in_notice_mode_nothing_is_sent_before_the_notice_is_shown(settings, notice):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    assert not ruling().sends
    text = notice()
    assert SENDS in text
    assert AWAITED in text
    assert ruling().sends


def test_in_opt_in_mode_the_notice_asks_and_nothing_begins(settings, notice):
    settings.METRIC_COLLECTION_CONSENT = "opt-in"
    text = notice()
    assert ASKS in text
    assert UNLESS in text
    assert "Switch on Keep off Later" in text
    assert not ruling().gathers


def test_the_notice_announces_the_last_event_of_an_opt_out(settings, notice):
    settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
    assert LAST_EVENT in notice()


@pytest.mark.parametrize(
    ("mode", "awaited"), [("opt-out", False), ("notice", True), ("opt-in", False)]
)
def test_after_a_yes_the_notice_lists_only_new_facts_and_campaigns(mode, awaited, settings, notice):
    settings.METRIC_COLLECTION_CONSENT = mode
    choose(GRANTED, now=utc_now())
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine", "<Sky>": "blue"}
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(title="Use of the search")}
    text = notice()
    assert f"{ADDED} Stated facts Mood, &lt;Sky&gt; Usage campaigns Use of the search Rep" in text
    assert (AWAITED in text) is awaited
    assert ("Mood" in Consent.objects.get().disclosed) is (mode == "notice")


def test_a_new_campaign_is_announced_even_under_the_title_of_a_known_fact(settings, notice):
    choose(GRANTED, now=utc_now())
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(title="os_version")}
    assert f"{ADDED} Usage campaigns os_version Rep" in notice()


def test_a_yes_in_one_language_is_not_asked_for_again_in_another(settings, index, superuser):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(title=gettext_lazy("Yes"))}
    superuser.post(PAGE, {"choice": "on"}, headers={"accept-language": "de"})
    assert "Ja" in superuser.get(PAGE, headers={"accept-language": "de"}).content.decode()
    assert index() == []


@pytest.mark.parametrize("mode", ["opt-out", "notice", "opt-in"])
def test_new_facts_are_announced_until_an_answer(mode, settings, index, superuser):
    settings.METRIC_COLLECTION_CONSENT = mode
    choose(GRANTED, now=utc_now())
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine"}
    assert len(index()) == len(index()) == 1
    superuser.post(PAGE, {"choice": "on"})
    superuser.get(PAGE)
    assert index() == []


def test_new_facts_are_not_announced_after_a_no(settings, index):
    choose(DENIED, now=utc_now())
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine"}
    assert index() == []


@pytest.mark.parametrize("choice", [GRANTED, DENIED])
def test_an_answered_question_is_not_asked(choice, index):
    choose(choice, now=utc_now())
    assert index() == []


def test_nothing_is_asked_while_switched_off(settings, index, superuser):
    settings.METRIC_COLLECTION = False
    assert index() == []
    assert queries(superuser) == []


def test_nothing_is_asked_in_development_but_later(settings, index):
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
    settings.DEBUG = True
    assert index() == []
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True
    assert len(index()) == 1


def test_only_superusers_are_asked(client, admin_user):
    admin_user.is_superuser = False
    admin_user.save()
    client.force_login(admin_user)
    assert list(client.get(INDEX).context["messages"]) == []


@pytest.mark.parametrize("method", ["head", "post"])
def test_only_a_get_counts_as_being_shown(method, superuser, settings):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    getattr(superuser, method)(INDEX)
    assert not ruling().sends


@pytest.mark.parametrize("name", ["admin:password_change", "admin:auth_user_changelist"])
def test_other_pages_ask_nothing_and_cost_nothing(name, superuser):
    assert queries(superuser, reverse(name)) == []


def test_a_message_level_that_drops_the_notice_does_not_count_as_shown(settings, superuser):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    settings.MESSAGE_LEVEL = messages.WARNING
    superuser.get(INDEX)
    assert not ruling().sends


def test_the_index_works_without_messages(settings, superuser):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "messages" not in name]
    assert superuser.get(INDEX).status_code == 200
    assert not ruling().sends


@pytest.mark.parametrize("mode", ["notice", "opt-in"])
@pytest.mark.parametrize("url", [INDEX, PAGE])
def test_a_read_only_database_shows_either_page(superuser, settings, mode, url):
    settings.METRIC_COLLECTION_CONSENT = mode

    def refuse(execute, sql, *arguments):
        if sql.startswith(("INSERT", "UPDATE")):
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse):
        assert superuser.get(url).status_code == 200
    assert not Consent.objects.exists()


def test_the_index_works_without_our_tables(superuser):
    def fail(execute, sql, *arguments):
        if "usage_metrics" in sql:
            raise OperationalError("no such table")
        return execute(sql, *arguments)

    with connection.execute_wrapper(fail):
        assert superuser.get(INDEX).status_code == 200


def test_the_notice_costs_the_index_one_query_and_an_answer_none(superuser):
    assert len(queries(superuser)) == len(queries(superuser)) == 1
    choose(GRANTED, now=utc_now())
    assert len(queries(superuser)) == 1
    assert queries(superuser) == []


def test_being_put_off_costs_the_index_nothing(superuser):
    superuser.post(PAGE, {"choice": "later"})
    queries(superuser)
    assert queries(superuser) == []


@pytest.mark.parametrize("mode", ["opt-out", "opt-in", "notice"])
def test_the_page_asks_until_somebody_has_decided(mode, settings, superuser):
    settings.METRIC_COLLECTION_CONSENT = mode
    question = "Keep off" if mode == "opt-in" else "Keep on"
    assert question in superuser.get(PAGE).content.decode()
    assert question in superuser.get(PAGE).content.decode()
    choose(GRANTED, now=utc_now())
    assert question not in superuser.get(PAGE).content.decode()


def test_in_notice_mode_the_page_counts_as_the_notice(settings, superuser):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    assert "Usage metrics are on" in superuser.get(PAGE).content.decode()
    assert ruling().sends


def test_the_page_names_new_facts_and_campaigns(settings, superuser):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    choose(GRANTED, now=utc_now())
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine"}
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(title="Use of the search")}
    page = superuser.get(PAGE).content.decode()
    assert "New since you agreed: Mood, Use of the search." in page
    assert "Keep on" in page


def test_the_page_asks_nothing_while_the_switch_is_locked(settings, superuser):
    settings.METRIC_COLLECTION = False
    assert "Keep on" not in superuser.get(PAGE).content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_time", ["first", "second"])
def test_a_flushed_database_is_asked_again(_time, index):
    assert len(index()) == 1
    choose(GRANTED, now=utc_now())
    assert index() == []
