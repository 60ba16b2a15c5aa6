"""The half minute of waiting, what stands behind it, and the receipt that is kept."""

import pytest
from playwright.sync_api import expect

from tests.system.browser.conftest import ARTEFACTS
from tests.system.browser.states import STATES, Scene
from tests.system.browser.storefronts import Storefront
from tests.system.browser.tab import Tab

pytestmark = pytest.mark.parametrize("storefront", ["plain"], indirect=True)

_LOOKED_AT = "document.dispatchEvent(new Event('visibilitychange'))"
_SCROLLED = """async () => {
  await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  return scrollY;
}"""


def test_the_wait_says_what_helps(storefront: Storefront, tab: Tab) -> None:
    """At once where to look and what the request will say; after 20 s what to do where none came; after the prompt's
    minute no seconds, but that M-PESA's answer is awaited."""
    scene = Scene(storefront, tab)
    payment = scene.wait()
    reference = scene.world.row(payment).account_reference.replace("-", "\u2011")
    tab.sees(f"Unlock 0{scene.phone[3:6]}\xa0{scene.phone[6:9]}\xa0{scene.phone[9:]}")
    tab.sees(f"look for the request of POKEA DEMO, {reference}")
    tab.sees("to pay Ksh 500.")
    tab.says_no("wrong number")
    scene.world.shift(21, payment)
    tab.page.evaluate(_LOOKED_AT)
    tab.sees("No request, or a wrong number? You can try again, or change the number, once this request has ended.")
    expect(tab.dialog.get_by_role("timer")).to_be_visible()
    scene.world.shift(40, payment)
    tab.page.evaluate(_LOOKED_AT)
    tab.sees("Waiting for M‑PESA’s answer")
    expect(tab.dialog.get_by_role("timer")).to_have_count(0)


def test_the_receipt_is_copied_and_printed(storefront: Storefront, tab: Tab) -> None:
    """Its number is put on the clipboard, which is said; on paper it stands alone, without a button."""
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    STATES["paid"](Scene(storefront, tab))
    receipt = tab.dialog.locator("dd").nth(3).text_content()
    tab.dialog.get_by_role("button", name="Copy").click()
    tab.dialog.get_by_role("button", name="Copied").wait_for()
    assert tab.page.evaluate("navigator.clipboard.readText()") == receipt
    tab.page.evaluate("window.print = () => { document.title = 'printed'; }")
    tab.dialog.get_by_role("button", name="Print").click()
    expect(tab.page).to_have_title("printed")
    tab.page.emulate_media(media="print")
    expect(tab.dialog.get_by_role("button")).to_have_count(0)
    expect(tab.dialog.locator("dd").nth(3)).to_be_visible()
    box, size = tab.dialog.bounding_box(), tab.page.viewport_size
    assert box
    assert size
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, size["width"], size["height"])
    tab.shoot(ARTEFACTS / "trust" / "receipt-on-paper.png")


def test_the_page_behind_stays_where_it_is(storefront: Storefront, tab: Tab) -> None:
    """The wheel does not move the page behind the open dialog, and moves it again once that is closed."""
    storefront.open(tab)
    tab.page.evaluate("document.body.style.minHeight = '300vh'")
    tab.page.mouse.move(20, 400)
    tab.page.mouse.wheel(0, 300)
    assert tab.page.evaluate(_SCROLLED) == 0
    tab.page.keyboard.press("Escape")
    expect(tab.dialog).to_be_hidden()
    tab.page.mouse.wheel(0, 300)
    tab.page.wait_for_function("scrollY > 0")


def test_the_readers_own_size_of_letters(storefront: Storefront, tab: Tab) -> None:
    """Who has set larger letters in the browser gets larger ones, and nothing is cut off."""
    session = tab.page.context.new_cdp_session(tab.page)
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 24}})
    storefront.open(tab)
    label = tab.dialog.locator("label")
    assert label.evaluate("label => getComputedStyle(label).fontSize") == "24px"
    tab.page.set_viewport_size({"width": 320, "height": 640})
    assert tab.clipped() == []
