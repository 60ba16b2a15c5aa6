"""The phone page: the SIM toolkit's prompt, the PIN, the message, several phones, the faults and the wire."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Route, expect

from pokea.simulator import SimulatorOptions
from tests.simulator.money_out import b2c
from tests.simulator.running import Daraja, Receiver
from tests.system.browser.conftest import ARTEFACTS, OpenTab
from tests.system.browser.tab import Tab
from tests.system.service.world import Pushed, World

CONFIRMED = re.compile(
    r"^[A-Z0-9]{10} Confirmed\. Ksh500\.00 sent to POKEA DEMO for account \S+ on \d{1,2}/\d{1,2}/\d\d at "
    r"\d{1,2}:\d\d [AP]M New M-PESA balance is Ksh9,500\.00\. Transaction cost, Ksh0\.00\."
    r"Amount you can transact within the day is 499,500\.00\. "
    r"Save frequent paybills for quick payment on M-PESA app https://bit\.ly/mpesalnk$"
)
"""A paybill's message, to the space (M-PESA texts: SMS to the payer)."""
SHORT_OF_MONEY = (
    "Failed. You do not have enough money in your M-PESA account to pay Ksh500.00 to POKEA DEMO. "
    "Your M-PESA balance is Ksh0.00.  Dial *334# to register for the M-PESA overdraw Services Fuliza."
)
"""`texts: failure SMS`, with its two spaces."""


class PhonePage:
    """`/sim`, and what is on it."""

    def __init__(self, tab: Tab, world: World) -> None:
        self.tab = tab
        self.page = tab.page
        self.world = world
        tab.page.goto(f"{world.simulator.url}/sim")
        expect(tab.page.get_by_role("status").first).to_have_text("live")

    def phone(self, msisdn: str) -> Locator:
        """The phone with this number."""
        written = re.sub(r"^254(\d{3})(\d{3})(\d{3})$", r"0\1 \2 \3", msisdn)
        return self.page.get_by_role("article", name=f"Phone {written}")

    def asked(self) -> tuple[Pushed, Locator]:
        """A payment, and the phone on which its prompt has appeared."""
        pushed = self.world.push()
        phone = self.phone(pushed.phone)
        phone.get_by_role("form").wait_for()
        return pushed, phone

    def switch(self, group: str, title: str) -> Locator:
        """One fault of a group."""
        return self.page.get_by_role("group", name=group, exact=True).get_by_role("checkbox", name=title)

    def message(self, phone: Locator) -> Locator:
        """The newest message on a phone."""
        return phone.get_by_role("log").locator("li p").first


@pytest.fixture
def sim(tab: Tab, demo: World) -> Iterator[PhonePage]:
    """The phone page of the demo, without the faults of other tests."""
    yield PhonePage(tab, demo)
    demo.simulator.api("DELETE", "/faults")


def texts(found: Locator) -> str:
    """The text as it stands in the page, every space kept."""
    return found.text_content() or ""


def test_the_prompt_is_the_sim_toolkits(sim: PhonePage) -> None:
    """Title, M-PESA's words, a hidden field for four digits with Android's hint, a keypad, and two ways out."""
    pushed, phone = sim.asked()
    expect(phone.get_by_role("heading", name="SIM Toolkit")).to_be_visible()
    reference = sim.world.simulator.prompt(pushed.phone)["accountReference"]
    words = f"Do you want to pay Kshs. 500 to POKEA DEMO Account no. {reference}?\nEnter M-PESA PIN:"
    assert texts(phone.locator(".prompt-text")) == words
    field = phone.get_by_label("M-PESA PIN")
    expect(field).to_have_attribute("type", "password")
    expect(field).to_be_focused()
    expect(phone.locator(".prompt-hint")).to_have_text(re.compile(r"Digits \(0-9, \*, #, \+\)\s*4"))
    expect(phone.get_by_role("button", name="OK")).to_be_visible()
    expect(phone.get_by_role("button", name="Cancel")).to_be_visible()
    expect(phone.locator(".pad button")).to_have_count(11)


