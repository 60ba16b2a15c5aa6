"""What makes people trust the checkout: one prompt for one wish, and a dialog that reads the same anywhere."""

import re
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.system.browser.conftest import ARTEFACTS, OpenTab
from tests.system.browser.states import STATES, Scene
from tests.system.browser.storefronts import Storefront
from tests.system.browser.tab import HOLD_MS, Tab
from tests.system.browser.test_scenarios import PAID, WAITING, wait
from tests.system.service.world import World

ON_THE_PLAIN_PAGE = pytest.mark.parametrize("storefront", ["plain"], indirect=True)
ON_EACH_FORM = pytest.mark.parametrize("storefront", ["react", "plain"], indirect=True)
LANGUAGES = pytest.mark.parametrize("language", ["en", "sw"])
TRUSTED_MS = 20_000
"""For so long a stream that has fallen silent is believed."""
_DYING = """
  const real = window.fetch;
  window.fetch = (input, init) => {
    if (!/events$/.test(String(input))) return real(input, init);
    const body = new ReadableStream({ start: (out) => out.enqueue(new TextEncoder().encode(': here\\n\\n')) });
    return Promise.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }));
  };
"""
"""A stream that gives one sign of life and then nothing, as one does whose connection has died unnoticed."""
_LEAKY = """
  body, body * { letter-spacing: 0.15em !important; text-transform: uppercase !important; text-align: right !important;
    direction: rtl !important; font: italic 30px serif !important; line-height: 3 !important; color: red !important;
    word-spacing: 1em !important; text-indent: 3em !important; }
"""
_SEEN = """height => {
  Object.defineProperty(visualViewport, 'height', { value: height, configurable: true });
  visualViewport.dispatchEvent(new Event('resize'));
}"""
"""What a phone does when its keyboard comes: less of the page is seen, and the page is told."""
_TEXT_STYLE = """element => {
  const style = getComputedStyle(element);
  return ['letterSpacing', 'textTransform', 'direction', 'fontStyle', 'fontFamily', 'fontSize', 'lineHeight', 'color',
    'wordSpacing', 'textIndent', 'textAlign'].map((name) => `${name}: ${style[name]}`);
}"""


def style_page(tab: Tab, css: str) -> None:
    """Add a sheet to the page itself, past its policy."""
    tab.page.evaluate(
        "css => { const own = new CSSStyleSheet(); own.replaceSync(css); document.adoptedStyleSheets.push(own); }",
        css,
    )


def dark(tab: Tab) -> bool:
    """Whether the dialog is drawn on dark ground."""
    ground = str(tab.dialog.evaluate("dialog => getComputedStyle(dialog).backgroundColor"))
    return sum(int(part) for part in re.findall(r"\d+", ground)[:3]) < 3 * 128


@ON_EACH_FORM
@pytest.mark.parametrize("how", ["double click", "Enter, Enter"])
def test_the_button_that_opens_does_not_send(storefront: Storefront, world: World, tab: Tab, how: str) -> None:
    """Whoever opens the dialog with a quick second click or Enter finds the form, with the number still to confirm."""
    before = world.simulator.pushes()
    storefront.open(tab)
    tab.phone.fill(world.new_phone())
    tab.page.keyboard.press("Escape")
    expect(tab.dialog).to_be_hidden()
    # The browser hides a dialog first, and tells the page of it with the next frame.
    tab.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    opener = tab.page.get_by_role("button", name="Pay").first
    opener.focus()
    if how == "double click":
        opener.dblclick()
    else:
        tab.page.keyboard.press("Enter")
        tab.page.keyboard.press("Enter")
    expect(tab.dialog).to_be_visible()
    tab.page.wait_for_timeout(HOLD_MS)
    assert world.simulator.pushes() == before


@pytest.mark.parametrize("storefront", ["shop", "react"], indirect=True)
def test_two_tabs_with_two_numbers(storefront: Storefront, world: World, tab: Tab, open_tab: OpenTab) -> None:
    """A second tab that types another number is told where the request already is, and sends none."""
    phone = wait(storefront, tab)
    other = open_tab(tab.page.context)
    storefront.share(tab, other)
    before = world.simulator.pushes()
    other.pay(world.new_phone())
    other.sees(WAITING)
    other.sees("A request for this payment was already sent")
    other.sees(f"0{phone[3:5]}•\xa0•••\xa0{phone[-3:]}")
    tab.says_no("already sent")
    assert world.simulator.pushes() == before
    world.simulator.answer(phone, "pay")
    other.sees(PAID)


