"""What a customer lives through, on the demo's shop and in the React example, against a real service and simulator."""

import re
import time

import pytest
from playwright.sync_api import Route, expect

from tests.system.browser.conftest import OpenTab
from tests.system.browser.storefronts import Storefront
from tests.system.browser.tab import HOLD_MS, Tab
from tests.system.service.running import eventually
from tests.system.service.world import World

pytestmark = pytest.mark.parametrize("storefront", ["shop", "react"], indirect=True)

PAID = "Payment successful! Finding you a technician..."
RECEIPT = re.compile(r"M.PESA receipt\s*[A-Z0-9]{10}")
WAITING = "Check your phone"


def begin(storefront: Storefront, tab: Tab, behaviour: str = "manual") -> str:
    """Book, and ask for the fee from a new phone, until the page says that the prompt is out. Returns the phone."""
    phone = storefront.world.new_phone(behaviour)
    storefront.open(tab)
    tab.pay(phone)
    return phone


def wait(storefront: Storefront, tab: Tab) -> str:
    """The same with a phone that waits for its owner."""
    phone = begin(storefront, tab)
    tab.sees(WAITING)
    return phone


def test_success(storefront: Storefront, world: World, tab: Tab) -> None:
    """The PIN is entered, and the page shows the guide's words, the receipt of the phone's message, and a way out."""
    phone = wait(storefront, tab)
    world.simulator.answer(phone, "pay")
    tab.sees(PAID)
    tab.sees(RECEIPT)
    (charge,) = [each for each in world.simulator.journal()["charges"] if each["msisdn"] == phone]
    tab.sees(charge["receipt"])
    expect(tab.step).to_have_text("Done")
    tab.step.click()
    expect(tab.dialog).to_be_hidden()


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("wrong_pin", "PESA did not accept the PIN"),
        ("insufficient", "There is not enough money"),
        ("cancel", "The request was cancelled on the phone"),
    ],
)
def test_a_refusal_of_the_phone(storefront: Storefront, world: World, tab: Tab, behaviour: str, words: str) -> None:
    """A wrong PIN, an empty account and a cancelled prompt are said in plain words, and another try pays."""
    phone = begin(storefront, tab, behaviour)
    tab.sees("Payment not made")
    tab.sees(words)
    world.simulator.subscriber(phone, "pay", balance=10_000)
    expect(tab.step).to_have_text("Try again")
    tab.step.click()
    tab.page.wait_for_timeout(HOLD_MS)
    tab.step.click()
    tab.sees(PAID)
    assert len([each for each in world.simulator.journal()["charges"] if each["msisdn"] == phone]) == 1


@pytest.mark.parametrize(("behaviour", "seconds"), [("manual", 60), ("ignore", 60), ("unreachable", 30)])
def test_a_phone_that_does_not_answer(
    storefront: Storefront, world: World, tab: Tab, behaviour: str, seconds: float
) -> None:
    """A prompt that nobody answers and a phone that is off are said to be so, with what to look at before a new try."""
    begin(storefront, tab, behaviour)
    tab.sees(WAITING)
    world.simulator.advance(seconds)
    tab.sees("The phone did not answer in time")
    expect(tab.step).to_have_text("Try again")


def test_a_lost_callback(storefront: Storefront, world: World, tab: Tab) -> None:
    """Where Daraja's word never comes, the page ends right by the question that is asked instead."""
    world.simulator.fault("callback_lost")
    phone = wait(storefront, tab)
    world.simulator.answer(phone, "pay")
    world.age(15, world.newest(phone))
    tab.sees(PAID)
    tab.sees("The number will follow.")


def test_a_success_after_an_apparent_failure(storefront: Storefront, world: World, tab: Tab) -> None:
    """A failure that M-PESA takes back turns into a success before the customer's eyes."""
    world.simulator.fault("callback_then_success", seconds=2)
    phone = begin(storefront, tab)
    tab.sees("Payment not made")
    world.simulator.answer(phone, "pay")
    tab.sees("confirms the payment after all, it will show here.")
    tab.sees(PAID)
    tab.sees(RECEIPT)


def test_many_clicks(storefront: Storefront, world: World, tab: Tab) -> None:
    """However often the button is clicked, one push goes out and one prompt is on the phone."""
    before = world.simulator.pushes()
    phone = world.new_phone()
    world.simulator.fault("slow", msisdn=phone, seconds=0.5)
    storefront.open(tab)
    tab.phone.fill(phone)
    tab.page.wait_for_timeout(HOLD_MS)
    tab.step.dblclick()
    tab.step.evaluate("button => { for (let click = 0; click < 5; click++) button.click(); }")
    tab.page.keyboard.press("Enter")
    tab.sees(WAITING)
    assert len(world.simulator.prompts(phone)) == 1
    assert world.simulator.pushes() - before == 1