def test_the_pin_pays_and_the_message_comes(sim: PhonePage) -> None:
    """The PIN, typed on the keypad, pays: M-PESA's message comes to the character, and the balance is less."""
    pushed, phone = sim.asked()
    for digit in "91":
        phone.get_by_role("button", name=digit, exact=True).click()
    phone.get_by_role("button", name="Delete").click()
    phone.get_by_role("button", name="Delete").click()
    for digit in "1234":
        phone.get_by_role("button", name=digit, exact=True).click()
    phone.get_by_role("button", name="OK").click()
    message = sim.message(phone)
    expect(message).to_contain_text("Confirmed.")
    assert CONFIRMED.match(texts(message)), texts(message)
    row = sim.world.service.until(pushed.id, "completed")
    assert texts(message).startswith(row["mpesaReceiptNumber"])
    expect(phone.get_by_role("heading", name="Ksh9,500.00")).to_be_visible()


def test_a_short_pin_is_not_sent(sim: PhonePage) -> None:
    """Three digits send nothing, and the phone says what is missing; letters do not get in."""
    pushed, phone = sim.asked()
    phone.get_by_label("M-PESA PIN").press_sequentially("12a3")
    phone.get_by_role("button", name="OK").click()
    expect(phone.get_by_text("The PIN has four digits.")).to_be_visible()
    expect(phone.get_by_label("M-PESA PIN")).to_have_value("123")
    assert sim.world.service.status(pushed.id)["status"] == "pending"


def test_a_wrong_pin(sim: PhonePage) -> None:
    """A wrong PIN ends the payment so, and the phone's message says that its wording is the simulator's."""
    pushed, phone = sim.asked()
    phone.get_by_label("M-PESA PIN").fill("9999")
    phone.get_by_label("M-PESA PIN").press("Enter")
    expect(sim.message(phone)).to_contain_text("Wording of the simulator, not of M-PESA")
    assert sim.world.service.until(pushed.id, "failed")["failure"]["reason"] == "wrong_pin"


def test_cancelling(sim: PhonePage) -> None:
    """Cancel takes the prompt away, and the payment ends as cancelled; no message comes."""
    pushed, phone = sim.asked()
    phone.get_by_role("button", name="Cancel").click()
    expect(phone.get_by_role("form")).to_be_hidden()
    assert sim.world.service.until(pushed.id, "failed")["failure"]["reason"] == "cancelled"
    expect(phone.get_by_text("No messages yet.")).to_be_visible()


def test_ignoring(sim: PhonePage) -> None:
    """A phone that is put away can be taken up again; when the minute is over, the prompt ends by itself."""
    pushed, phone = sim.asked()
    phone.get_by_role("button", name="Ignore it").click()
    expect(phone.get_by_role("form")).to_be_hidden()
    phone.get_by_role("button", name="Look at the request").click()
    expect(phone.get_by_role("form")).to_be_visible()
    phone.get_by_role("button", name="Ignore it").click()
    sim.page.get_by_role("button", name="Let a minute pass").click()
    expect(phone.get_by_role("button", name="Look at the request")).to_be_hidden()
    assert sim.world.service.until(pushed.id, "failed")["failure"]["reason"] == "no_response"


def test_running_out_of_money(sim: PhonePage) -> None:
    """An emptied phone says so, and the right PIN then brings M-PESA's words for too little money."""
    pushed, phone = sim.asked()
    phone.get_by_role("button", name="Empty it").click()
    expect(phone.get_by_role("heading", name="Ksh0.00")).to_be_visible()
    phone.get_by_label("M-PESA PIN").fill("1234")
    phone.get_by_role("button", name="OK").click()
    expect(sim.message(phone)).to_contain_text("Failed.")
    assert texts(sim.message(phone)) == SHORT_OF_MONEY
    assert sim.world.service.until(pushed.id, "failed")["failure"]["reason"] == "insufficient_funds"
    phone.get_by_role("button", name="Add Ksh1,000").click()
    expect(phone.get_by_role("heading", name="Ksh1,000.00")).to_be_visible()


