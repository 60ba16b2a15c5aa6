"""Refunds and payouts through the running service: asked for by one person, approved by another, paid by M-PESA."""

import itertools
from typing import Any, Final

import jwt
import pytest

from pokea.clock import SECOND, SystemClock
from pokea.storage.tables import payees, postings
from tests.system.service.conftest import StartWorld
from tests.system.service.running import JWT_SECRET, Answer, call, eventually
from tests.system.service.world import Pushed, World, next_number

ON: Final = {
    "POKEA_MONEY_OUT": "on",
    "POKEA_OUT_LIMIT_HOURLY": "1000",
    "POKEA_OUT_LIMIT_DAY": "1000000",
    "POKEA_PAYEE_WAIT_HOURS": "0",
}
STAFF: Final = "refunds:write payouts:write out:approve"
_keys = itertools.count(1)


@pytest.fixture
def paying(start_world: StartWorld) -> World:
    """A service that moves money out, and an account that holds enough."""
    world = start_world(**ON)
    world.simulator.api("POST", "/accounts", {"utility": 1_000_000})
    return world


def ask(
    world: World, method: str, path: str, body: Any = None, *, by: str = "ann", scope: str = STAFF, **more: str
) -> Answer:
    """A call of this person's, with a key of its own."""
    headers = {"Idempotency-Key": f"key-{next(_keys)}"} | more
    return world.service.call(method, path, body, subject=by, scope=scope, **headers)


def paid(world: World, amount: int = 500, subject: str = "amina", phone: str = "") -> Pushed:
    """A payment that has come and holds its booking's fee."""
    payment = world.push(phone or world.new_phone("pay"), amount, subject)
    world.service.until(payment.id, "completed")
    return payment


def refund_of(world: World, payment: Pushed, **fields: Any) -> dict[str, Any]:
    """A refund that ann asks for."""
    answer = ask(world, "POST", "/refunds", {"paymentId": payment.id, "reason": "late"} | fields)
    assert answer.status == 201, answer
    refund: dict[str, Any] = answer.body["refund"]
    return refund


def approve(world: World, refund: dict[str, Any], by: str = "ben", **more: Any) -> Answer:
    """The answer to this person's approval of a refund as it was read."""
    path = f"/{'refunds' if refund['id'].startswith('rf') else 'payouts'}/{refund['id']}/approve"
    return ask(world, "POST", path, {"digest": refund["digest"]} | more, by=by)


def read(world: World, refund_id: str, kind: str = "refund") -> dict[str, Any]:
    """The refund as it stands."""
    answer = ask(world, "GET", f"/{kind}s/{refund_id}")
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.body[kind]
    return found


def ended(world: World, refund_id: str, status: str, kind: str = "refund") -> dict[str, Any]:
    """The refund once it has this status."""
    eventually(lambda: read(world, refund_id, kind)["status"] == status, f"{refund_id} is {status}")
    return read(world, refund_id, kind)


def test_a_held_fee_goes_back_by_reversal(paying: World) -> None:
    """Asked for, approved by another person, reversed by M-PESA: the booking says each step, and the books balance."""
    payment = paid(paying)
    refund = refund_of(paying, payment)
    assert (refund["status"], refund["way"], refund["amount"], refund["approvedBy"]) == (
        "requested",
        "reversal",
        500,
        None,
    )
    assert refund["recipient"] == f"{payment.phone[:5]}****{payment.phone[-3:]}"
    assert paying.service.booking(payment.booking_id)["bookingFee"]["status"] == "held"
    approved = approve(paying, refund)
    assert approved.status == 200, approved
    assert approved.body["refund"]["approvedBy"] == "ben"
    assert paying.service.booking(payment.booking_id)["bookingFee"]["status"] in ("refunding", "refunded")
    done = ended(paying, refund["id"], "completed")
    assert done["receipt"]
    assert [(each["way"], each["status"], each["receipt"]) for each in done["attempts"]] == [
        ("reversal", "completed", done["receipt"])
    ]
    eventually(
        lambda: paying.service.booking(payment.booking_id)["bookingFee"]["status"] == "refunded", "the fee is refunded"
    )
    assert paying.books_balance()
    assert len([each for each in paying.simulator.journal()["reversals"] if each["receipt"] == done["receipt"]]) == 1


