"""Every STK body that Daraja and the systems around it were seen to send, through the HTTP route."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.service.running import eventually
from tests.system.service.world import (
    ACCEPTED,
    INVALID,
    Family,
    Pushed,
    World,
    callback_name,
    failure,
    next_receipt,
    success,
)

FIXTURES = Path(__file__).parents[2] / "fixtures"
VERDICTS: dict[str, str] = json.loads((FIXTURES / "payload_verdicts.json").read_text())
STK = sorted(name for name in VERDICTS if name.startswith("stk_"))
OTHERS = sorted(name for name in VERDICTS if not name.startswith("stk"))
FAMILIES: tuple[Family, Family] = ("mpesa", "stk")


def payload(name: str) -> Any:
    """A body as it was seen."""
    return json.loads((FIXTURES / "payloads" / name).read_text())


def objects(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object in a body, whatever its form."""
    if isinstance(tree, dict):
        yield tree
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from objects(child)


def amount_of(body: Any) -> int | None:
    """The whole shillings that the body names, if it does."""
    for item in objects(body):
        if str(item.get("Name", item.get("name"))).lower() == "amount":
            value = float(item["Value"] if "Value" in item else item["value"])
            return int(value) if value.is_integer() else None
    return None


def made_for(body: Any, payment: Pushed, receipt: str) -> Any:
    """The body with the payment's ids where it has ids, and a receipt of the payment's own where it has one."""
    for item in objects(body):
        for key in item:
            if key.lower() == "checkoutrequestid":
                item[key] = payment.checkout
        if str(item.get("Name", item.get("name"))).lower() == "mpesareceiptnumber":
            key = "Value" if "Value" in item else "value"
            item[key] = receipt if isinstance(item[key], str) else item[key]
    return body


def code_of(body: Any) -> str:
    """The body's result code as text."""
    codes = [str(value) for item in objects(body) for key, value in item.items() if key.lower() == "resultcode"]
    return codes[0]


def is_as_told(world: World, payment: Pushed, verdict: str, body: Any, receipt: str) -> bool:
    """Whether payment and booking stand as the verdict on this body says."""
    transaction = world.service.status(payment.id)
    if verdict == "paid":
        told = (transaction["status"], transaction["mpesaReceiptNumber"], transaction["review"])
        return told == ("completed", receipt, []) and world.is_held(payment.booking_id)
    if verdict == "not_paid":
        told = (transaction["status"], transaction["failure"]["code"], transaction["review"])
        return told == ("failed", code_of(body), []) and world.is_unpaid(payment.booking_id)
    if verdict == "not_a_callback":
        return world.untouched(payment)
    return (transaction["status"], transaction["failure"]) == ("pending", None) and world.is_unpaid(payment.booking_id)


@pytest.mark.parametrize("name", STK)
def test_a_body_at_the_payments_own_address_has_its_verdict(world: World, name: str) -> None:
    """Posted with the payment's token, ids and amount, each body is kept, acknowledged, and ends as its verdict."""
    verdict, family = VERDICTS[name], FAMILIES[len(name) % 2]
    payment, receipt = world.push(amount=amount_of(payload(name))), next_receipt()
    body = made_for(payload(name), payment, receipt)
    answer = world.tell(payment, body, family)
    assert (answer.status, answer.body) == (200, ACCEPTED)
    assert world.bodies(payment.id) == [json.dumps(body).encode()]
    assert is_as_told(world, payment, verdict, body, receipt)
    if verdict in ("claim", "not_a_callback"):
        eventually(lambda: world.row(payment.id).inquiries, "Daraja is asked")
        world.finish(payment)


@pytest.mark.parametrize("name", STK)
def test_a_body_at_the_bare_address_is_never_proof(world: World, name: str) -> None:
    """Posted without a token, with the right ids and amount, each body is kept, acknowledged, and settles nothing."""
    payment = world.push(amount=amount_of(payload(name)))
    body = made_for(payload(name), payment, next_receipt())
    before = world.claims()
    answer = world.post_callback(body, family=FAMILIES[len(name) % 2])
    if VERDICTS[name] == "not_a_callback":
        assert (answer.status, answer.body) == (400, INVALID)
        assert world.claims() == before
    else:
        assert (answer.status, answer.body) == (200, ACCEPTED)
        assert world.claims()[-2:] == [*before[-1:], json.dumps(body).encode()]
    assert world.untouched(payment)
    assert world.bodies(payment.id) == []
    world.finish(payment)


def test_every_verdict_is_among_them() -> None:
    """The bodies that are posted here hold all that a callback can prove, so that no verdict goes unseen."""
    assert {VERDICTS[name] for name in STK} == {"paid", "not_paid", "claim", "not_a_callback"}
    assert len(STK) > 40