def test_a_phone_acts_by_itself(sim: PhonePage) -> None:
    """An owner who pays at once needs no hand on the phone."""
    phone_number = sim.world.new_phone()
    phone = sim.phone(phone_number)
    with sim.page.expect_response("**/sim/api/subscribers"):
        phone.get_by_label("The owner").select_option("pays at once")
    pushed = sim.world.push(phone_number)
    sim.world.service.until(pushed.id, "completed")
    expect(sim.message(phone)).to_contain_text("Confirmed.")


def test_several_phones(sim: PhonePage) -> None:
    """Phones stand side by side, each with its own prompt, and the one that is asked comes first."""
    first, one = sim.asked()
    second, other = sim.asked()
    expect(one.get_by_role("form")).to_be_visible()
    first_shown = sim.page.get_by_role("article").first
    expect(first_shown).to_have_attribute("aria-label", str(other.get_attribute("aria-label")))
    one.get_by_label("M-PESA PIN").fill("1234")
    one.get_by_role("button", name="OK").click()
    expect(sim.message(one)).to_contain_text("Confirmed.")
    expect(other.get_by_role("form")).to_be_visible()
    assert sim.world.service.status(second.id)["status"] == "pending"
    assert sim.world.service.until(first.id, "completed")


def test_another_phone_is_added(sim: PhonePage) -> None:
    """A number as one writes it makes a phone; what is no number is said to be none."""
    sim.page.get_by_role("textbox", name="Another phone").fill("07")
    sim.page.get_by_role("button", name="Add", exact=True).click()
    expect(sim.page.locator("form.new .problem")).not_to_be_empty()
    sim.page.get_by_role("textbox", name="Another phone").fill("0733 000 111")
    sim.page.get_by_role("button", name="Add", exact=True).click()
    expect(sim.phone("254733000111")).to_be_visible()


def test_a_crowd_of_phones(sim: PhonePage) -> None:
    """Of many phones the dozen that matter is shown, and any other comes when its number is entered."""
    numbers = [sim.world.new_phone() for _ in range(14)]
    expect(sim.page.get_by_role("article")).to_have_count(12)
    expect(sim.page.get_by_text("more phones are not shown")).to_be_visible()
    expect(sim.phone(numbers[-1])).to_be_visible()
    expect(sim.phone(numbers[0])).to_have_count(0)
    sim.page.get_by_role("textbox", name="Another phone").fill(numbers[0])
    sim.page.get_by_role("button", name="Add", exact=True).click()
    expect(sim.phone(numbers[0])).to_be_visible()


def test_faults_are_switched(sim: PhonePage) -> None:
    """A switch puts a fault in force and takes that one out again, and shows what was set elsewhere."""
    lost = sim.switch("Callback", "Lost")
    lost.check()
    expect(lost).to_be_checked()
    pushed, phone = sim.asked()
    phone.get_by_label("M-PESA PIN").fill("1234")
    phone.get_by_role("button", name="OK").click()
    expect(sim.message(phone)).to_contain_text("Confirmed.")
    expect(sim.page.get_by_role("region", name="The wire")).to_contain_text("callback_lost")
    assert sim.world.service.status(pushed.id)["status"] == "pending"
    sim.world.simulator.fault("callback_late", seconds=1)
    expect(sim.switch("Callback", "Late")).to_be_checked()
    _, late = sim.world.simulator.api("GET", "/faults")["faults"]
    lost.uncheck()
    expect(lost).not_to_be_checked()
    assert sim.world.simulator.api("GET", "/faults")["faults"] == [late]
    sim.page.get_by_role("button", name="Switch all off").click()
    expect(sim.switch("Callback", "Late")).not_to_be_checked()


