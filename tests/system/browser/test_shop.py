"""The demo's shop, with the phone beside it: what a newcomer sees within a minute of cloning."""

import gzip
import re
from typing import Literal
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests.system.browser.conftest import ARTEFACTS, OpenTab
from tests.system.browser.places import HOUSE
from tests.system.browser.storefronts import Shop
from tests.system.browser.tab import HOLD_MS, Tab
from tests.system.service.running import call
from tests.system.service.world import World

WIDE = {"width": 1280, "height": 800}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_shop_and_phone_side_by_side(demo: World, open_tab: OpenTab, theme: Literal["light", "dark"]) -> None:
    """Book on the left, answer on the right, and the technician is looked for: one page, and no other needed."""
    tab = open_tab(viewport=WIDE, color_scheme=theme, reduced_motion="reduce")
    tab.page.goto(f"{demo.service.url}/demo")
    shop = tab.page.frame_locator("iframe[title='The shop']")
    phone = tab.page.frame_locator('iframe[title="The customer\'s phone"]').get_by_role(
        "article", name="Phone 0712 345 678"
    )
    expect(shop.get_by_role("button", name="Book and pay")).to_be_in_viewport(ratio=1)
    tab.shoot(ARTEFACTS / "pages" / f"demo-1-{theme}.png")
    shop.get_by_role("radio", name="Electrical").check()
    shop.get_by_label("Where?").select_option("Nyali")
    shop.get_by_role("button", name="Book and pay").click()
    dialog = shop.get_by_role("dialog")
    expect(dialog).to_contain_text("Electrical in Nyali")
    expect(dialog.get_by_role("textbox")).to_have_value("0712 345 678")
    tab.page.wait_for_timeout(HOLD_MS)
    dialog.get_by_role("button", name="Pay KES 500").click()
    expect(phone.locator(".prompt-text")).to_contain_text("Do you want to pay Kshs. 500 to POKEA DEMO")
    tab.shoot(ARTEFACTS / "pages" / f"demo-2-{theme}.png")
    left, right = (tab.page.locator("iframe").nth(place).bounding_box() for place in (0, 1))
    assert left
    assert right
    assert left["x"] + left["width"] <= right["x"] + 1
    expect(tab.page.get_by_role("listitem").first).to_contain_text("payment.pending")
    phone.get_by_label("M-PESA PIN").fill("1234")
    phone.get_by_role("button", name="OK").click()
    expect(dialog).to_contain_text("Payment successful! Finding you a technician...")
    expect(phone.get_by_role("log")).to_contain_text("Confirmed. Ksh500.00 sent to POKEA DEMO")
    *_, receipt = re.findall(r"(\w{10}) Confirmed. Ksh500.00", phone.get_by_role("log").inner_text())
    completed = tab.page.get_by_role("listitem").filter(has_text=receipt)
    expect(completed).to_contain_text("payment.completed")
    expect(completed).to_contain_text("KES 500")
    tab.shoot(ARTEFACTS / "pages" / f"demo-3-{theme}.png")
    dialog.get_by_role("button", name="Close").first.click()
    expect(shop.get_by_role("heading", level=1)).to_have_text("Finding you a technician")
    expect(shop.locator("article > dl")).to_contain_text("KES 500, paid, held until")
    tab.shoot(ARTEFACTS / "pages" / f"demo-4-{theme}.png")
    shop.get_by_role("button", name="Book another").click()
    expect(shop.get_by_role("heading", level=1)).to_have_text("Book a technician")


@pytest.mark.parametrize(("locale", "again"), [("en", "Book another"), ("sw-KE", "Agiza tena")])
def test_it_reads_whole(demo: World, open_tab: OpenTab, locale: str, again: str) -> None:
    """Before, during and after a booking axe finds no fault in the shop, and nothing is clipped: on any screen, light
    and dark, in both languages."""
    tab = open_tab(locale=locale, reduced_motion="reduce")
    Shop(demo, demo.service.url).visit(tab)
    found = tab.read_whole(ARTEFACTS / "pages", f"shop-form-{locale}")
    tab.page.locator("button.main").click()
    tab.phone.wait_for()
    tab.page.keyboard.press("Escape")
    found |= tab.read_whole(ARTEFACTS / "pages", f"shop-booked-{locale}")
    tab.page.locator("pokea-checkout button.o").first.click()
    tab.pay(demo.new_phone("pay"))
    tab.dialog.locator(".i.paid").wait_for()
    tab.page.keyboard.press("Escape")
    tab.page.get_by_role("button", name=again).wait_for()
    found |= tab.read_whole(ARTEFACTS / "pages", f"shop-paid-{locale}")
    assert found == {}


