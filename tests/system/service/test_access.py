"""Who may read and do what: tokens, scopes, and objects that are somebody else's."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.system.service.running import JWT_SECRET, Answer, call
from tests.system.service.world import Pushed, World

SCOPES = "payments:write payments:read bookings:write"


def part(value: Any) -> str:
    """One part of a JSON Web Token."""
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def forged(
    header: dict[str, Any] | None = None, secret: str = JWT_SECRET, digest: str = "sha256", **claims: Any
) -> str:
    """A token put together by hand; a claim of None is left out."""
    now = int(time.time())
    all_claims = {"sub": "amina", "scope": SCOPES, "iat": now, "exp": now + 3600} | claims
    signed = f"{part(header or {'alg': 'HS256'})}.{part({k: v for k, v in all_claims.items() if v is not None})}"
    return f"{signed}.{part(hmac.new(secret.encode(), signed.encode(), digest).digest())}"


def unsigned(**claims: Any) -> str:
    """A token that says of itself that it is not signed."""
    return forged({"alg": "none"}, **claims).rpartition(".")[0] + "."


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "expired": lambda: f"Bearer {forged(exp=int(time.time()) - 60)}",
    "without an end": lambda: f"Bearer {forged(exp=None)}",
    "not yet valid": lambda: f"Bearer {forged(nbf=int(time.time()) + 600)}",
    "unsigned": lambda: f"Bearer {unsigned()}",
    "unsigned, with scope admin": lambda: f"Bearer {unsigned(scope='admin')}",
    "of the algorithm HS512": lambda: f"Bearer {forged({'alg': 'HS512'}, digest='sha512')}",
    "that says RS256 and is signed with the secret": lambda: f"Bearer {forged({'alg': 'RS256'})}",
    "of another key": lambda: f"Bearer {forged(secret='another-secret-of-more-than-32-bytes')}",
    "with changed claims": lambda: (
        "Bearer " + ".".join([forged().split(".")[0], part({"sub": "amina", "exp": 9**9}), forged().split(".")[2]])
    ),
    "without a subject": lambda: f"Bearer {forged(sub=None)}",
    "for somebody else's audience": lambda: f"Bearer {forged(aud='another-service')}",
    "no token at all": lambda: "Bearer nonsense",
    "of another scheme": lambda: f"Basic {part(b'amina:secret')}",
    "missing": lambda: "",
}


def calls(payment: Pushed) -> list[tuple[str, str, Any]]:
    """Every call that needs a token."""
    push = {"phoneNumber": payment.phone, "bookingId": payment.booking_id, "amount": payment.amount}
    return [
        ("POST", "/payments/mpesa/stkpush", push),
        ("GET", f"/payments/mpesa/status/{payment.id}", None),
        ("GET", f"/payments/mpesa/status/{payment.id}/events", None),
        ("GET", "/payments/mpesa/history", None),
        ("POST", "/bookings", {"service": "Plumbing"}),
        ("GET", f"/bookings/{payment.booking_id}", None),
        ("GET", "/payments/mpesa/analytics", None),
    ]


@pytest.fixture
def payment(world: World) -> Pushed:
    """A completed payment of amina's."""
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    return payment


def raw(world: World, method: str, path: str, body: Any, authorization: str) -> Answer:
    """A call with this Authorization header, or with none."""
    headers = {"Authorization": authorization} if authorization else {}
    return call(method, f"{world.service.url}/api/v1{path}", body, headers)


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_bad_token_opens_nothing(world: World, payment: Pushed, name: str) -> None:
    """A token that is expired, unsigned, of another algorithm or key, or no token, gets 401 from every call."""
    for method, path, body in calls(payment):
        answer = raw(world, method, path, body, BAD_TOKENS[name]())
        assert (answer.status, answer.body["code"]) == (401, "unauthenticated"), path
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.body["message"]


def test_the_same_token_made_right_opens(world: World, payment: Pushed) -> None:
    """What the bad tokens lack is all that is wrong with them: a right one made by the same hand is let in."""
    answer = raw(world, "GET", f"/payments/mpesa/status/{payment.id}", None, f"Bearer {forged()}")
    assert answer.status == 200


NEEDED = {
    0: ("payments:read bookings:write", "payments:write"),
    1: ("payments:write bookings:write", "payments:read"),
    2: ("payments:write bookings:write", "payments:read"),
    3: ("payments:write bookings:write", "payments:read"),
    4: ("payments:write payments:read", "bookings:write"),
    5: ("payments:write", "payments:read"),
    6: ("payments:write payments:read bookings:write", "admin"),
}


@pytest.mark.parametrize("number", NEEDED)
def test_a_missing_scope_is_named(world: World, payment: Pushed, number: int) -> None:
    """A token without the scope that a call needs gets 403, which names it."""
    scope, missing = NEEDED[number]
    method, path, body = calls(payment)[number]
    answer = world.service.call(method, path, body, scope=scope)
    assert (answer.status, answer.body["code"]) == (403, "forbidden")
    assert f"`{missing}`" in answer.body["message"]


