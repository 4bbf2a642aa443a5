from __future__ import annotations

import pytest
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from metric_collection.consent.choice import choose
from metric_collection.consent.rules import ruling
from metric_collection.models import Consent
from metric_collection.system_info.notice import Memory, memory
from tests.campaigns import daily

pytestmark = pytest.mark.django_db
INDEX = reverse("admin:index")
PAGE = reverse("admin:usage_metrics_system_info")
SENDS = "Acme sends anonymous usage metrics to its makers"
CAN_SEND = "Acme can send anonymous usage metrics to its makers"
AWAITED = "None of this was sent before it was shown to a superuser."
UNLESS = "Nothing is gathered or sent unless you agree."
LAST_EVENT = "Switching off sends one last event that says so."


@pytest.fixture
def superuser(client):
    client.force_login(get_user_model().objects.create_superuser("superuser"))
    return client


@pytest.fixture
def index(superuser):
    """Look at the index of the admin; return the texts of its messages."""
    return lambda: [str(message) for message in superuser.get(INDEX).context["messages"]]


@pytest.fixture
def notice(index):
    """Look at the index of the admin; return its only message."""

    def look():
        (text,) = index()
        return text

    return look


def queries(client, url=INDEX):
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    return [query["sql"] for query in captured if "usage_metrics" in query["sql"]]


def test_the_index_tells_once(index):
    assert len(index()) == 1
    assert index() == []


def test_the_index_tells_a_team_once(index, client):
    index()
    client.force_login(get_user_model().objects.create_superuser("another"))
    memory.forget()
    assert index() == []


def test_telling_is_remembered_with_the_facts_there_are(index, settings):
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine"}
    index()
    row = Consent.objects.get()
    assert row.notice_shown_at is not None
    assert "Mood" in row.disclosed
    assert row.choice == Consent.Choice.UNKNOWN


def test_the_notice_has_two_buttons_of_equal_weight_and_a_link(notice):
    text = notice()
    assert '<button class="button" name="choice" value="on">Keep on</button>' in text
    assert '<button class="button" name="choice" value="off">Switch off</button>' in text
    assert f'<form method="post" action="{PAGE}">' in text
    assert 'name="csrfmiddlewaretoken"' in text
    assert f'<a href="{PAGE}">See exactly what is sent</a>' in text


def test_the_buttons_work(superuser, notice):
    notice()
    superuser.post(PAGE, {"choice": "off"})
    assert Consent.objects.get().choice == Consent.Choice.DENIED


def test_the_notice_escapes_what_the_publisher_wrote(settings, notice):
    settings.METRIC_COLLECTION_PRODUCT = 'a & b <c> "é"'
    assert "a &amp; b &lt;c&gt; &quot;é&quot; sends" in notice()


def test_by_default_the_notice_says_that_metrics_are_sent(notice):
    text = notice()
    assert SENDS in text
    assert AWAITED not in text
    assert LAST_EVENT not in text


def test_in_notice_mode_it_says_that_nothing_was_sent_before_and_sending_begins(settings, notice):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    assert not ruling().sends
    text = notice()
    assert SENDS in text
    assert AWAITED in text
    assert ruling().sends


def test_in_opt_in_mode_it_asks_and_nothing_begins(settings, notice):
    settings.METRIC_COLLECTION_CONSENT = "opt-in"
    text = notice()
    assert CAN_SEND in text
    assert UNLESS in text
    assert ">Switch on<" in text
    assert ">Keep off<" in text
    assert not ruling().gathers


def test_it_tells_of_the_last_event_of_an_opt_out(settings, notice):
    settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
    assert LAST_EVENT in notice()


@pytest.mark.parametrize(("mode", "told"), [("opt-out", False), ("notice", True), ("opt-in", True)])
def test_new_facts_are_announced_by_name(mode, told, settings, notice, clock):
    settings.METRIC_COLLECTION_CONSENT = mode
    choose(Consent.Choice.GRANTED, now=clock())
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine"}
    text = notice()
    assert "The usage metrics of Acme have one new fact: Mood." in text
    assert (AWAITED in text) is told
    assert ("Mood" in Consent.objects.get().disclosed) is (mode != "opt-in")


def test_several_new_facts_are_announced_together(settings, notice, index):
    index()
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine", "<Sky>": "blue"}
    assert "have 2 new facts: Mood, &lt;Sky&gt;." in notice()


def test_new_campaigns_are_announced_as_such(settings, notice, index):
    index()
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(title="<Search>")}
    text = notice()
    assert "The usage metrics of Acme have one new campaign: &lt;Search&gt;." in text
    assert "new fact" not in text


def test_facts_and_campaigns_are_told_apart(settings, notice, index):
    index()
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine"}
    settings.METRIC_COLLECTION_CAMPAIGNS = {"a": daily(title="A"), "b": daily(title="B")}
    text = notice()
    assert "have one new fact: Mood." in text
    assert "have 2 new campaigns: A, B." in text


def test_new_facts_are_announced_to_nobody_who_has_declined(settings, index, clock):
    choose(Consent.Choice.DENIED, now=clock())
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine"}
    assert index() == []


