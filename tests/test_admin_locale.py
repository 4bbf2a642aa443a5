"""Every text that an operator reads exists in every language of the package, and is what is shown."""

from __future__ import annotations

import ast
import gettext
import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as translate
from django.utils.translation import ngettext, override

from metric_collection.consent.rules import Rule, Ruling

from .browser.states import STATES
from .tools.messages import LANGUAGES, PACKAGE, PLACEHOLDER, renewed, source_of, texts


def catalog_of(language):
    """The compiled texts of a language; a plural text by its singular, with its first form."""
    compiled = gettext.translation("django", PACKAGE / "locale", [language])
    entries = compiled._catalog.items()
    return {
        key[0] if isinstance(key, tuple) else key: value
        for key, value in entries
        if key and not (isinstance(key, tuple) and key[1])
    }


def written(language):
    """The pairs of text and translation as they stand in the file for translators."""
    source = source_of(language).read_text()
    assert "fuzzy" not in source
    entry = r'^msgid (".+")\n(?:msgid_plural ".+"\n)?msgstr(?:\[0\])? (".*")$'
    pairs = re.findall(entry, source, re.MULTILINE)
    return {ast.literal_eval(text): ast.literal_eval(translation) for text, translation in pairs}


def placeholders(text):
    return set(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_and_none_is_left_over(language):
    assert catalog_of(language).keys() == texts().keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_for_translators_are_as_the_tool_writes_them(language):
    source = source_of(language).read_text()
    assert renewed(source) == source, "Run: python -m tests.tools.messages"


def test_the_tool_keeps_translations_offers_new_texts_and_drops_old_ones():
    german = source_of("de").read_text()
    on, off = 'msgid "On"\nmsgstr "Ein"\n', 'msgid "Off"\nmsgstr "Aus"\n'
    assert on in german
    changed = german.replace(on, 'msgid "Gone"\nmsgstr "Weg"\n')
    assert off in renewed(changed)
    assert 'msgid "On"\nmsgstr ""\n' in renewed(changed)
    assert "Gone" not in renewed(changed)


def test_the_tool_knows_plural_forms():
    entry = (
        '#, python-format\nmsgid "%(number)d unsent report was deleted."\n'
        'msgid_plural "%(number)d unsent reports were deleted."\nmsgstr[0] ""\nmsgstr[1] ""'
    )
    header = source_of("de").read_text().partition("\n\n")[0]
    assert entry in renewed(header)


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogs_match_their_sources(language):
    assert catalog_of(language) == written(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_keeps_the_placeholders_and_how_a_text_ends(language):
    for text, translation in catalog_of(language).items():
        # A singular may say "one" for its number.
        assert placeholders(translation) == placeholders(text)
        assert translation.endswith((":", ": ")) is text.endswith((":", ": "))
        assert translation.endswith(".") is text.endswith(".")


VALUES = re.compile(
    r'<(script|style|pre|bdi)\b.*?</\1>|<(p|dd) class="um-lines".*?</\2>', re.DOTALL
)
COLLECTOR = "Usage metrics collector"  # the collector's pages are in English


def phrases(page):
    """Everything of two words or more in a page's main part, without values such as names and versions."""
    main = VALUES.sub("<>", page[page.index("<main") : page.index("</main>")])
    said = re.findall(r'>([^<]+)<|aria-label="([^"]+)"|title="([^"]+)"', main)
    texts = {" ".join("".join(each).split()) for each in said} - {COLLECTOR}
    return {text for text in texts if re.search(r"[a-z]{2}\W+[a-z]{2}", text)}


@pytest.fixture
def state(request, settings, client, django_user_model):
    """A state of the page, before somebody who may see it."""
    state = STATES[request.param]
    for name, value in state.settings.items():
        setattr(settings, name, value)
    user = django_user_model.objects.create_user("user", is_staff=True)
    user.is_superuser = state.user == "superuser"
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="view_consent"))
    client.force_login(user)
    state.lead()
    return state


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "language"),
    [*((name, "de") for name in STATES), *(("campaigns", name) for name in LANGUAGES[1:])],
    indirect=["state"],
)
def test_no_phrase_of_a_page_is_left_in_english(state, language, settings, client):
    english = phrases(client.get(state.path).content.decode())
    settings.LANGUAGE_CODE = language
    translated = phrases(client.get(state.path).content.decode())
    assert len(english) > 5
    assert not [*english & translated]


@pytest.mark.django_db
@pytest.mark.parametrize("language", [*LANGUAGES, "pt-br"])
def test_the_page_is_in_the_language_of_the_product(language, client, settings):
    settings.LANGUAGE_CODE = language
    client.force_login(get_user_model().objects.create_superuser("superuser"))
    page = client.get(reverse("admin:usage_metrics_system_info")).content.decode()
    for text in ("Usage metrics are on", "Switch off", "What is shared"):
        with override(language):
            translated = escape(translate(text))
        assert translated != text
        assert translated in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_differs_from_the_english_one(language):
    same = [text for text, translation in catalog_of(language).items() if text == translation]
    assert not [text for text in same if len(PLACEHOLDER.sub("", text).split()) > 2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_keep_the_placeholders(language):
    pairs = [(text, plural) for text, plural in texts().items() if plural]
    with override(language):
        translations = [ngettext(text, plural, 2) for text, plural in pairs]
    assert [*map(placeholders, translations)] == [placeholders(plural) for _text, plural in pairs]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_makes_a_sentence(language):
    with override(language):
        sentences = {Ruling(rule=rule, value="x").sentence for rule in Rule}
    with override("en"):
        assert not sentences & {Ruling(rule=rule, value="x").sentence for rule in Rule}
    assert all(sentence.endswith(".") and "%" not in sentence for sentence in sentences)


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_differ(language):
    with override(language):
        forms = [
            ngettext(
                "%(number)d unsent report was deleted.",
                "%(number)d unsent reports were deleted.",
                number,
            )
            % {"number": number}
            for number in (1, 2)
        ]
    assert forms[0] != forms[1].replace("2", "1")