@ON_EACH_FORM
def test_a_page_that_comes_back_with_a_dead_stream(storefront: Storefront, world: World, tab: Tab) -> None:
    """A page whose stream died while it was hidden asks as soon as it is looked at again, and not 20 s later."""
    tab.page.add_init_script(_DYING)
    phone = wait(storefront, tab)
    tab.page.evaluate("() => { Object.defineProperty(document, 'hidden', { value: true, configurable: true }); }")
    world.simulator.answer(phone, "pay")
    world.service.until(world.newest(phone), "completed")
    tab.says_no(PAID)
    tab.page.evaluate("() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }")
    expect(tab.dialog).to_contain_text(PAID, timeout=TRUSTED_MS / 2)


@ON_THE_PLAIN_PAGE
@LANGUAGES
@pytest.mark.parametrize("state", ["form", "waiting", "held", "paid"])
def test_forced_colours(storefront: Storefront, tab: Tab, state: str, language: str) -> None:
    """In Windows' high contrast the dialog and its buttons have edges, nothing is clipped, and axe finds no fault."""
    tab.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    STATES[state](Scene(storefront, tab))
    speak(tab, language)
    for part in (tab.dialog, tab.step):
        if part.count():
            edge = part.evaluate(
                "part => [getComputedStyle(part).borderTopWidth, getComputedStyle(part).borderTopColor]"
            )
            assert edge[0] == "1px"
            assert not edge[1].startswith("rgba"), "forced colours draw a see-through edge"
    tab.shoot(ARTEFACTS / "trust" / f"forced-{state}-{language}.png")
    assert tab.clipped() == []
    assert tab.axe() == []


def speak(tab: Tab, language: str) -> None:
    """Change to Kiswahili where that is asked for."""
    if language == "sw":
        tab.dialog.get_by_role("button", name="Kiswahili").click()
        tab.dialog.get_by_role("button", name="English").wait_for()


@ON_EACH_FORM
@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_is_the_pages(storefront: Storefront, tab: Tab, system: Literal["light", "dark"]) -> None:
    """A page without dark styles gets a light dialog whatever the system says; one with a scheme gets that scheme."""
    tab.page.emulate_media(color_scheme=system, reduced_motion="reduce")
    storefront.open(tab)
    assert not dark(tab)
    style_page(tab, ":root { color-scheme: light dark; }")
    assert dark(tab) == (system == "dark")
    style_page(tab, ":root { color-scheme: dark; }")
    assert dark(tab)
    assert tab.axe() == []


@ON_THE_PLAIN_PAGE
def test_the_theme_that_is_asked_for_wins(storefront: Storefront, tab: Tab) -> None:
    """`theme` overrules the page and the system, and `auto` gives them back their say."""
    tab.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    storefront.open(tab)
    element = tab.page.locator("pokea-checkout")
    for theme, is_dark in (("dark", True), ("light", False), ("dark", True), ("auto", False)):
        element.evaluate("(element, theme) => element.setAttribute('theme', theme)", theme)
        assert dark(tab) == is_dark, theme


@ON_EACH_FORM
def test_the_documented_properties(storefront: Storefront, tab: Tab) -> None:
    """Accent, radius and font of the page reach the dialog through the three custom properties."""
    storefront.open(tab)
    style_page(tab, ":root { --pokea-accent: rgb(94, 23, 235); --pokea-radius: 2px; --pokea-font: monospace; }")
    look = tab.step.evaluate(
        """button => {
          const style = getComputedStyle(button);
          return [style.backgroundColor, style.borderTopLeftRadius, style.fontFamily];
        }"""
    )
    assert look == ["rgb(94, 23, 235)", "2px", "monospace"]


@ON_EACH_FORM
def test_no_style_of_the_page_leaks_in(storefront: Storefront, tab: Tab) -> None:
    """Whatever a page does to all its elements, the texts of the dialog stay as they are."""
    storefront.open(tab)
    parts = ["h2", "label", "input", "button[type=submit]", "[role=status] p"]
    before = {part: tab.dialog.locator(part).first.evaluate(_TEXT_STYLE) for part in parts}
    style_page(tab, _LEAKY)
    after = {part: tab.dialog.locator(part).first.evaluate(_TEXT_STYLE) for part in parts}
    tab.shoot(ARTEFACTS / "trust" / f"leaky-{storefront.name}.png")
    assert after == before