def test_a_part_goes_back_by_b2c(paying: World) -> None:
    """The rest of the fee stays held; the number that paid gets the part."""
    payment = paid(paying)
    refund = refund_of(paying, payment, amount=200)
    assert refund["way"] == "b2c"
    assert approve(paying, refund).status == 200
    done = ended(paying, refund["id"], "completed")
    assert paying.service.booking(payment.booking_id)["bookingFee"]["status"] == "partly_refunded"
    sent = [each for each in paying.simulator.journal()["payouts"] if each["receipt"] == done["receipt"]]
    assert [(each["msisdn"], each["amount"]) for each in sent] == [(payment.phone, 200)]
    again = refund_of(paying, payment)
    assert again["amount"] == 300
    assert approve(paying, again).status == 200
    ended(paying, again["id"], "completed")
    assert paying.service.booking(payment.booking_id)["bookingFee"]["status"] == "refunded"


def test_no_one_approves_their_own(paying: World) -> None:
    """Not by another token of the same subject, and not as an admin."""
    payment = paid(paying)
    refund = refund_of(paying, payment)
    assert approve(paying, refund, by="ann").body["code"] == "own_request"
    path = f"/refunds/{refund['id']}/approve"
    admin = ask(paying, "POST", path, {"digest": refund["digest"]}, by="ann", scope="admin")
    assert (admin.status, admin.body["code"]) == (403, "own_request")
    assert read(paying, refund["id"])["status"] == "requested"


@pytest.mark.parametrize(
    ("auth_time", "status", "code"),
    [
        (None, 403, "sign_in_again"),
        (-301, 403, "sign_in_again"),
        (600, 403, "sign_in_again"),
        (True, 401, "unauthenticated"),
        (-200, 200, None),
    ],
)
def test_the_approver_has_signed_in_lately(
    paying: World, auth_time: int | bool | None, status: int, code: str | None
) -> None:
    """The token says when; missing, old or ahead is refused, and what is no time is no token."""
    refund = refund_of(paying, paid(paying))
    token = signed_in("ben", STAFF, auth_time)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"key-{next(_keys)}"}
    url = f"{paying.service.url}/api/v1/refunds/{refund['id']}/approve"
    answer = call("POST", url, {"digest": refund["digest"]}, headers)
    assert (answer.status, answer.body.get("code")) == (status, code)


def signed_in(subject: str, scope: str, auth_time: int | bool | None) -> str:
    """A token whose sign-in was so many seconds from now."""

    now = SystemClock().now() // SECOND
    claims: dict[str, Any] = {"sub": subject, "scope": scope, "exp": now + 600}
    if auth_time is not None:
        claims["auth_time"] = auth_time if isinstance(auth_time, bool) else now + auth_time
    return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


def test_a_payout_goes_to_a_payee_whom_two_people_know(paying: World) -> None:
    """A payee is made by one, confirmed by another, and paid what is owed and no more."""
    number = next_number()
    made = ask(paying, "POST", "/payees", {"name": "Njeri Plumbing", "phoneNumber": number})
    assert made.status == 201, made
    payee = made.body["payee"]
    assert (payee["status"], payee["phoneNumber"]) == ("unconfirmed", number)
    confirm = f"/payees/{payee['id']}/confirm"
    assert ask(paying, "POST", confirm).body["code"] == "own_request"
    assert ask(paying, "POST", confirm, by="ben").body["payee"]["status"] == "ready"
    wish = {"payeeId": payee["id"], "amount": 300, "reason": "done"}
    assert ask(paying, "POST", "/payouts", wish).body["code"] == "beyond_payable"
    owe(paying, payee["id"], 30_000)
    payout = ask(paying, "POST", "/payouts", wish).body["payout"]
    assert (payout["way"], payout["payeeId"], payout["bookingId"]) == ("b2c", payee["id"], None)
    in_use = ask(paying, "PATCH", f"/payees/{payee['id']}", {"name": "Other"})
    assert (in_use.status, in_use.body["code"]) == (409, "payee_in_use")
    assert approve(paying, payout).status == 200
    done = ended(paying, payout["id"], "completed", "payout")
    sent = [each for each in paying.simulator.journal()["payouts"] if each["receipt"] == done["receipt"]]
    assert [(each["msisdn"], each["amount"]) for each in sent] == [(number, 300)]
    assert ask(paying, "GET", "/payouts?status=completed").body["payouts"][0]["id"] == payout["id"]
    assert ask(paying, "GET", "/payees").body["payees"][0]["id"] == payee["id"]


def owe(world: World, payee_id: str, cents: int) -> None:
    """Let a payee be owed so much, as a release does."""
    legs = (("fees_held", None, cents), ("provider_payable", payee_id, -cents))
    usual = {"source_id": f"release {payee_id}", "kind": "transfer", "merchant_id": 1, "posted_at": 1}
    rows = [
        usual | {"line": line, "account": account, "party_id": party, "amount_cents": amount}
        for line, (account, party, amount) in enumerate(legs)
    ]
    world.query(lambda connection: connection.execute(postings.insert(), rows))
    assert world.query(lambda connection: connection.execute(payees.select()).first()) is not None


