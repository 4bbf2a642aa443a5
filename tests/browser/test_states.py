"""Every state of the page in a real browser: its words, its accessibility, on any screen."""

from __future__ import annotations

import pytest

from .states import STATES

WCAG = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


@pytest.fixture(params=STATES)
def state(request):
    return STATES[request.param]


@pytest.fixture
def enter(state, settings, visit, request):
    """Lead to the state and look at it."""

    def enter(**options):
        for name, value in state.settings.items():
            setattr(settings, name, value)
        user = request.getfixturevalue(state.user)
        state.lead()
        tab = visit(state.path, user, **options)
        state.act(tab)
        return tab

    return enter


def violations(tab):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason='needs the extra "browser"'
    )
    tab.wait_for_function("document.getAnimations().length === 0")  # colours have arrived
    # The rest of the page is Django's, whose breadcrumbs are not distinguishable enough.
    return axe.Axe().run(tab, context="main", options=WCAG).generate_report()


def unfold(tab):
    """Open everything that can be opened."""
    tab.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true; })")


def test_each_state_has_its_words_and_passes_wcag(state, enter):
    tab = enter(color_scheme="light")
    assert state.says in " ".join(tab.inner_text("body").split())
    unfold(tab)
    assert "Found 0 " in violations(tab), violations(tab)
    tab.emulate_media(color_scheme="dark")
    tab.set_viewport_size({"width": 360, "height": 740})
    assert "Found 0 " in violations(tab), violations(tab)
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= 360


@pytest.mark.parametrize("state", ["failing", "campaigns", "notice"], indirect=True)
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_can_be_read_from_right_to_left(width, state, settings, enter):
    settings.LANGUAGE_CODE = "ar"
    tab = enter(viewport={"width": width, "height": 740})
    unfold(tab)
    assert tab.evaluate("document.documentElement.dir") == "rtl"
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= width
    assert "Found 0 " in violations(tab), violations(tab)


BROKEN_WORDS = """() => [...document.querySelectorAll('main button')].flatMap(button =>
  [...button.textContent.matchAll(/[^\\s]+/g)].filter(word => {
    const range = document.createRange();
    range.setStart(button.firstChild, word.index);
    range.setEnd(button.firstChild, word.index + word[0].length);
    return range.getClientRects().length > 1;
  }).map(word => word[0]))"""


@pytest.mark.parametrize("state", ["failing", "campaigns", "notice"], indirect=True)
def test_no_button_breaks_a_word_on_a_phone_in_german(state, settings, enter):
    settings.LANGUAGE_CODE = "de"
    tab = enter(viewport={"width": 360, "height": 740})
    unfold(tab)
    assert "Eingeschaltet lassen" in tab.inner_text("main")
    assert tab.evaluate(BROKEN_WORDS) == []
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= 360


def test_each_state_can_be_pictured(state, enter, picture, request):
    """``--pictures FOLDER`` keeps a picture of each state."""
    tab = enter(color_scheme="light", viewport={"width": 1280, "height": 900})
    name = "-".join(request.node.callspec.params["state"].split())
    assert picture(tab, f"state-{name}.png").exists()