def test_an_answer_that_is_older_than_an_event_does_not_last(sim: PhonePage) -> None:
    """A fault that is set while the page reads the faults is shown all the same."""

    def overtaken(route: Route) -> None:
        answer = route.fetch()
        sim.world.simulator.fault("callback_late")
        sim.page.wait_for_timeout(300)
        route.fulfill(response=answer)

    sim.page.route("**/sim/api/faults", overtaken, times=1)
    sim.world.new_phone()
    sim.page.wait_for_timeout(1_000)
    expect(sim.switch("Callback", "Late")).to_be_checked()


def test_the_wire(sim: PhonePage) -> None:
    """Requests, answers and callbacks appear as they happen, with their bodies and without a secret."""
    clear = sim.page.get_by_role("button", name="Clear")
    if clear.is_enabled():
        clear.click()
    wire = sim.page.get_by_role("region", name="The wire")
    _, phone = sim.asked()
    expect(wire).to_contain_text("POST /mpesa/stkpush/v1/processrequest")
    expect(wire).to_contain_text("answer to /mpesa/stkpush/v1/processrequest")
    phone.get_by_label("M-PESA PIN").fill("1234")
    phone.get_by_role("button", name="OK").click()
    expect(wire).to_contain_text("callback answered")
    request = wire.locator("details", has_text="POST /mpesa/stkpush/v1")
    request.locator("summary").click()
    body = texts(request.locator("pre"))
    assert '"Password": "****"' in body
    assert '"TransactionType": "CustomerPayBillOnline"' in body
    assert not re.search(r"callback/[0-9a-f]{48}", texts(wire))
    callback = wire.locator("details", has_text=re.compile("callback http"))
    callback.locator("summary").click()
    expect(callback.locator("pre")).to_contain_text('"ResultCode": 0')


def paid_out(world: World, phone: str, amount: int) -> None:
    """A payout by B2C, whose Result finds no server."""
    daraja = Daraja(world.simulator.url, Receiver("http://127.0.0.1:9/callbacks/one"), SimulatorOptions(), print)
    assert b2c(daraja, PartyB=phone, Amount=amount, OriginatorConversationID=str(uuid4())).status == 200


def test_money_goes_out(sim: PhonePage) -> None:
    """The accounts stand on the page; a payout and a reversal are listed, the phone shows their messages, and the wire
    has the Result."""
    region = sim.page.get_by_role("region", name="The organisation’s money")
    sim.world.simulator.api("POST", "/accounts", {"utility": 0})
    expect(region).to_contain_text("UtilityKsh0.00")
    expect(region.get_by_role("button", name="Sweep to the bank")).to_be_disabled()
    region.get_by_role("button", name="Add Ksh10,000").click()
    expect(region).to_contain_text("UtilityKsh10,000.00")
    msisdn = sim.world.new_phone()
    phone = sim.phone(msisdn)
    paid_out(sim.world, msisdn, 1500)
    expect(sim.message(phone)).to_contain_text("You have received Ksh1,500.00 from POKEA DEMO")
    expect(phone.get_by_role("heading", name="Ksh11,500.00")).to_be_visible()
    expect(region).to_contain_text("UtilityKsh8,500.00")
    newest = region.get_by_role("listitem").first
    expect(newest).to_contain_text(re.compile(r"Ksh1,500\.00 to 0\d{3}\s\d{3}\s\d{3}"))
    expect(sim.page.get_by_role("region", name="The wire")).to_contain_text("Result http")
    pushed, payer = sim.asked()
    payer.get_by_label("M-PESA PIN").fill("1234")
    payer.get_by_role("button", name="OK").click()
    receipt = sim.world.service.until(pushed.id, "completed")["mpesaReceiptNumber"]
    sim.world.simulator.api("POST", "/reversals", {"receipt": receipt})
    expect(newest).to_contain_text(f"Ksh500.00 back, of {receipt}")
    region.get_by_role("button", name="Sweep to the bank").click()
    expect(newest).to_contain_text("Ksh8,500.00 from utility to the bank")
    expect(region).to_contain_text("UtilityKsh0.00")


