"""The reference at `/docs`: every call can be read and found, on any screen, and no other site is asked."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.system.browser.below_a_path import proxied
from tests.system.browser.conftest import ARTEFACTS
from tests.system.browser.tab import Tab
from tests.system.service.world import World

Contexts: TypeAlias = Callable[..., BrowserContext]


def operations(tab: Tab) -> Locator:
    """The calls that the page shows."""
    return tab.page.locator(".opblock")


def opened(tab: Tab, address: str) -> None:
    """Go to the reference, and wait until it shows its calls."""
    tab.page.goto(address)
    operations(tab).first.wait_for()


def opens(tab: Tab, every: int, beginning_with: int) -> None:
    """Open a part of the calls at once: each by itself would draw the whole page again."""
    buttons = tab.page.locator(".opblock:not(.is-open) .opblock-summary-control")
    opened = buttons.evaluate_all(
        """(buttons, [every, first]) => {
          const part = buttons.filter((_, place) => place % every === first);
          for (const button of part) button.click();
          return part.length;
        }""",
        [every, beginning_with],
    )
    assert opened > 0
    expect(tab.page.locator(".opblock.is-open")).to_have_count(opened + 1)
    expect(tab.page.locator(".opblock-loading-animation")).to_have_count(0)


SCREENS = ((320, "light"), (320, "dark"), (1280, "light"), (1280, "dark"))


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_the_reference_is_read_on_any_screen(contexts: Contexts, demo: World, width: int, scheme: str) -> None:
    """With calls open it asks no other site, breaks no rule of its policy, is clean for axe, and fits.

    Each call is opened on one of the screens: with all of them open axe would look at some 18,000 elements.
    """
    tab = Tab(contexts(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page())
    opened(tab, f"{demo.service.url}/docs")
    picture = ARTEFACTS / f"reference/{width}-{scheme}"
    tab.shoot(picture.with_suffix(".png"))
    assert tab.axe() == []
    # One call stands for all in the picture: on a small phone all together are a quarter of a million pixels high.
    history = tab.page.locator("#operations-Payments-paymentHistory")
    history.locator(".opblock-summary-control").click()
    history.locator(".responses-wrapper").wait_for()
    history.screenshot(path=f"{picture}-open.png")
    opens(tab, len(SCREENS), SCREENS.index((width, scheme)))
    assert tab.axe() == []
    assert "\\u" not in tab.page.locator("body").inner_text()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    used = tab.page.evaluate("getComputedStyle(document.documentElement).colorScheme")
    assert (used == "dark") == (scheme == "dark")
    assert tab.strangers(demo.service.url) == {}
    assert tab.complaints == []


def test_a_call_is_found_by_what_it_says(contexts: Contexts, demo: World) -> None:
    """The search looks into addresses, parameters and prose; every word counts, and nothing is found for nonsense."""
    tab = Tab(contexts().new_page())
    opened(tab, f"{demo.service.url}/docs")
    search = tab.page.get_by_role("searchbox", name="Search")
    everything = operations(tab).count()
    for phrase, found in (
        ("transactions of this STATUS", "history"),
        ("prompt a CUSTOMER", "stkpush"),
        ("  ", None),
        ("xyzzy", ""),
    ):
        search.fill(phrase)
        if found is None:
            expect(operations(tab)).to_have_count(everything)
        elif not found:
            expect(operations(tab)).to_have_count(0)
        else:
            expect(operations(tab)).to_have_count(1)
            expect(operations(tab)).to_contain_text(found)


def test_a_call_is_shown_whole(contexts: Contexts, demo: World) -> None:
    """Opened, the history shows each parameter's meaning, type and values, and answers with ids as they are."""
    tab = Tab(contexts().new_page())
    opened(tab, f"{demo.service.url}/docs")
    call = tab.page.locator("#operations-Payments-paymentHistory")
    call.locator(".opblock-summary-control").click()
    status = call.get_by_role("row").filter(has=tab.page.get_by_text("status", exact=True))
    expect(status).to_contain_text("Only transactions of this status.")
    expect(status).to_contain_text("initiated, pending, completed, failed")
    expect(call).to_contain_text("integer")
    expect(call).to_contain_text('"bookingId": "bk_')
    assert "\\u" not in call.inner_text()


def test_the_reference_works_below_a_path(contexts: Contexts, demo: World) -> None:
    """A proxy may serve the service below a path: the page finds its files, the document and the calls there."""
    tab = Tab(contexts().new_page())
    with proxied(demo.service.url, "/money") as origin:
        opened(tab, f"{origin}/money/docs")
        tab.page.locator("#operations-service-get_healthz .opblock-summary-control").click()
        tab.page.get_by_role("button", name="Try it out").click()
        tab.page.get_by_role("button", name="Execute").click()
        expect(tab.page.locator(".live-responses-table")).to_contain_text('"status": "ok"')
        assert tab.strangers(origin) == {}
    assert tab.complaints == []