def test_the_shop_speaks_the_browsers_language(demo: World, open_tab: OpenTab) -> None:
    """The shop and its checkout speak Kiswahili to a browser that does, and the switch changes both, the bar and the
    phone, at once and for the next visit."""
    tab = open_tab(viewport=WIDE, locale="sw-KE")
    tab.page.goto(f"{demo.service.url}/demo")
    shop = tab.page.frame_locator("iframe.shop-frame")
    expect(shop.get_by_role("heading", level=1)).to_have_text("Agiza fundi")
    expect(tab.page.get_by_role("region", name="Matukio").get_by_role("heading")).to_have_text("Matukio")
    expect(shop.get_by_role("button", name="Agiza na ulipe")).to_be_in_viewport(ratio=1)
    shop.get_by_role("radio", name="Umeme").check()
    shop.get_by_role("button", name="Agiza na ulipe").click()
    expect(shop.get_by_role("dialog")).to_contain_text("Umeme mtaani Kilimani")
    expect(shop.get_by_role("dialog")).to_contain_text("Lipa KES 500")
    tab.page.keyboard.press("Escape")
    shop.get_by_role("button", name="English").click()
    expect(shop.get_by_role("heading", level=1)).to_have_text("One step left")
    expect(shop.get_by_role("button", name="Pay KES 500").first).to_be_visible()
    expect(tab.page.get_by_text("All phones, the faults and the wire")).to_be_visible()
    expect(tab.page.locator("html")).to_have_attribute("lang", "en")
    tab.page.reload()
    expect(shop.get_by_role("heading", level=1)).to_have_text("One step left")
    expect(tab.page).to_have_title("Book a technician · Pokea demo")


SMALL = {
    "en": ("The customer's phone", "Events", "The shop", "Book and pay", "Check your phone", "Payment successful!"),
    "sw": ("Simu ya mteja", "Matukio", "Duka", "Agiza na ulipe", "Angalia simu yako", "Malipo yamefanikiwa!"),
}


@pytest.mark.parametrize(("width", "locale"), [(320, "sw"), (768, "en")])
def test_the_demo_on_a_small_screen(demo: World, open_tab: OpenTab, width: int, locale: str) -> None:
    """Where there is no room for two, a bar changes between the shop, the phone and the events, and a payment needs
    the first two: in both languages nothing is clipped, and axe finds no fault."""
    to_phone, to_events, to_shop, book, waiting, paid = SMALL[locale]
    tab = open_tab(locale=locale, viewport={"width": width, "height": 640}, reduced_motion="reduce")
    tab.page.goto(f"{demo.service.url}/demo")
    shop = tab.page.frame_locator("iframe.shop-frame")
    shop.get_by_role("button", name=book).click()
    tab.page.wait_for_timeout(HOLD_MS)
    shop.get_by_role("dialog").locator("button[type=submit]").click()
    expect(shop.get_by_role("dialog")).to_contain_text(waiting)
    tab.shoot(ARTEFACTS / "pages" / f"demo-shop-{width}.png")
    found = tab.clipped() + tab.axe()
    tab.page.get_by_role("button", name=to_phone).click()
    phone = tab.page.frame_locator("iframe.beside")
    phone.locator("form.prompt input").first.fill("1234")
    tab.shoot(ARTEFACTS / "pages" / f"demo-phone-{width}.png")
    found += tab.clipped() + tab.axe()
    phone.get_by_role("button", name="OK").first.click()
    expect(phone.get_by_role("log").first).to_contain_text("Confirmed.")
    tab.page.get_by_role("button", name=to_events).click()
    expect(tab.page.get_by_role("listitem").filter(has_text="payment.completed").first).to_be_visible()
    tab.shoot(ARTEFACTS / "pages" / f"demo-events-{width}.png")
    found += tab.clipped() + tab.axe()
    tab.page.get_by_role("button", name=to_shop).click()
    expect(shop.get_by_role("dialog")).to_contain_text(paid)
    assert found == []


