"""How to bring the checkout into each state that a customer can see, on the plain page and against the real service."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from playwright.sync_api import expect

from tests.system.browser.storefronts import Storefront
from tests.system.browser.tab import Tab
from tests.system.service.running import eventually
from tests.system.service.world import World, callback_name, failure, next_receipt, success

PROMPTS_A_PHONE: Final = 5
"""The limit that the service of these pages has (`conftest.served`)."""
LOCKED_SECONDS: Final = 200
"""More than the time for which a booking is locked (law: time)."""


class Scene:
    """A tab on a page, and a phone that waits for its owner."""

    def __init__(self, storefront: Storefront, tab: Tab) -> None:
        self.storefront = storefront
        self.world: World = storefront.world
        self.tab = tab
        self.phone = self.world.new_phone()

    def fault(self, kind: str, **rest: Any) -> None:
        """Switch a fault on for this phone."""
        self.world.simulator.fault(kind, msisdn=self.phone, **rest)

    def open(self) -> None:
        """A new booking, and the open checkout."""
        self.storefront.open(self.tab)

    def pay(self) -> None:
        """The same, and the push."""
        self.open()
        self.tab.pay(self.phone)

    def wait(self) -> str:
        """The same, and the prompt is out. Returns the payment's id."""
        self.pay()
        self.tab.dialog.get_by_role("timer").wait_for()
        return self.payment()

    def payment(self) -> str:
        """The id of this phone's payment."""
        return self.world.newest(self.phone)

    def tell(self, payment: str, code: int, amount: int = 500) -> None:
        """Let the payment's own callback say this."""
        checkout = self.world.row(payment).request_id
        body = success(checkout, amount, next_receipt()) if code == 0 else failure(checkout, code)
        token = callback_name(payment)
        assert self.world.post_callback(body, token).status == 200

    def sign(self, phase: str) -> None:
        """Wait for the sign of a phase."""
        self.tab.dialog.locator(f".i.{phase}").wait_for()

    def advice(self) -> None:
        """Wait for the red words under the field."""
        self.tab.dialog.locator("[role=status] .e").wait_for()


Bring: TypeAlias = Callable[[Scene], None]


def _typed(scene: Scene) -> None:
    scene.open()
    scene.tab.phone.fill(f"+254 {scene.phone[3:6]} {scene.phone[6:]}")


def _wrong(scene: Scene) -> None:
    scene.open()
    scene.tab.phone.fill("612")
    scene.advice()


def _sending(scene: Scene) -> None:
    scene.fault("slow", seconds=30)
    scene.pay()


def _unanswered(scene: Scene) -> None:
    scene.tab.page.route("**/stkpush", lambda route: route.abort())
    scene.pay()
    expect(scene.tab.dialog.locator("[role=status]")).to_contain_text("asking again")


def _silence(scene: Scene) -> None:
    """Only where the page's clock can be moved."""
    _unanswered(scene)
    for _ in range(8):
        scene.tab.page.clock.run_for(8_000)
        scene.tab.page.wait_for_timeout(50)
    scene.advice()


def _loading(scene: Scene) -> None:
    scene.wait()
    page = scene.tab.page
    page.route("**/status/**", lambda _held: None)
    element = page.locator("pokea-checkout")
    element.evaluate("element => { element.close(); document.querySelector('main').append(element); }")
    element.evaluate("element => element.show()")
    scene.sign("loading")


def _offline(scene: Scene) -> None:
    scene.wait()
    scene.tab.page.context.set_offline(True)
    scene.tab.dialog.locator("[role=status] .e").wait_for()


def _checking(scene: Scene) -> None:
    scene.fault("push_500_after")
    scene.pay()
    scene.sign("checking")


def _review(scene: Scene) -> None:
    scene.world.simulator.fault("query_pending")
    scene.tell(scene.wait(), 0, amount=501)
    expect(scene.tab.dialog.locator("h3")).to_contain_text("not confirmed")


def _review_paid(scene: Scene) -> None:
    scene.fault("callback_amount")
    payment = scene.wait()
    scene.world.simulator.answer(scene.phone, "pay")
    expect(scene.tab.dialog.locator("h3")).to_contain_text("not confirmed")
    scene.world.age(61, payment)
    scene.tab.step.filter(has_text="Close").wait_for()


def _failed(code: int) -> Bring:
    def bring(scene: Scene) -> None:
        scene.tell(scene.wait(), code)
        scene.sign("failed")

    return bring


