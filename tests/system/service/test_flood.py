"""Floods of callbacks that Daraja did not send: bounded work, storage and questions, and payments go on."""

import gzip
import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, insert, select

from pokea.operations.arrivals import CALLBACKS_KEPT
from pokea.operations.evidence import CLAIM_BYTES_KEPT
from pokea.operations.store import CLAIMS_KEPT
from pokea.storage.tables import claims, evidence
from tests.system.service.conftest import StartWorld
from tests.system.service.running import call, eventually
from tests.system.service.world import (
    ACCEPTED,
    INVALID,
    SHORTEST_GAP_SECONDS,
    World,
    callback_name,
    failure,
    next_receipt,
    success,
)

FORGERS = 6
GENUINE = 4
_BURST = 25


@contextmanager
def flooding(world: World, forge: Callable[[int], object]) -> Iterator[list[int]]:
    """Until it is left, several forgers send what `forge` makes of a running number; the statuses they hear."""
    heard: list[int] = []
    numbers = itertools.count()
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            heard.append(world.post_callback(forge(next(numbers))).status)

    with ThreadPoolExecutor(FORGERS) as pool:
        done = [pool.submit(send) for _ in range(FORGERS)]
        try:
            yield heard
        finally:
            over.set()
    assert [each.exception() for each in done] == [None] * FORGERS


def test_genuine_payments_settle_in_a_flood(world: World) -> None:
    """While forgers claim about these payments and about nobody's, each is completed by its own callback."""
    asked = world.simulator.queries()
    targets = [world.push() for _ in range(GENUINE)]

    def forge(number: int) -> object:
        checkout = targets[number % GENUINE].checkout if number % 2 else f"ws_CO_flood_{number}"
        return success(checkout, 1 + number, f"FLOOD{number}")

    with flooding(world, forge) as heard:
        eventually(lambda: len(heard) > _BURST, "the flood has risen", 60)
        for payment in targets:
            world.simulator.answer(payment.phone, "pay")
        receipts = {world.service.until(each.id, "completed", 60)["mpesaReceiptNumber"] for each in targets}
    assert set(heard) == {200}
    assert receipts == {charge["receipt"] for each in targets for charge in world.simulator.charges(each.checkout)}
    assert all(world.row(each.id).completed_by == "callback" for each in targets)
    assert world.simulator.queries() - asked <= 2 * GENUINE
    assert world.books_balance()


def test_the_ring_of_claims_holds_no_more_than_it_may(world: World) -> None:
    """Ten thousand bodies that prove nothing are kept, the newest of them, however many come."""
    filler = [{"received_at": 1, "request_id": None, "body": b"{}"} for _ in range(CLAIMS_KEPT + 10)]
    world.query(lambda connection: connection.execute(insert(claims), filler))
    bodies = [success(f"ws_CO_ring_{number}", 1, next_receipt()) for number in range(_BURST)]
    with ThreadPoolExecutor(FORGERS) as pool:
        assert all(answer.body == ACCEPTED for answer in pool.map(world.post_callback, bodies))
    count = world.query(lambda connection: connection.execute(select(func.count()).select_from(claims)).scalar_one())
    assert count == CLAIMS_KEPT
    kept = [body for body in world.claims() if b"ws_CO_ring_" in body]
    assert len(kept) == _BURST


def test_the_ring_of_claims_is_bounded_in_bytes(world: World) -> None:
    """Of a bare body at the bound of a body its first 4 KiB are kept: 40 MB in all, whatever strangers send."""
    assert CLAIMS_KEPT * CLAIM_BYTES_KEPT <= 41_000_000
    for size in (CLAIM_BYTES_KEPT, CLAIM_BYTES_KEPT + 1, 65_536):
        body = json.dumps(success(f"ws_CO_large_{size}", 1, next_receipt())).encode().ljust(size)
        assert world.post_callback(body).body == ACCEPTED
        assert world.claims()[-1] == body[:CLAIM_BYTES_KEPT]


def test_a_payment_keeps_so_many_callbacks_and_no_more(world: World) -> None:
    """Whoever has a payment's token fills at most its own share of the evidence, and the truth still completes it."""
    payment = world.push()
    bodies = [failure(payment.checkout, 17, f"flood-{number}") for number in range(CALLBACKS_KEPT + _BURST)]
    token = callback_name(payment.id)
    with ThreadPoolExecutor(FORGERS) as pool:
        answers = list(pool.map(lambda body: world.post_callback(body, token), bodies))
    assert all(answer.body == ACCEPTED for answer in answers)
    columns = evidence.c
    mine = select(func.count()).where(columns.operation_id == payment.id, columns.source == "callback")
    assert world.query(lambda connection: connection.execute(mine).scalar_one()) == CALLBACKS_KEPT
    world.simulator.answer(payment.phone, "pay")
    world.service.until(payment.id, "completed", 90)