def test_a_reload_in_the_middle(storefront: Storefront, world: World, tab: Tab) -> None:
    """A page that is loaded again while the prompt is out shows the same payment, and no second prompt is sent."""
    before = world.simulator.pushes()
    phone = wait(storefront, tab)
    storefront.visit(tab)
    tab.sees(WAITING)
    world.simulator.answer(phone, "pay")
    tab.sees(RECEIPT)
    assert world.simulator.pushes() - before == 1


def test_a_reload_before_the_answer(storefront: Storefront, world: World, tab: Tab) -> None:
    """A page that is loaded again before the push was answered asks for the same payment, and one prompt is sent."""
    before = world.simulator.pushes()
    phone = world.new_phone()
    world.simulator.fault("slow", msisdn=phone, seconds=1)
    storefront.open(tab)
    tab.pay(phone)
    eventually(lambda: world.simulator.pushes() > before, "the push is on its way")
    storefront.visit(tab)
    tab.sees(WAITING)
    assert len(world.simulator.prompts(phone)) == 1
    assert world.simulator.pushes() - before == 1


def test_a_push_whose_outcome_is_unknown(storefront: Storefront, world: World, tab: Tab) -> None:
    """Where Daraja's answer to the push is an error, the page says that it is checking, and offers no second try."""
    before = world.simulator.pushes()
    phone = world.new_phone()
    world.simulator.fault("push_500_after", msisdn=phone)
    storefront.open(tab)
    tab.pay(phone)
    tab.sees("Waiting for M‑PESA’s answer")
    tab.sees("do not pay again")
    expect(tab.step).to_have_count(0)
    world.simulator.answer(phone, "pay")
    tab.sees(RECEIPT)
    assert world.simulator.pushes() - before == 1


def test_a_lost_answer_to_the_page(storefront: Storefront, world: World, tab: Tab) -> None:
    """A push whose answer the network swallows is asked about under the same key: one prompt, and it is watched."""
    before = world.simulator.pushes()

    def swallow(route: Route) -> None:
        route.fetch()
        route.abort()

    tab.page.route("**/stkpush", swallow, times=1)
    wait(storefront, tab)
    assert world.simulator.pushes() - before == 1


def test_offline_and_back(storefront: Storefront, world: World, tab: Tab) -> None:
    """A lost network is said, never taken for a failure, and what happened meanwhile shows when it is back."""
    phone = wait(storefront, tab)
    tab.page.context.set_offline(True)
    tab.sees("No connection. We continue as soon as it is back.")
    tab.says_no("Payment not made")
    world.simulator.answer(phone, "pay")
    tab.page.context.set_offline(False)
    tab.sees(PAID)
    tab.says_no("No connection")


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wrong_clock(storefront: Storefront, world: World, tab: Tab, hours: int) -> None:
    """On a device whose clock is wrong the countdown is right: the service's own time counts."""
    tab.page.clock.install(time=time.time() + hours * 3600)
    phone = wait(storefront, tab)
    expect(tab.dialog.get_by_role("timer")).to_have_text(re.compile("5.|60"))
    world.simulator.answer(phone, "pay")
    tab.sees(RECEIPT)


@pytest.mark.parametrize("blocked", ["cut", "held"])
def test_a_blocked_stream(storefront: Storefront, world: World, tab: Tab, blocked: str) -> None:
    """Where a network cuts the stream of events, or holds it back, the page asks every two seconds, and ends right."""
    asked: list[str] = []
    tab.page.route("**/events", lambda route: route.abort() if blocked == "cut" else None)
    phone = wait(storefront, tab)
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.page.wait_for_timeout(4_500)
    assert 2 <= len([url for url in asked if re.search(r"/status/\w+$", url)]) <= 4
    world.simulator.answer(phone, "pay")
    tab.sees(RECEIPT)


def test_a_fee_that_is_paid_already(storefront: Storefront, world: World, tab: Tab, open_tab: OpenTab) -> None:
    """Who asks to pay a fee that was paid in another tab is told that it is paid, and no prompt is sent."""
    phone = wait(storefront, tab)
    other = open_tab(tab.page.context)
    storefront.share(tab, other)
    world.simulator.answer(phone, "pay")
    tab.sees(PAID)
    before = world.simulator.pushes()
    other.pay(world.new_phone())
    other.sees(re.compile("This fee is already paid|Payment successful"))
    assert world.simulator.pushes() == before


def test_a_payment_in_another_tab(storefront: Storefront, world: World, tab: Tab, open_tab: OpenTab) -> None:
    """A second tab that asks for the same fee shows the payment that is under way, and both end with it."""
    phone = wait(storefront, tab)
    other = open_tab(tab.page.context)
    storefront.share(tab, other)
    before = world.simulator.pushes()
    other.pay(phone)
    other.sees(WAITING)
    world.simulator.answer(phone, "pay")
    tab.sees(RECEIPT)
    other.sees(RECEIPT)
    assert world.simulator.pushes() == before
