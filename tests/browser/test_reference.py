"""The reference at `/docs`: every call can be read and found, on any screen, and no other site is asked."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.conftest import ARTEFACTS
from tests.browser.tab import Tab
from tests.service.world import World

Contexts: TypeAlias = Callable[..., BrowserContext]
SIZES = (320, 1280)
SCHEMES = ("light", "dark")


def operations(tab: Tab) -> Locator:
    """The calls that the page shows."""
    return tab.page.locator(".opblock")


def opened(tab: Tab, address: str) -> None:
    """Go to the reference, and wait until it shows its calls."""
    tab.page.goto(address)
    operations(tab).first.wait_for()


def opens_all(tab: Tab) -> None:
    """Open every call that is shown."""
    for closed in reversed(tab.page.locator(".opblock:not(.is-open) .opblock-summary-control").all()):
        closed.click()
    expect(tab.page.locator(".opblock:not(.is-open)")).to_have_count(0)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", SIZES)
def test_the_reference_is_read_on_any_screen(contexts: Contexts, demo: World, width: int, scheme: str) -> None:
    """With every call open it asks no other site, breaks no rule of its policy, is clean for axe, and fits."""
    tab = Tab(contexts(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page())
    opened(tab, f"{demo.service.url}/docs")
    ARTEFACTS.joinpath("reference").mkdir(parents=True, exist_ok=True)
    tab.page.screenshot(path=ARTEFACTS / f"reference/{width}-{scheme}.png")
    assert tab.axe() == []
    opens_all(tab)
    tab.page.screenshot(path=ARTEFACTS / f"reference/{width}-{scheme}-open.png", full_page=True)
    assert tab.axe() == []
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.page.evaluate("getComputedStyle(document.documentElement).colorScheme") == scheme
    assert tab.strangers(demo.service.url) == {}
    assert tab.complaints == []