def test_claims_about_many_payments_cannot_eat_the_budget_of_questions(start_world: StartWorld) -> None:
    """With every payment claimed again and again, the rate holds, and each is asked once a minute at most."""
    rate = 2.0
    world = start_world(POKEA_QUERY_RATE=str(rate))
    began, before = time.monotonic(), world.simulator.queries()
    payments = [world.push() for _ in range(8)]

    def forge(number: int) -> object:
        payment = payments[number % len(payments)]
        return success(payment.checkout, payment.amount, f"CLAIM{number}")

    with flooding(world, forge) as heard:
        eventually(lambda: all(world.row(each.id).inquiries for each in payments), "each is asked about", 60)
        so_far = len(heard)
        eventually(lambda: len(heard) > so_far + _BURST, "the flood goes on", 60)
    spent = world.simulator.queries() - before
    inquiries = [world.row(each.id).inquiries for each in payments]
    seconds = time.monotonic() - began
    assert len(payments) <= spent <= rate * seconds + max(1.0, rate)
    assert max(inquiries) <= 1 + seconds // SHORTEST_GAP_SECONDS
    assert all(world.untouched(each) for each in payments)
    for payment in payments:
        world.finish(payment)


def test_a_receipt_of_another_payment_completes_nothing(world: World) -> None:
    """Whoever has their own payment's token and somebody's receipt has not paid: both are flagged, Daraja is asked."""
    paid, forger = world.push(), world.push()
    world.simulator.answer(paid.phone, "pay")
    receipt = world.service.until(paid.id, "completed")["mpesaReceiptNumber"]
    world.tell(forger, success(forger.checkout, forger.amount, receipt))
    transaction = world.service.status(forger.id)
    assert (transaction["status"], transaction["mpesaReceiptNumber"]) == ("pending", None)
    assert transaction["review"] == ["receipt_conflict"]
    assert world.is_unpaid(forger.booking_id)
    assert world.service.status(paid.id)["status"] == "completed"
    assert world.is_held(paid.booking_id)
    world.finish(forger)


UNREAD = {
    "compressed": gzip.compress(b"[" * 1_000_000),
    "a number of ten thousand digits": b'{"Body": {"stkCallback": ' + b"9" * 10_000 + b"}}",
    "a number without end": b'{"Body": {"stkCallback": 1e999999}}',
    "broken text": b'{"Body": {"stkCallback": "\xff\xfe\xc0"}}',
    "the same key a thousand times": b"{" + b'"Body": {},' * 1_000 + b'"Body": {}}',
}


@pytest.mark.parametrize("what", UNREAD)
def test_what_costs_a_parser_dearly_is_refused_at_once(world: World, what: str) -> None:
    """Bombs and monsters are no callback: 400 with the guide's body, and nothing is unpacked or computed for them."""
    began = time.monotonic()
    url = f"{world.service.url}/api/v1/payments/mpesa/callback"
    answer = call("POST", url, UNREAD[what], {"Content-Encoding": "gzip"} if what == "compressed" else {})
    assert (answer.status, answer.body) == (400, INVALID)
    assert time.monotonic() - began < 5


def test_an_amount_of_any_size_is_only_another_amount(world: World) -> None:
    """A genuine token with an absurd amount completes nothing and breaks nothing."""
    payment = world.push()
    for amount in ("1e999999", "9" * 5_000, "-1", "0.0000000000001", "NaN", "Infinity"):
        body = f'{{"Amount": {amount}}}'.encode()
        items = b'[{"Name": "Amount", "Value": %s}]' % body[11:-1]
        told = (
            b'{"Body": {"stkCallback": {"CheckoutRequestID": "%s", "ResultCode": 0, "CallbackMetadata": {"Item": %s}}}}'
        )
        answer = world.post_callback(told % (payment.checkout.encode(), items), callback_name(payment.id))
        assert answer.status in (200, 400)
    assert world.service.status(payment.id)["status"] == "pending"
    assert world.is_unpaid(payment.booking_id)
    world.finish(payment)


PATHS = (
    *(
        "/payments/mpesa/callback/",
        "/payments/mpesa//callback",
        "//payments/mpesa/callback",
        "/payments/MPESA/callback",
    ),
    *("/payments/mpesa/Callback", "/payments/mpesa/callback%2F", "/payments/mpesa/callback/%2e%2e/callback"),
    *(
        "/payments/mpesa/callback;x=1",
        "/payments/mpesa/callback/a/",
        "/payments/stk/callback//",
        "/payments/stk/./callback",
    ),
)


@pytest.mark.parametrize("path", PATHS)
def test_no_spelling_of_a_callback_address_is_redirected(world: World, path: str) -> None:
    """Daraja follows no redirect, so an address that is nearly right is answered where it is, and is never a 3xx."""
    for method in ("POST", "GET", "HEAD", "OPTIONS"):
        # urllib would follow a redirect, and hide it.
        connection = http.client.HTTPConnection(urlsplit(world.service.url).netloc, timeout=30)
        connection.request(method, f"/api/v1{path}", b"{}" if method == "POST" else None)
        answer = connection.getresponse()
        connection.close()
        assert answer.status < 300 or 400 <= answer.status < 500
        assert answer.getheader("location") is None