def _held(scene: Scene) -> None:
    scene.fault("callback_lost")
    payment = scene.wait()
    scene.world.simulator.answer(scene.phone, "cancel")
    for answers in (1, 2):
        scene.world.age(20, payment)
        eventually(lambda answers=answers: scene.world.answers(payment) >= answers, "Daraja was asked")  # type: ignore[misc]  # a default binds it now
    scene.sign("failed")


def _no_answer(scene: Scene) -> None:
    _checking(scene)
    scene.world.age(LOCKED_SECONDS, scene.payment())
    scene.sign("failed")


def _paid(scene: Scene) -> None:
    scene.wait()
    scene.world.simulator.answer(scene.phone, "pay")
    scene.sign("paid")


def _paid_no_receipt(scene: Scene) -> None:
    scene.fault("callback_lost")
    payment = scene.wait()
    scene.world.simulator.answer(scene.phone, "pay")
    scene.world.age(15, payment)
    scene.sign("paid")


def _already_paid(scene: Scene) -> None:
    booking = _paid_elsewhere(scene)
    scene.tab.pay(scene.phone)
    scene.sign("paid")
    assert scene.world.is_held(booking)


def _paid_elsewhere(scene: Scene) -> str:
    """The open checkout of a booking whose fee somebody else has paid meanwhile."""
    scene.open()
    booking = str(scene.tab.page.locator("pokea-checkout").get_attribute("booking-id"))
    pushed = scene.world.push_again(scene.world.service.booking(booking), scene.world.new_phone("pay"))
    scene.world.service.until(pushed.id, "completed")
    return booking


def _paid_twice(scene: Scene) -> None:
    scene.open()
    booking = str(scene.tab.page.locator("pokea-checkout").get_attribute("booking-id"))
    first = scene.world.push_again(scene.world.service.booking(booking))
    scene.world.age(LOCKED_SECONDS, first.id)
    scene.tab.pay(scene.phone)
    scene.tab.dialog.get_by_role("timer").wait_for()
    scene.world.tell(first, success(first.checkout, 500, next_receipt()))
    scene.world.service.until(first.id, "completed")
    scene.world.simulator.answer(scene.phone, "pay")
    scene.sign("paid")


def _extra(scene: Scene) -> None:
    payment = scene.wait()
    scene.tell(payment, 1037)
    scene.sign("failed")
    scene.tab.step.click()
    scene.phone = scene.world.new_phone()
    scene.fault("slow", seconds=1.5)
    before = scene.world.simulator.pushes()
    scene.tab.pay(scene.phone)
    eventually(lambda: scene.world.simulator.pushes() > before, "the second push is on its way")
    scene.tell(payment, 0)
    scene.tab.sees("cancel it")


def _refused(kind: str) -> Bring:
    def bring(scene: Scene) -> None:
        scene.fault(kind)
        scene.pay()
        scene.sign("failed")

    return bring


def _too_many(scene: Scene) -> None:
    scene.world.simulator.subscriber(scene.phone, "cancel", delaySeconds=0)
    for _ in range(PROMPTS_A_PHONE):
        pushed = scene.world.push(scene.phone)
        scene.world.service.until(pushed.id, "failed")
    scene.pay()
    scene.advice()


def _signed_out(scene: Scene) -> None:
    scene.tab.allowed = "pokea-checkout:"
    scene.open()
    scene.tab.page.locator("pokea-checkout").evaluate("element => { element.getToken = () => 'over'; }")
    scene.tab.pay(scene.phone)
    scene.advice()


STATES: Final[dict[str, Bring]] = {
    "form": Scene.open,
    "typed": _typed,
    "wrong-number": _wrong,
    "sending": _sending,
    "unanswered": _unanswered,
    "silence": _silence,
    "loading": _loading,
    "waiting": Scene.wait,  # type: ignore[dict-item]  # what it returns is of no use here
    "offline": _offline,
    "checking": _checking,
    "review": _review,
    "review-paid": _review_paid,
    "insufficient": _failed(1),
    "daily-limit": _failed(4),
    "expired": _failed(1019),
    "prompt-not-sent": _failed(1025),
    "cancelled": _failed(1032),
    "no-response": _failed(1037),
    "wrong-pin": _failed(2001),
    "merchant-setup": _failed(2028),
    "pin-locked": _failed(8006),
    "held": _held,
    "no-answer": _no_answer,
    "paid": _paid,
    "paid-no-receipt": _paid_no_receipt,
    "already-paid": _already_paid,
    "paid-twice": _paid_twice,
    "extra-prompt": _extra,
    "mpesa-down": _refused("spike_arrest"),
    "phone-busy": _refused("subscriber_locked"),
    "too-many": _too_many,
    "signed-out": _signed_out,
}