def test_what_people_may_do_without_sending(paying: World) -> None:
    """A stopped service sends nothing until an admin starts it; all else works meanwhile."""
    stopped = ask(paying, "POST", "/money-out/stop", {"reason": "I want to look"}, by="ben")
    assert (stopped.body["moneyOut"]["state"], stopped.body["moneyOut"]["reason"]) == ("stopped", "I want to look")
    first, second, third = (refund_of(paying, paid(paying)) for _ in range(3))
    why = {"reason": "a mistake"}
    rejected = ask(paying, "POST", f"/refunds/{first['id']}/reject", why, by="ben")
    assert rejected.body["refund"]["status"] == "rejected"
    assert ask(paying, "POST", f"/refunds/{first['id']}/withdraw", why).body["code"] == "already_decided"
    assert approve(paying, second, digest="0" * 64).body["code"] == "digest_changed"
    held = approve(paying, second).body["refund"]
    assert (held["status"], held["waiting"]) == ("approved", "stopped")
    assert ask(paying, "POST", f"/refunds/{second['id']}/withdraw", why).body["refund"]["status"] == "withdrawn"
    page = ask(paying, "GET", "/refunds?limit=2").body
    assert [each["id"] for each in page["refunds"]] == [third["id"], second["id"]]
    rest = ask(paying, "GET", f"/refunds?cursor={page['nextCursor']}").body
    assert ([each["id"] for each in rest["refunds"]], rest["nextCursor"]) == ([first["id"]], None)
    assert approve(paying, third).body["refund"]["waiting"] == "stopped"
    assert ask(paying, "POST", "/money-out/start", by="ben").status == 403
    started = ask(paying, "POST", "/money-out/start", by="ada", scope="admin")
    assert started.body["moneyOut"]["state"] == "running"
    ended(paying, third["id"], "completed")


def test_a_call_without_a_key_and_one_that_comes_twice(paying: World) -> None:
    """Each POST needs a key; the same one again answers what stands and does nothing."""
    payment = paid(paying)
    wish = {"paymentId": payment.id, "reason": "late"}
    bare = paying.service.call("POST", "/refunds", wish, subject="ann", scope=STAFF)
    assert (bare.status, bare.body["code"]) == (400, "idempotency_key_required")
    key = {"Idempotency-Key": f"key-{next(_keys)}"}
    first, again = (ask(paying, "POST", "/refunds", wish, **key) for _ in range(2))
    assert (first.status, again.status) == (201, 201)
    assert first.body["refund"]["id"] == again.body["refund"]["id"]
    repeat = ask(paying, "POST", "/refunds", wish)
    assert repeat.body["code"] == "already_decided"


def test_a_customer_reads_their_own_refunds_and_nothing_else(paying: World) -> None:
    """Who asked and approved is the staff's; another customer's refund is not there."""
    payment = paid(paying, subject="amina")
    refund = refund_of(paying, payment)
    mine = paying.service.call("GET", f"/refunds/{refund['id']}", subject="amina")
    assert (mine.status, mine.body["refund"]["requestedBy"], mine.body["refund"]["digest"]) == (200, None, None)
    listed = paying.service.call("GET", "/refunds", subject="amina").body["refunds"]
    assert [each["id"] for each in listed] == [refund["id"]]
    assert paying.service.call("GET", f"/refunds/{refund['id']}", subject="wanja").status == 404
    assert paying.service.call("GET", "/refunds", subject="wanja").body["refunds"] == []
    for path in ("/payouts", "/payees", "/money-out"):
        assert paying.service.call("GET", path, subject="amina").status == 403
    assert (
        ask(
            paying, "POST", "/refunds", {"paymentId": payment.id, "reason": "me"}, by="amina", scope="payments:write"
        ).status
        == 403
    )


def test_with_money_out_off_all_is_refused_and_can_be_read(world: World) -> None:
    """Off is how it begins."""
    payment = paid(world)
    wish = {"paymentId": payment.id, "reason": "late"}
    posts = [
        ("/refunds", wish),
        ("/payouts", {"payeeId": "py_1", "amount": 100, "reason": "done"}),
        ("/payees", {"name": "Njeri", "phoneNumber": "0712345678"}),
        ("/money-out/stop", {}),
    ]
    for path, body in posts:
        answer = ask(world, "POST", path, body, scope="admin")
        assert (answer.status, answer.body["code"]) == (403, "money_out_off"), path
    assert ask(world, "GET", "/money-out").body["moneyOut"]["state"] == "off"
    assert ask(world, "GET", "/refunds").status == 200