@pytest.mark.parametrize("choice", [Consent.Choice.GRANTED, Consent.Choice.DENIED])
def test_there_is_nothing_to_tell_to_who_has_decided(choice, index, clock):
    choose(choice, now=clock())
    assert index() == []


def test_there_is_nothing_to_tell_while_switched_off(settings, index, superuser):
    settings.METRIC_COLLECTION = False
    assert index() == []
    assert queries(superuser) == []


def test_there_is_nothing_to_tell_in_development(settings, index):
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
    settings.DEBUG = True
    assert index() == []


def test_what_was_not_told_in_development_is_told_later(settings, index):
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
    index()
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True
    assert len(index()) == 1


def test_only_superusers_are_told(client, admin_user):
    admin_user.is_superuser = False
    admin_user.save()
    client.force_login(admin_user)
    assert list(client.get(INDEX).context["messages"]) == []
    assert not Consent.objects.exists()


@pytest.mark.parametrize("method", ["head", "post"])
def test_only_looking_counts_as_being_shown(method, superuser):
    getattr(superuser, method)(INDEX)
    assert not Consent.objects.exists()


@pytest.mark.parametrize("name", ["admin:password_change", "admin:auth_user_changelist"])
def test_other_pages_tell_nothing_and_cost_nothing(name, superuser):
    assert queries(superuser, reverse(name)) == []
    assert not Consent.objects.exists()


def test_a_message_level_that_would_drop_the_notice_keeps_it_for_later(settings, superuser, index):
    settings.MESSAGE_LEVEL = messages.WARNING
    superuser.get(INDEX)
    assert not Consent.objects.exists()


def test_the_index_does_without_messages(settings, superuser):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "messages" not in name]
    assert superuser.get(INDEX).status_code == 200
    assert not Consent.objects.exists()


@pytest.mark.parametrize("mode", ["notice", "opt-in"])
@pytest.mark.parametrize("url", [INDEX, PAGE])
def test_a_database_that_takes_no_writes_shows_either_page(superuser, settings, mode, url):
    settings.METRIC_COLLECTION_CONSENT = mode

    def refuse(execute, sql, *arguments):
        if sql.startswith(("INSERT", "UPDATE")):
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse):
        assert superuser.get(url).status_code == 200
    assert not Consent.objects.exists()


def test_the_index_does_without_our_tables(superuser):
    def fail(execute, sql, *arguments):
        if "usage_metrics" in sql:
            raise OperationalError("no such table")
        return execute(sql, *arguments)

    with connection.execute_wrapper(fail):
        assert superuser.get(INDEX).status_code == 200


def test_a_decided_question_costs_the_index_one_query_in_each_process(superuser, clock):
    choose(Consent.Choice.GRANTED, now=clock())
    assert len(queries(superuser)) == 1
    assert queries(superuser) == []


def test_a_shown_notice_costs_the_index_nothing(superuser):
    assert queries(superuser)[0].startswith("SELECT")
    assert queries(superuser) == []


@pytest.mark.parametrize("mode", ["opt-out", "opt-in", "notice"])
def test_the_page_repeats_the_notice_until_somebody_has_decided(mode, settings, superuser, clock):
    settings.METRIC_COLLECTION_CONSENT = mode
    told = CAN_SEND if mode == "opt-in" else SENDS
    assert told in superuser.get(PAGE).content.decode()
    assert told in superuser.get(PAGE).content.decode()
    choose(Consent.Choice.GRANTED, now=clock())
    assert told not in superuser.get(PAGE).content.decode()


def test_being_shown_the_page_is_being_told_where_that_is_waited_for(settings, superuser):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    assert "On. One report a day, none sent yet." in superuser.get(PAGE).content.decode()
    assert ruling().sends


def test_by_default_the_page_leaves_the_notice_to_the_index(superuser, index):
    superuser.get(PAGE)
    assert not Consent.objects.exists()
    assert len(index()) == 1


def test_the_page_announces_new_facts(settings, superuser, clock):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    choose(Consent.Choice.GRANTED, now=clock())
    settings.METRIC_COLLECTION_FACTS = {"Mood": "fine"}
    page = superuser.get(PAGE).content.decode()
    assert "one new fact: Mood." in page
    assert "held back" not in page


def test_the_page_tells_nothing_while_the_switch_is_locked(settings, superuser):
    settings.METRIC_COLLECTION = False
    assert SENDS not in superuser.get(PAGE).content.decode()


def test_a_rollback_takes_the_memory_back():
    told = Memory()
    with transaction.atomic():
        told.keep()
        assert told.is_told
        transaction.set_rollback(True)
    assert not told.is_told


@pytest.mark.django_db(transaction=True)
def test_a_commit_keeps_the_memory():
    told = Memory()
    with transaction.atomic():
        told.keep()
    assert told.is_told
    told.forget()
    assert not told.is_told


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_time", ["first", "second"])
def test_a_flushed_database_is_told_again(_time, index):
    assert len(index()) == 1
    assert index() == []