@pytest.mark.parametrize("token", ["", callback_name("pay_of_nobody")], ids=["bare", "of no payment"])
def test_bodies_of_other_apis_are_no_callbacks(world: World, token: str) -> None:
    """What other APIs of Daraja's send or answer is refused at an address that is no payment's, and is not kept."""
    before = world.claims()
    for name in OTHERS:
        answer = world.post_callback(payload(name), token)
        assert (answer.status, answer.body) == (400, INVALID), name
    assert world.claims() == before


# In halves, since a payment keeps no more than its share of bodies.
@pytest.mark.parametrize("names", [OTHERS[::2], OTHERS[1::2]], ids=["one half", "the other half"])
def test_bodies_of_other_apis_prove_nothing_at_the_payments_own_address(world: World, names: list[str]) -> None:
    """What other APIs of Daraja's send or answer is kept at a payment's own address, and Daraja is asked: no more."""
    payment = world.push()
    for name in names:
        answer = world.tell(payment, payload(name))
        assert (answer.status, answer.body) == (200, ACCEPTED), name
    assert sorted(world.bodies(payment.id)) == sorted(json.dumps(payload(name)).encode() for name in names)
    eventually(lambda: world.row(payment.id).inquiries, "Daraja is asked")
    assert world.untouched(payment)
    world.finish(payment)


def test_a_receipt_settles_one_payment(world: World) -> None:
    """Of two payments that are told the same receipt one completes, the other stays open, and both are flagged."""
    first, second = world.push(), world.push()
    receipt = next_receipt()
    for payment in (first, second):
        assert world.tell(payment, success(payment.checkout, payment.amount, receipt)).body == ACCEPTED

    def reviews() -> list[Any]:
        return [world.service.status(payment.id)["review"] for payment in (first, second)]

    eventually(lambda: reviews() == [["receipt_conflict"]] * 2, "both are flagged")
    assert [world.service.status(payment.id)["status"] for payment in (first, second)] == ["completed", "pending"]
    assert world.is_held(first.booking_id)
    assert world.is_unpaid(second.booking_id)
    assert eventually(lambda: world.row(second.id).inquiries, "Daraja is asked about the second", 10)
    world.simulator.answer(second.phone, "pay")
    world.service.until(second.id, "completed")
    assert world.is_held(second.booking_id)
    assert world.service.status(second.id)["review"] == ["receipt_conflict"]


@pytest.mark.parametrize("amount", [1, 499, 501, "1000.00"])
def test_another_amount_is_a_state_to_look_at(world: World, amount: Any) -> None:
    """A proved success over another amount neither completes nor fails: it is flagged, and Daraja is asked at once."""
    payment = world.push(amount=500)
    assert world.tell(payment, success(payment.checkout, amount, next_receipt())).body == ACCEPTED
    transaction = world.service.status(payment.id)
    assert (transaction["status"], transaction["review"]) == ("pending", ["amount_differs"])
    assert world.is_unpaid(payment.booking_id)
    assert world.postings(payment.id) == {}
    assert eventually(lambda: world.row(payment.id).inquiries, "Daraja is asked", 10)
    world.finish(payment)
    assert world.service.status(payment.id)["review"] == ["amount_differs"]


def test_another_amount_that_daraja_confirms_is_set_aside(world: World) -> None:
    """When a query then says paid it completes, the money goes to suspense, and the booking stays as it was."""
    phone = world.new_phone()
    world.simulator.fault("callback_amount", msisdn=phone)
    payment = world.push(phone)
    world.simulator.answer(phone, "pay")
    transaction = world.service.until(payment.id, "completed")
    (charge,) = world.simulator.charges(payment.checkout)
    assert transaction["review"] == ["amount_differs"]
    assert transaction["mpesaReceiptNumber"] == charge["receipt"]
    assert world.is_unpaid(payment.booking_id)
    assert world.postings(payment.id) == {"mpesa_clearing": 50_000, "suspense": -50_000}
    assert world.books_balance()


def test_another_amount_after_the_exact_one_takes_nothing_back(world: World) -> None:
    """A fee that is held stays held when the same payment is then told another amount; it is flagged."""
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    world.tell(payment, success(payment.checkout, 1, next_receipt()))
    transaction = world.service.status(payment.id)
    assert transaction["status"] == "completed"
    assert "amount_differs" in transaction["review"]
    assert world.is_held(payment.booking_id)
    assert world.postings(payment.id) == {"mpesa_clearing": 50_000, "fees_held": -50_000}


def test_a_code_that_nobody_knows_is_a_claim_to_look_at(world: World) -> None:
    """A code that no source names fails nothing: the payment stays open, is flagged, and ends as the phone decides."""
    payment = world.push()
    assert world.post_callback(failure(payment.checkout, 7777), callback_name(payment.id)).body == ACCEPTED
    transaction = world.service.status(payment.id)
    assert (transaction["status"], transaction["review"]) == ("pending", ["code_unknown"])
    world.simulator.answer(payment.phone, "pay")
    assert world.service.until(payment.id, "completed")["review"] == ["code_unknown"]
    assert world.is_held(payment.booking_id)