def test_a_missing_scope_comes_before_any_look_up(world: World) -> None:
    """Without the scope nobody learns whether an object exists: what is not there is 403 as well."""
    for path in ("/payments/mpesa/status/pay_nowhere", "/payments/mpesa/status/pay_nowhere/events"):
        assert world.service.call("GET", path, scope="payments:write").status == 403
    assert world.service.call("GET", "/bookings/bk_nowhere", scope="payments:write").status == 403


def test_a_customer_sees_only_their_own(world: World, payment: Pushed) -> None:
    """Somebody else's payment and booking are 404, with the very answer that is given for what does not exist."""
    for path, absent in (
        (f"/payments/mpesa/status/{payment.id}", "/payments/mpesa/status/pay_nowhere"),
        (f"/payments/mpesa/status/{payment.id}/events", "/payments/mpesa/status/pay_nowhere/events"),
        (f"/bookings/{payment.booking_id}", "/bookings/bk_nowhere"),
    ):
        foreign = world.service.call("GET", path, subject="juma")
        nothing = world.service.call("GET", absent, subject="juma")
        assert (foreign.status, nothing.status) == (404, 404)
        assert foreign.body | {"requestId": ""} == nothing.body | {"requestId": ""}


def test_a_customer_pays_only_their_own(world: World) -> None:
    """A push for somebody else's booking is the 404 of a booking that is not there, and nothing is sent."""
    booking, before = world.service.book(subject="amina"), world.simulator.pushes()
    answer = world.service.push(booking, world.new_phone(), subject="juma")
    assert (answer.status, answer.body["code"]) == (404, "not_found")
    assert world.simulator.pushes() == before


def test_the_history_holds_only_ones_own(world: World, payment: Pushed) -> None:
    """A customer's history has their own payments alone; by booking, phone and receipt nobody else's is found."""
    receipt = world.service.status(payment.id)["mpesaReceiptNumber"]
    for query in (f"bookingId={payment.booking_id}", f"q={payment.phone}", f"q={receipt}"):
        own = world.service.call("GET", f"/payments/mpesa/history?{query}")
        assert [each["id"] for each in own.body["transactions"]] == [payment.id]
        foreign = world.service.call("GET", f"/payments/mpesa/history?{query}", subject="juma")
        assert (foreign.body["count"], foreign.body["total"], foreign.body["transactions"]) == (0, 0, [])


def test_an_admin_sees_all(world: World, payment: Pushed) -> None:
    """The scope `admin` reads every payment, booking and history."""
    for path in (f"/payments/mpesa/status/{payment.id}", f"/bookings/{payment.booking_id}"):
        assert world.service.call("GET", path, subject="boss", scope="admin").status == 200
    found = world.service.call("GET", f"/payments/mpesa/history?q={payment.phone}", subject="boss", scope="admin")
    assert [each["id"] for each in found.body["transactions"]] == [payment.id]


def test_a_payment_that_an_admin_starts_is_its_customers(world: World) -> None:
    """An admin may prompt for somebody's booking; the payment is then that customer's to see."""
    booking, phone = world.service.book(subject="wanjiku"), world.new_phone("pay")
    body = {"phoneNumber": phone, "bookingId": booking["id"], "amount": 500}
    answer = world.service.call("POST", "/payments/mpesa/stkpush", body, subject="boss", scope="admin")
    assert answer.status == 201
    path = f"/payments/mpesa/status/{answer.body['data']['transactionId']}"
    assert world.service.call("GET", path, subject="wanjiku").status == 200
    assert world.service.call("GET", path, subject="boss").status == 404


@pytest.mark.parametrize("field", [{"customerId": "juma"}, {"amount": 1}])
def test_only_an_admin_sets_the_customer_and_the_fee(world: World, field: dict[str, Any]) -> None:
    """A customer who sets the fee or another customer for a booking is refused."""
    answer = world.service.call("POST", "/bookings", {"service": "Plumbing"} | field)
    assert (answer.status, answer.body["code"]) == (403, "forbidden")
    assert f"`{next(iter(field))}`" in answer.body["message"]


def test_a_customers_own_booking_has_the_usual_fee(world: World) -> None:
    """A customer's booking is their own, awaits its payment, and costs POKEA_BOOKING_FEE."""
    answer = world.service.call("POST", "/bookings", {"service": "Plumbing", "reference": None}, subject="amina")
    assert answer.status == 201
    booking = answer.body["booking"]
    assert answer.body["success"] is True
    assert booking["customerId"] == "amina"
    assert booking["status"] == "awaiting_payment"
    assert booking["bookingFee"] == {"amount": 500, "currency": "KES", "status": "unpaid", "paidAt": None}
    assert world.service.call("GET", f"/bookings/{booking['id']}").body["booking"] == booking
