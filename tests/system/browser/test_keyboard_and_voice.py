"""The checkout without a mouse, without eyes, and without motion."""

import re

import pytest
from playwright.sync_api import expect

from tests.system.browser.conftest import OpenTab
from tests.system.browser.storefronts import Storefront
from tests.system.browser.tab import HOLD_MS, Tab
from tests.system.browser.test_scenarios import PAID, RECEIPT, WAITING, wait
from tests.system.service.running import eventually
from tests.system.service.world import World

EVERYWHERE = pytest.mark.parametrize("storefront", ["shop", "react", "plain"], indirect=True)
ON_A_PAGE = pytest.mark.parametrize("storefront", ["react", "plain"], indirect=True)

_REOPEN = """() => {
  const checkout = document.querySelector('pokea-checkout');
  checkout.shadowRoot.querySelector('dialog').close();
  checkout.shadowRoot.querySelector('button.o').click();
}"""
_LISTEN = """region => {
  window.heard = [];
  const listen = () => window.heard.at(-1) !== region.textContent && window.heard.push(region.textContent);
  new MutationObserver(listen).observe(region, { childList: true, subtree: true, characterData: true });
}"""


def press(tab: Tab, *keys: str) -> str:
    """Press keys one after the other; what has the focus then."""
    for key in keys:
        tab.page.keyboard.press(key)
    return tab.focused()


def tab_to(tab: Tab, name: str) -> None:
    """Go on by the tabulator until this has the focus."""
    for _ in range(20):
        if name in tab.focused():
            return
        tab.page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not reach {name}")


@EVERYWHERE
def test_the_whole_flow_by_keyboard(storefront: Storefront, world: World, tab: Tab) -> None:
    """Booking, paying, another try after a wrong PIN, and the way out need no mouse; the focus is never lost."""
    phone = world.new_phone("wrong_pin")
    storefront.visit(tab)
    if storefront.name != "shop":
        tab_to(tab, "Token")
        tab.page.keyboard.insert_text(world.service.token("amina"))
    tab_to(tab, "Book")
    tab.page.keyboard.press("Enter")
    if storefront.name == "plain":
        tab.page.get_by_role("button", name="Pay").wait_for()
        tab_to(tab, "Pay KES 500")
        tab.page.keyboard.press("Enter")
    tab.phone.wait_for()
    assert "M-PESA phone number" in tab.focused()
    press(tab, "Control+A")
    tab.page.keyboard.type(phone)
    tab.page.wait_for_timeout(HOLD_MS)
    tab.page.keyboard.press("Enter")
    tab.sees("did not accept the PIN")
    assert tab.focused() == "dialog"
    world.simulator.subscriber(phone, "manual")
    tab_to(tab, "Try again")
    assert "M-PESA phone number" in press(tab, "Enter")
    tab.page.wait_for_timeout(HOLD_MS)
    tab.page.keyboard.press("Enter")
    tab.sees(WAITING)
    world.simulator.answer(phone, "pay")
    tab.sees(PAID)
    tab_to(tab, "Done")
    tab.page.keyboard.press("Enter")
    expect(tab.dialog).to_be_hidden()


@ON_A_PAGE
def test_the_focus_returns(storefront: Storefront, tab: Tab) -> None:
    """The tabulator stays inside the open dialog; Escape closes it, and the focus is where it was."""
    storefront.open(tab)
    tab.page.keyboard.press("Escape")
    expect(tab.dialog).to_be_hidden()
    tab_to(tab, "Pay")
    before = press(tab)
    tab.page.keyboard.press("Enter")
    tab.phone.wait_for()
    seen = {press(tab, "Tab") for _ in range(8)}
    own = {"button Close", "button Kiswahili", "button Pay KES 500", "input M-PESA phone number", "dialog"}
    assert seen <= own | {"body"}, "the browser's own bar is reached through the body"
    tab.page.keyboard.press("Escape")
    expect(tab.dialog).to_be_hidden()
    assert tab.focused() == before


@pytest.mark.parametrize("storefront", ["plain"], indirect=True)
def test_a_dialog_that_was_closed_a_moment_ago_opens_again(storefront: Storefront, tab: Tab) -> None:
    """The browser hides a dialog first and tells of it later; whoever operates the button in between is not ignored."""
    storefront.open(tab)
    tab.page.evaluate(_REOPEN)
    tab.page.evaluate("new Promise(requestAnimationFrame)")
    expect(tab.dialog).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(tab.dialog).to_be_hidden()


