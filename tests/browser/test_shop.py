"""The demo's shop, with the phone beside it: what a newcomer sees within a minute of cloning."""

import re
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ARTEFACTS, OpenTab
from tests.browser.storefronts import Shop
from tests.browser.tab import HOLD_MS, Tab
from tests.service.running import call
from tests.service.world import World

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
    tab.shoot(ARTEFACTS / "pages" / f"demo-1-{theme}.png")
    shop.get_by_role("radio", name="Electrical").check()
    shop.get_by_label("Where?").select_option("Nyali")
    shop.get_by_role("button", name="Book and pay").click()
    dialog = shop.get_by_role("dialog", name="Pay with M-PESA")
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
    phone.get_by_label("M-PESA PIN").fill("1234")
    phone.get_by_role("button", name="OK").click()
    expect(dialog).to_contain_text("Payment successful! Finding you a technician...")
    expect(phone.get_by_role("log")).to_contain_text("Confirmed. Ksh500.00 sent to POKEA DEMO")
    tab.shoot(ARTEFACTS / "pages" / f"demo-3-{theme}.png")
    dialog.get_by_role("button", name="Close").first.click()
    expect(shop.get_by_role("heading", level=1)).to_have_text("Finding you a technician")
    expect(shop.locator("dl")).to_contain_text("KES 500, held")
    tab.shoot(ARTEFACTS / "pages" / f"demo-4-{theme}.png")
    shop.get_by_role("button", name="Book another").click()
    expect(shop.get_by_role("heading", level=1)).to_have_text("Book a technician")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 640, 1280])
def test_it_reads_whole(demo: World, open_tab: OpenTab, theme: Literal["light", "dark"], width: int) -> None:
    """Before, during and after a booking the shop has no fault for axe, and nothing is clipped."""
    tab = open_tab(viewport={"width": width, "height": 640}, color_scheme=theme, reduced_motion="reduce")
    shop = Shop(demo, demo.service.url)
    shop.visit(tab)
    found = look(tab, f"shop-form-{width}-{theme}")
    shop.book(tab)
    tab.phone.wait_for()
    tab.page.keyboard.press("Escape")
    found += look(tab, f"shop-booked-{width}-{theme}")
    shop.reopen(tab)
    tab.pay(demo.new_phone("pay"))
    tab.sees("Payment successful!")
    tab.page.keyboard.press("Escape")
    tab.page.get_by_role("button", name="Book another").wait_for()
    found += look(tab, f"shop-paid-{width}-{theme}")
    assert found == []


def look(tab: Tab, name: str) -> list[str]:
    """Keep a picture, and say what is wrong with it."""
    tab.shoot(ARTEFACTS / "pages" / f"{name}.png", full_page=True)
    return tab.axe() + tab.clipped()


def test_the_demo_on_a_small_screen(demo: World, open_tab: OpenTab) -> None:
    """Where there is no room for two, the shop has the screen, and the phone is one link away."""
    tab = open_tab(viewport={"width": 320, "height": 640})
    tab.page.goto(f"{demo.service.url}/demo")
    tab.page.frame_locator("iframe[title='The shop']").get_by_role("button", name="Book and pay").wait_for()
    expect(tab.page.locator("iframe").nth(1)).to_be_hidden()
    tab.shoot(ARTEFACTS / "pages" / "demo-320.png")
    assert tab.clipped() == []
    assert tab.axe() == []
    with tab.page.context.expect_page() as opened:
        tab.page.get_by_role("link", name="Open the phone").click()
    opened.value.get_by_role("heading", name="The wire").wait_for()


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
    assert [file for file in files if not re.search(r"-[\w-]{8}\.\w+$", file)] in ([], ["/checkout.js"])


def test_a_booking_survives_a_reload(demo: World, tab: Tab) -> None:
    """The shop remembers its booking, and does not book twice."""
    shop = Shop(demo, demo.service.url)
    shop.open(tab)
    tab.page.keyboard.press("Escape")
    reference = tab.page.locator("dd").nth(1).text_content()
    shop.visit(tab)
    expect(tab.page.locator("dd").nth(1)).to_have_text(str(reference))