@pytest.mark.parametrize(
    ("locale", "wire", "answered"),
    [("en", "The wire", "callback answered"), ("sw-KE", "Mawasiliano", "callback imejibiwa")],
)
def test_it_reads_whole(demo: World, open_tab: OpenTab, locale: str, wire: str, answered: str) -> None:
    """With a prompt, messages, a fault, the wire, the accounts and a payout it is without fault for axe, and nothing is
    clipped: on any screen, light and dark, in both languages."""
    tab = open_tab(locale=locale, reduced_motion="reduce")
    tab.page.goto(f"{demo.simulator.url}/sim")
    demo.simulator.api("POST", "/accounts", {"utility": 250_000, "charges": -1_980})
    paid_out(demo, demo.new_phone(), 1500)
    paid, asked = demo.new_phone("pay"), demo.new_phone()
    demo.service.until(demo.push(paid).id, "completed")
    demo.push(asked)
    tab.page.locator("form.prompt").first.wait_for()
    demo.simulator.fault("callback_twice")
    expect(tab.page.get_by_role("region", name=wire)).to_contain_text(answered)
    expect(tab.page.locator(".accounts")).to_contain_text("UtilityKsh249,000.00")
    found = tab.read_whole(ARTEFACTS / "pages", f"phone-{locale}")
    demo.simulator.api("DELETE", "/faults")
    assert found == {}


def test_the_page_speaks_the_browsers_language(demo: World, open_tab: OpenTab) -> None:
    """Around the phones it speaks Kiswahili to a browser that does, also in what it refuses and on the wire, and the
    switch changes it for this and the next visit; what stands on a phone's screen and the bodies and codes on the wire
    stay as M-PESA, Android and Daraja write them."""
    tab = open_tab(locale="sw-KE")
    tab.page.goto(f"{demo.simulator.url}/sim")
    expect(tab.page.get_by_role("status").first).to_have_text("imeunganishwa")
    phone = demo.new_phone()
    demo.simulator.fault("callback_lost", msisdn=phone)
    demo.push(phone)
    screen = tab.page.get_by_role("article", name=f"Simu 0{phone[3:6]} {phone[6:9]} {phone[9:]}")
    expect(screen.locator(".prompt-text")).to_contain_text("Do you want to pay Kshs. 500")
    expect(screen.get_by_label("PIN ya M-PESA")).to_be_visible()
    expect(tab.page.get_by_role("checkbox", name="Imepotea Matokeo hayatumwi kamwe.")).to_be_visible()
    tab.page.get_by_role("textbox", name="Simu nyingine").fill("07")
    tab.page.get_by_role("button", name="Ongeza", exact=True).click()
    expect(tab.page.locator("form.new .problem")).to_have_text("Weka nambari ya simu ya Kenya, kama 0712 345 678.")
    tab.page.route("**/answer", lambda route: route.fulfill(status=409, json={"code": "prompt_ended"}), times=1)
    screen.get_by_role("button", name="Cancel").click()
    expect(screen.locator(".prompt-problem")).to_have_text("Ombi limeisha tayari.")
    screen.get_by_role("button", name="Cancel").click()
    wire = tab.page.locator("section.wire")
    expect(wire).to_contain_text("hitilafu: Callback, Imepotea")
    expect(wire).to_contain_text("jibu la /mpesa/stkpush/v1/processrequest")
    expect(wire.locator("details", has_text="POST /mpesa/stkpush/v1").first.locator("pre")).to_contain_text(phone)
    tab.page.get_by_role("button", name="English").click()
    expect(wire).to_contain_text("fault: Callback, Lost")
    demo.simulator.api("DELETE", "/faults")
    expect(tab.page.get_by_role("status").first).to_have_text("live")
    tab.page.reload()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Phones")
    tab.page.goto(f"{demo.simulator.url}/sim?lang=sw")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Simu")
    expect(tab.page).to_have_title("Simu · Kiigaji cha Pokea")
