"""What every state of the checkout looks like: no fault for axe, nothing clipped, pictures kept to be looked at."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, ViewportSize, expect

from tests.system.browser.conftest import ARTEFACTS
from tests.system.browser.pressing import wrong_prompts
from tests.system.browser.states import STATES, Scene
from tests.system.browser.storefronts import Storefront
from tests.system.browser.tab import Tab

SIZES = {
    320: ViewportSize(width=320, height=640),
    768: ViewportSize(width=768, height=1024),
    1280: ViewportSize(width=1280, height=800),
}
ZOOMED = ViewportSize(width=640, height=400)
"""What 200 % of zoom leave of the wide window."""
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LANGUAGES = {"en": "Kiswahili", "sw": "English"}
"""Each with the name of the other, which is what the dialog's own switch says."""
UNANSWERED = {"offline", "signed-out"}
"""States in which the service cannot be asked for its words in the other language."""
PICTURES: Path = ARTEFACTS / "checkout"

pytestmark = pytest.mark.parametrize("storefront", ["plain"], indirect=True)


@pytest.mark.parametrize("state", STATES)
def test_a_state(storefront: Storefront, tab: Tab, state: str) -> None:
    """In both languages, both themes, on a small phone, a wide screen and at 200 % of zoom it reads whole; and a double
    click or Enter pressed twice on any of its buttons sends no prompt but the one that was asked for."""
    tab.page.clock.install()
    scene = Scene(storefront, tab)
    STATES[state](scene)
    # The plain page has no dark styles, so that its dialog is light always; this one's follows the system.
    tab.page.evaluate("document.documentElement.style.colorScheme = 'light dark'")
    found: dict[str, list[str]] = {}
    for language, other in LANGUAGES.items():
        for theme in THEMES:
            tab.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            for width, size in SIZES.items():
                tab.page.set_viewport_size(size)
                tab.shoot(PICTURES / f"{state}-{width}-{theme}-{language}.png")
                found[f"clipped {width} {language}"] = tab.clipped()
            found[f"axe {theme} {language}"] = tab.axe() if (theme, language) != ("dark", "en") else []
        tab.page.set_viewport_size(ZOOMED)
        found[f"clipped zoomed {language}"] = tab.clipped()
        found[f"out of reach {language}"] = out_of_reach(tab)
        tab.dialog.get_by_role("button", name=other).click()
        if language == "en" and state not in UNANSWERED:
            expect(tab.dialog).to_contain_text(re.compile("Kwa ?POKEA DEMO"))
    assert {what: faults for what, faults in found.items() if faults} == {}
    assert wrong_prompts(scene, state) == {}


def out_of_reach(tab: Tab) -> list[str]:
    """The dialog's last line, if no scrolling brings it into the window."""
    last = tab.dialog.locator("button.l").last
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    assert box is not None
    return [] if box["y"] + box["height"] <= ZOOMED["height"] else [f"{box} is below {ZOOMED}"]


def test_the_look_finds_what_is_wrong(storefront: Storefront, contexts: Callable[..., BrowserContext]) -> None:
    """A text that is cut off, a fault for axe, a call to a stranger and a complaint are found where they are."""
    tab = Tab(contexts().new_page())
    storefront.open(tab)
    assert (tab.clipped(), tab.axe(), tab.complaints, tab.strangers(*storefront.origins)) == ([], [], [], {})
    tab.dialog.locator("h2").evaluate(
        "title => { title.style.cssText = 'width:20px;overflow:hidden;white-space:nowrap;color:#eee'; }"
    )
    tab.page.evaluate("fetch('http://localhost:9/').catch(() => console.error('stopped'))")
    assert "is clipped" in tab.clipped()[0]
    assert "color-contrast" in tab.axe()[0]
    assert any("stopped" in each for each in tab.complaints)
    assert any("Content Security Policy" in each for each in tab.complaints)