@ON_THE_PLAIN_PAGE
@LANGUAGES
def test_a_page_that_reads_from_the_right(storefront: Storefront, tab: Tab, language: str) -> None:
    """On a right-to-left page the dialog reads from the left, and a purpose in Arabic from the right."""
    storefront.visit(tab)
    tab.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
    storefront.book(tab)
    tab.page.locator("pokea-checkout").evaluate("element => element.setAttribute('description', 'سباكة في كيليماني')")
    tab.phone.wait_for()
    speak(tab, language)
    assert tab.dialog.locator("h2").evaluate("title => getComputedStyle(title).direction") == "ltr"
    purpose = tab.dialog.locator(".s b").first
    assert purpose.evaluate("purpose => getComputedStyle(purpose).direction") == "rtl"
    tab.shoot(ARTEFACTS / "trust" / f"rtl-{language}.png")
    assert tab.clipped() == []


@ON_THE_PLAIN_PAGE
@LANGUAGES
@pytest.mark.parametrize("state", ["form", "waiting", "held", "no-answer", "paid"])
def test_at_400_per_cent(storefront: Storefront, tab: Tab, state: str, language: str) -> None:
    """At 400 % of zoom, which leaves 320 by 200 pixels, everything is reached by scrolling one way."""
    STATES[state](Scene(storefront, tab))
    speak(tab, language)
    tab.page.set_viewport_size({"width": 320, "height": 200})
    last = tab.dialog.locator("button.l").last
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    assert box
    assert box["y"] + box["height"] <= 200
    assert tab.clipped() == []


@ON_EACH_FORM
def test_a_keyboard_covers_no_button(storefront: Storefront, tab: Tab) -> None:
    """A keyboard that lies over the page, as those of phones do, lifts the dialog: the button stays in sight, and when
    the keyboard goes the dialog is back at the foot."""
    tab.page.set_viewport_size({"width": 390, "height": 740})
    storefront.open(tab)
    tab.page.wait_for_timeout(HOLD_MS)
    for seen in (360, 740):
        tab.page.evaluate(_SEEN, seen)
        button, dialog = tab.step.bounding_box(), tab.dialog.bounding_box()
        assert button
        assert dialog
        assert dialog["y"] >= 0
        assert button["y"] + button["height"] <= seen
        assert dialog["y"] + dialog["height"] == pytest.approx(seen, abs=1)


@ON_THE_PLAIN_PAGE
def test_an_origin_that_is_not_allowed(storefront: Storefront, open_tab: OpenTab, contexts: object) -> None:
    """Where the service refuses the page's origin the customer is not told of a request, and the developer why."""
    tab = open_tab()
    storefront.open(tab)
    element = tab.page.locator("pokea-checkout")
    element.evaluate("element => { element.close(); element.setAttribute('booking-id', 'bk_other'); }")
    tab.page.route("**/checkout", lambda route: route.abort())
    element.evaluate("element => element.show()")
    tab.sees("This payment cannot be made now")
    tab.says_no("may be on your phone")
    assert any("POKEA_ALLOWED_ORIGINS" in complaint for complaint in tab.complaints)
    tab.complaints.clear()


@ON_THE_PLAIN_PAGE
@pytest.mark.parametrize(("amount", "end"), [("1,500", ""), ("KES 500", "/"), ("abc", "/api/v1/"), (None, "//")])
def test_mistakes_of_an_integrator(storefront: Storefront, tab: Tab, amount: str | None, end: str) -> None:
    """An amount as shops print it and an address with a slash too many cost the customer nothing."""
    storefront.open(tab)
    element = tab.page.locator("pokea-checkout")
    element.evaluate(
        """(element, [amount, end]) => {
          element.close();
          if (amount === null) element.removeAttribute('amount'); else element.setAttribute('amount', amount);
          element.setAttribute('api-url', end);
          element.setAttribute('booking-id', element.getAttribute('booking-id'));
        }""",
        [amount, storefront.world.service.url + end],
    )
    element.evaluate("element => element.show()")
    expect(tab.step).to_have_text("Pay KES 500")
    tab.says_no("NaN")
    phone = storefront.world.new_phone("pay")
    tab.pay(phone)
    tab.sees(PAID)
    told = [complaint for complaint in tab.complaints if complaint.startswith("pokea-checkout:")]
    assert len(told) == (0 if amount is None else 1)
    tab.complaints.clear()


@ON_EACH_FORM
def test_a_browser_that_makes_no_sheets(storefront: Storefront, open_tab: OpenTab) -> None:
    """A browser that cannot make a sheet, as iOS before 16.4, gets the style as an element, and the payment is made."""
    tab = open_tab(bypass_csp=True)
    tab.page.add_init_script("delete CSSStyleSheet.prototype.replaceSync")
    storefront.open(tab)
    assert tab.step.evaluate("button => getComputedStyle(button).backgroundColor") == "rgb(10, 122, 69)"
    tab.pay(storefront.world.new_phone("pay"))
    tab.sees(PAID)