def test_an_idle_phone_is_as_high_as_a_busy_one(demo: World, open_tab: OpenTab) -> None:
    """Beside the shop the phone does not jump when the request comes."""
    tab = open_tab(viewport={"width": 390, "height": 800})
    tab.page.goto(f"{demo.simulator.url}/sim?view=phones&phone=0799123456")
    screen = tab.page.get_by_role("article", name="Phone 0799 123 456").locator(".screen")
    idle = screen.bounding_box()
    demo.push("254799123456")
    tab.page.get_by_role("article", name="Phone 0799 123 456").get_by_role("form").wait_for()
    busy = screen.bounding_box()
    assert idle
    assert busy
    assert idle["height"] == busy["height"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/nothing-here", "/docs/", "/api/v1/payments/mpesa/history"])
def test_an_address_that_a_person_opens(
    demo: World, open_tab: OpenTab, path: str, theme: Literal["light", "dark"]
) -> None:
    """A person who opens a wrong address, or one for programs, reads a page that says so and leads on."""
    tab = open_tab(viewport={"width": 320, "height": 640}, color_scheme=theme)
    # The page shows the request's id, which may be of the widest letters.
    tab.page.set_extra_http_headers({"X-Request-Id": "m" * 64})
    tab.page.goto(demo.service.url + path)
    expect(tab.page.get_by_role("heading", level=1)).to_be_visible()
    expect(tab.page.get_by_text("m" * 64)).to_be_visible()
    tab.shoot(ARTEFACTS / "pages" / f"person{path.replace('/', '-')}-{theme}.png")
    assert tab.clipped() == []
    # axe takes the bare canvas of a dark page for white.
    assert [fault for fault in tab.axe() if theme == "light" or "contrast" not in fault] == []
    tab.page.get_by_role("link", name="the reference").click()
    expect(tab.page).to_have_title(re.compile("Pokea"))


def test_the_root_leads_to_the_one_page_of_each_port(demo: World, tab: Tab) -> None:
    """The bare address of the demo opens the shop, and that of the simulator the phones."""
    tab.page.goto(demo.service.url)
    assert tab.page.url.endswith("/demo")
    tab.page.goto(demo.simulator.url)
    assert tab.page.url.endswith("/sim")


@pytest.mark.parametrize("path", ["/demo", "/demo?view=shop", "/sim"])
def test_the_policy(demo: World, path: str) -> None:
    """Every page forbids inline scripts and other origins, and names only files with a hash in their names."""
    url = (demo.simulator if path == "/sim" else demo.service).url + path
    answer = call("GET", url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "<style" not in answer.body
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", answer.body)
    files = re.findall(r'(?:src|href)="([^"]+)"', answer.body)
    assert [file for file in files if not re.search(r"-[\w-]{8}\.\w+$", file)] in ([], ["checkout.js"])


def test_a_booking_survives_a_reload(demo: World, tab: Tab) -> None:
    """The shop remembers its booking, and does not book twice."""
    shop = Shop(demo, demo.service.url)
    shop.open(tab)
    tab.page.keyboard.press("Escape")
    reference = tab.page.locator("dd").nth(1).text_content()
    shop.visit(tab)
    expect(tab.page.locator("dd").nth(1)).to_have_text(str(reference))


def test_the_script_is_kept_for_minutes_and_no_longer(demo: World) -> None:
    """A page view needs no round trip for the drop-in, and a release arrives within minutes."""
    answer = call("GET", f"{demo.service.url}/checkout.js")
    assert answer.headers["cache-control"] == "public, max-age=300, stale-while-revalidate=3600"
    again = call("GET", f"{demo.service.url}/checkout.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status == 304


def test_the_script_comes_in_the_shortest_form_that_is_taken(demo: World) -> None:
    """A browser that takes brotli gets it, which is shorter than gzip; one that takes neither gets the text."""
    answers = {}
    for accepted in ("br, gzip", "gzip, deflate", "identity"):
        with urlopen(Request(f"{demo.service.url}/checkout.js", headers={"Accept-Encoding": accepted})) as answer:
            answers[accepted] = (answer.headers["Content-Encoding"], answer.read())
            assert answer.headers["Vary"] == "Accept-Encoding"
    assert [coding for coding, _ in answers.values()] == ["br", "gzip", None]
    brotli, gzipped, plain = (content for _, content in answers.values())
    assert brotli == (HOUSE / "src/pokea/pages/checkout.js.br").read_bytes()
    assert gzip.decompress(gzipped) == plain
    assert len(brotli) < len(gzipped) < len(plain)
