"""Every page of the service below a path of a proxy that strips it: files, calls, links and redirects stay there."""

from playwright.sync_api import expect

from tests.system.browser.below_a_path import proxied
from tests.system.browser.conftest import OpenTab
from tests.system.browser.tab import HOLD_MS
from tests.system.service.world import World

PATH = "/money"


def test_the_demo_takes_a_payment(demo: World, open_tab: OpenTab) -> None:
    """The bare address leads to the shop, which books, and its checkout is paid there."""
    with proxied(demo.service.url, PATH) as origin:
        tab = open_tab(own=[origin])
        # The simulator lets its phone be shown by the demo's own origin, and by sites that are named with --site.
        tab.allowed = "Framing"
        tab.page.goto(f"{origin}{PATH}/")
        expect(tab.page).to_have_url(f"{origin}{PATH}/demo")
        expect(tab.page.get_by_role("link", name="The API")).to_have_attribute("href", "docs")
        tab.page.goto(f"{origin}{PATH}/demo?view=shop")
        tab.page.get_by_role("button", name="Book and pay").click()
        expect(tab.dialog).to_contain_text("KES 500")
        tab.pay(demo.new_phone("pay"))
        tab.sees("Payment successful!")


def test_a_link_is_opened_paid_and_read(served: World, open_tab: OpenTab) -> None:
    """The form, the redirect to the checkout, the receipt, the other language and the poster's code."""
    with proxied(served.service.url, PATH) as origin:
        tab = open_tab(own=[origin])
        answer = served.service.call("POST", "/links", {"title": "Deposit"}, scope="admin")
        link = f"{origin}{PATH}/pay/{answer.body['id']}"
        tab.page.goto(f"{link}/poster")
        expect(tab.page.locator("img")).to_have_js_property("complete", True)
        assert tab.page.locator("img").evaluate("image => image.naturalWidth") > 0
        tab.page.goto(link)
        tab.page.get_by_role("link", name="Kiswahili").click()
        tab.page.get_by_label("Unalipa kiasi gani?").fill("70")
        tab.page.get_by_role("button", name="Endelea kulipa").click()
        expect(tab.dialog).to_contain_text("KES 70")
        tab.pay(served.new_phone("pay"))
        tab.sees("Malipo yamefanikiwa!")
        tab.page.reload()
        expect(tab.page.get_by_role("heading", level=1)).to_have_text("Risiti · Imelipwa")
        assert tab.page.url.startswith(f"{origin}{PATH}/receipt/")


def test_the_phones_and_a_wrong_address(demo: World, open_tab: OpenTab) -> None:
    """The simulator's page hears what happens, and the page of a wrong address leads to the reference."""
    with proxied(demo.simulator.url, PATH) as origin:
        tab = open_tab(own=[origin])
        tab.page.goto(f"{origin}{PATH}/sim")
        expect(tab.page.get_by_role("status").first).to_have_text("live")
        phone = tab.page.get_by_role("article", name="Phone 0799 321 654")
        demo.push("254799321654")
        expect(phone.get_by_role("form")).to_be_visible()
        tab.page.wait_for_timeout(HOLD_MS)
    with proxied(demo.service.url, PATH) as origin:
        tab = open_tab(own=[origin])
        tab.page.goto(f"{origin}{PATH}/there/is/nothing")
        tab.page.get_by_role("link", name="the reference").click()
        expect(tab.page).to_have_url(f"{origin}{PATH}/docs")
        tab.page.locator(".opblock").first.wait_for()
