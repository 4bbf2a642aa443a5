"""What an operator does on the page, with and without script, mouse and colours."""

from __future__ import annotations

import json
import re

import pytest

from metric_collection.models import CampaignConsent, Consent
from metric_collection.reporting.collection import Collection

from .states import INDEX, PAGE, busy, counting, declared, declined

BOTH = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


def switch(tab):
    return tab.get_by_role("group", name="Usage metrics are")


def choice():
    return Consent.objects.current().choice


@BOTH
def test_opting_out_and_back(script, visit, superuser):
    tab = visit(PAGE, superuser, java_script_enabled=script)
    tab.get_by_role("button", name="Switch off").click()
    tab.get_by_text("Off, because a superuser has declined.").wait_for()
    assert choice() == Consent.Choice.DENIED
    switch(tab).get_by_role("button", name="On").click()
    tab.get_by_role("heading", name="Usage metrics are on").wait_for()
    assert choice() == Consent.Choice.GRANTED
    assert switch(tab).get_by_role("button", name="On").get_attribute("aria-pressed") == "true"


@BOTH
def test_a_campaign_is_declined_and_agreed_to_by_its_own_switch(script, visit, superuser, settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = declared()
    tab = visit(PAGE, superuser, java_script_enabled=script)
    tab.get_by_role("heading", name="Usage campaigns").click()
    exports = tab.get_by_role("article", name="Exports")
    keep, switch_off = (
        exports.get_by_role("button", name=name).bounding_box()
        for name in ("Keep on", "Switch off")
    )
    assert (keep["width"], keep["height"]) == (switch_off["width"], switch_off["height"])
    exports.get_by_role("button", name="Switch off").click()
    exports.get_by_text("Off: a superuser has declined this campaign.").wait_for()
    exports.get_by_role("button", name="On: Exports").click()
    exports.get_by_text("On. You will be asked again on").wait_for()
    assert exports.is_visible()
    assert [
        (row.campaign_id, row.choice) for row in CampaignConsent.objects.exclude(choice="unknown")
    ] == [("export", Consent.Choice.GRANTED)]
    assert choice() == Consent.Choice.UNKNOWN


def test_each_button_has_a_name_of_its_own(visit, superuser):
    tab = visit(PAGE, superuser)
    tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    names = re.findall(r'button "(.*?)"', tab.locator("main").aria_snapshot())
    assert "Copy: The next report" in names
    assert len(names) == len(set(names))


def test_counts_of_a_campaign_are_not_broken_across_columns(visit, superuser, settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = declared()
    counting()
    tab = visit(PAGE, superuser)
    tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    lines = tab.locator("#campaigns .um-lines").first
    starts = """each => {
        const range = document.createRange();
        range.selectNodeContents(each);
        return [...range.getClientRects()].filter(line => line.width).map(line => line.left);
    }"""
    assert len(set(lines.evaluate(starts))) == 1


def test_a_choice_scrolls_back_to_the_campaign(visit, superuser, settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = declared()
    tab = visit(PAGE, superuser, viewport={"width": 1200, "height": 500})
    tab.get_by_role("heading", name="Usage campaigns").click()
    labels = tab.get_by_role("article", name="Printing of labels")
    labels.get_by_role("button", name="Switch off").click()
    labels.get_by_text("Off: a superuser has declined this campaign.").wait_for()
    tab.wait_for_function(
        "document.querySelector('.um-item:target').getBoundingClientRect().top < 500"
    )


def test_a_campaign_below_a_main_switch_that_is_off_cannot_be_pressed(visit, superuser, settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = declared()
    declined()
    buttons = visit(PAGE, superuser).locator("#campaigns form button")
    assert buttons.count() == 8
    assert all(button.is_disabled() for button in buttons.all())


@BOTH
def test_a_group_of_facts_is_declined_by_its_own_switch(script, visit, superuser):
    tab = visit(PAGE, superuser, java_script_enabled=script)
    group = tab.get_by_role("article", name="Operating system")
    group.get_by_role("button", name="Off").click()
    group.get_by_text("Not gathered and not sent:").wait_for()
    assert Consent.objects.get().declined_groups == ["operating-system"]
    assert choice() == Consent.Choice.UNKNOWN


@BOTH
def test_answering_the_notice_on_the_index(script, visit, superuser):
    tab = visit(INDEX, superuser, java_script_enabled=script)
    names = ("Keep on", "Switch off", "Later")
    boxes = [tab.get_by_role("button", name=name).bounding_box() for name in names]
    assert len({(box["width"], box["height"]) for box in boxes}) == 1
    tab.get_by_role("button", name="Switch off").click()
    tab.wait_for_url(f"**{PAGE}")
    assert choice() == Consent.Choice.DENIED
    tab.goto(INDEX)
    assert not tab.get_by_role("button", name="Keep on").count()


@BOTH
def test_putting_the_notice_off(script, visit, superuser):
    tab = visit(INDEX, superuser, java_script_enabled=script)
    tab.get_by_role("button", name="Later").click()
    tab.get_by_text("You will be asked again in a week.").wait_for()
    assert not tab.get_by_role("button", name="Keep on").count()
    assert choice() == Consent.Choice.UNKNOWN


def test_the_notice_leads_to_the_report_itself(visit, superuser):
    tab = visit(INDEX, superuser, viewport={"width": 1280, "height": 500})
    tab.get_by_role("link", name="See exactly what is sent").click()
    tab.wait_for_url(f"**{PAGE}#shared")
    assert tab.get_by_text("Installation Method", exact=True).is_visible()


def test_state_recipient_and_switch_are_on_the_first_screen(visit, superuser, settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = declared()
    busy()
    tab = visit(PAGE, superuser, viewport={"width": 1280, "height": 700})
    for found in (
        tab.get_by_role("heading", name="Usage metrics are on"),
        tab.get_by_text("Reports are sent to"),
        switch(tab).get_by_role("button", name="Off"),
    ):
        box = found.bounding_box()
        assert box["y"] + box["height"] <= 700


def test_the_keyboard_is_enough(visit, superuser):
    tab = visit(PAGE, superuser)
    for _ in range(80):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.value") == "off":
            break
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert tab.evaluate(outline) == "solid"
    tab.keyboard.press("Space")
    tab.get_by_text("Off, because a superuser has declined.").wait_for()
    assert choice() == Consent.Choice.DENIED


def test_the_locked_switch_cannot_be_pressed(visit, superuser, settings):
    settings.METRIC_COLLECTION = False
    tab = visit(PAGE, superuser)
    assert all(button.is_disabled() for button in tab.locator("main form button").all())


def test_texts_can_be_copied(visit, superuser):
    tab = visit(PAGE, superuser, permissions=["clipboard-read", "clipboard-write"])
    tab.get_by_text("View as JSON, exactly as it will be sent").click()
    tab.get_by_role("button", name="Copy").click()
    tab.get_by_role("status").first.get_by_text("Copied").wait_for()
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert json.loads(copied) == json.loads(Collection().preview()[1])


def test_texts_can_be_copied_where_the_browser_keeps_its_clipboard(visit, superuser):
    tab = visit(PAGE, superuser)
    tab.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    tab.get_by_role("heading", name="Installed here").click()
    tab.get_by_text("Copy for a bug report").click()
    tab.get_by_role("button", name="Copy").click()
    tab.get_by_role("status").last.get_by_text("Copied").wait_for()
    assert tab.evaluate("getSelection().toString()").startswith("Acme 1.0")


@BOTH
def test_every_body_can_be_seen(script, visit, superuser, transactional_db):
    busy()
    tab = visit(PAGE, superuser, java_script_enabled=script)
    tab.get_by_role("heading", name="Reports").click()
    body = tab.locator("#reports pre").first
    assert not body.is_visible()
    tab.locator("#reports li summary").first.click()
    assert body.is_visible()


def test_the_page_keeps_a_strict_content_security_policy_and_stays_at_home(
    visit, superuser, settings, live_server
):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.browser.policy.content_security_policy"]
    tab = visit(INDEX, superuser)
    complaints, addresses = [], []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("request", lambda request: addresses.append(request.url))
    tab.goto(PAGE)
    assert tab.locator(".um-copy").count() == 2
    assert [text for text in complaints if "Security" in text] == []
    assert all(address.startswith(live_server.url) for address in addresses)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_colour_scheme(scheme, visit, superuser):
    tab = visit(PAGE, superuser, color_scheme=scheme)
    body, button = (
        tab.evaluate("s => getComputedStyle(document.querySelector(s)).backgroundColor", selector)
        for selector in ("body", "[value=off]")
    )
    assert body == button == ("rgb(18, 18, 18)" if scheme == "dark" else "rgb(255, 255, 255)")


def test_the_page_can_be_read_at_twice_its_size(visit, superuser, settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = declared()
    counting()
    # A browser that zooms to 200 % lays a window of 1280 pixels out as one of 640.
    tab = visit(PAGE, superuser, viewport={"width": 640, "height": 400}, device_scale_factor=2)
    for summary in tab.locator("main summary").all():
        summary.click()
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= 640
    for button in tab.locator("main form button").all():
        box = button.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 640


def test_the_printout_is_the_page_alone_and_complete(visit, superuser, settings):
    settings.METRIC_COLLECTION_FACTS = {f"Fact {number}": "x" for number in range(60)}
    busy()
    tab = visit(PAGE, superuser)
    tab.emulate_media(media="print")
    assert not tab.locator("#header").is_visible()
    assert not tab.get_by_role("button", name="Off").first.is_visible()
    assert tab.get_by_text("Fact 59", exact=True).first.is_visible()
    (report,) = tab.locator("#shared pre").all()
    assert report.evaluate("pre => pre.clientHeight > 1000 && pre.clientHeight >= pre.scrollHeight")


def test_the_printout_has_state_and_counts_of_campaigns(
    visit, superuser, settings, transactional_db
):
    settings.METRIC_COLLECTION_CAMPAIGNS = declared()
    counting()
    tab = visit(PAGE, superuser)
    tab.emulate_media(media="print")
    assert tab.get_by_text("Off: a superuser has declined this campaign.").is_visible()
    assert tab.get_by_text("Search / Run / devices").is_visible()
    assert not tab.locator("#campaigns button").first.is_visible()