@ON_A_PAGE
def test_what_a_screen_reader_meets(storefront: Storefront, tab: Tab) -> None:
    """A modal dialog with a name, a field with a label and its advice, a button that says the price, and a way out."""
    storefront.open(tab)
    dialog = tab.page.get_by_role("dialog", name="Pay with M-PESA")
    field = dialog.get_by_role("textbox", name="M-PESA phone number")
    expect(field).to_have_accessible_description(re.compile("A request will come"))
    field.fill("612")
    expect(field).to_have_accessible_description("This is not a Kenyan mobile number.")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_role("button", name="Pay KES 500")).to_be_visible()
    expect(dialog.get_by_role("button", name="Close")).to_be_visible()
    assert tab.page.evaluate("document.querySelector('h1').closest(':modal')") is None


@ON_A_PAGE
def test_each_change_is_announced_once(storefront: Storefront, world: World, tab: Tab) -> None:
    """A polite region that was there from the first tells each change, and never the seconds of the countdown."""
    world.simulator.fault("callback_then_success", seconds=1)
    phone = world.new_phone()
    storefront.open(tab)
    region = tab.dialog.get_by_role("status")
    region.evaluate(_LISTEN)
    tab.phone.fill("0712")
    tab.pay(phone)
    tab.sees("Payment not made")
    tab.page.wait_for_timeout(2_500)
    world.simulator.answer(phone, "pay")
    tab.sees(RECEIPT)
    heard = [text[:16] for text in tab.page.evaluate("window.heard")]
    told = [text for text in heard if text not in ("A request will c", "The number is to", "Waiting for M‑PE", "")]
    assert told in (
        ["Check your phone", "Payment not made", "Payment successf"],
        ["Payment not made", "Payment successf"],
    )


@ON_A_PAGE
def test_the_countdown_is_not_read_out(storefront: Storefront, tab: Tab) -> None:
    """While the seconds run the announced region stays as it is."""
    wait(storefront, tab)
    tab.dialog.get_by_role("status").evaluate(_LISTEN)
    tab.page.wait_for_timeout(2_200)
    assert tab.page.evaluate("window.heard") == []


@pytest.mark.parametrize("storefront", ["plain"], indirect=True)
@pytest.mark.parametrize(
    ("fault", "seen"), [("slow", "Sending the request"), ("push_500_after", "Waiting for M‑PESA’s answer")]
)
def test_no_motion_for_whom_it_troubles(storefront: Storefront, world: World, tab: Tab, fault: str, seen: str) -> None:
    """Nothing moves where reduced motion is asked for; elsewhere something turns while nothing is known."""
    tab.page.emulate_media(reduced_motion="reduce")
    phone = world.new_phone()
    world.simulator.fault(fault, msisdn=phone)
    storefront.open(tab)
    tab.pay(phone)
    tab.sees(seen)
    moving = "document.querySelector('pokea-checkout').shadowRoot.getAnimations()"
    assert tab.page.evaluate(f"{moving}.length") == 0
    tab.page.emulate_media(reduced_motion="no-preference")
    turning = f"{moving}.some((each) => each.effect.getComputedTiming().iterations === Infinity)"
    eventually(lambda: tab.page.evaluate(turning), "something turns")


@ON_A_PAGE
def test_the_dialog_may_be_closed_meanwhile(storefront: Storefront, world: World, tab: Tab) -> None:
    """A closed dialog leaves the payment running: the page hears of it, and the dialog shows it when it is opened."""
    phone = wait(storefront, tab)
    tab.dialog.get_by_role("button", name="Close").click()
    world.simulator.answer(phone, "pay")
    expect(tab.page.get_by_role("status").filter(has_text="Paid: pay_")).to_be_visible()
    storefront.reopen(tab)
    tab.sees(RECEIPT)


@EVERYWHERE
def test_the_language(storefront: Storefront, world: World, tab: Tab) -> None:
    """The other language is one click away, keeps what was typed, and is what the service then speaks too."""
    phone = world.new_phone()
    storefront.open(tab)
    tab.phone.fill(phone)
    tab.dialog.get_by_role("button", name="Kiswahili").click()
    expect(tab.dialog).to_have_attribute("lang", "sw")
    tab.sees("Lipa na M-PESA")
    assert "0720" in tab.phone.input_value()
    tab.page.wait_for_timeout(HOLD_MS)
    tab.step.click()
    tab.sees("Angalia simu yako")
    world.simulator.answer(phone, "pay")
    tab.sees("Malipo yamefanikiwa!")


@pytest.mark.parametrize("storefront", ["react"], indirect=True)
def test_a_page_that_is_loaded_after_the_end(storefront: Storefront, world: World, tab: Tab, open_tab: OpenTab) -> None:
    """Once the fee is paid, the page comes up without the dialog, and another tab knows nothing of it."""
    phone = wait(storefront, tab)
    world.simulator.answer(phone, "pay")
    tab.sees(RECEIPT)
    storefront.visit(tab)
    tab.page.get_by_role("button", name="Book").wait_for()
    expect(tab.dialog).to_be_hidden()
    other = open_tab(tab.page.context)
    storefront.visit(other)
    other.page.get_by_role("button", name="Book").wait_for()
