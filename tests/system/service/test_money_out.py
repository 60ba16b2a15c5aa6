"""Money out through the real thing: asked for by one person, approved by another, sent once, and found out."""

from collections.abc import Iterator

import pytest

from pokea.operations.tokens import PaymentTokens
from pokea.redact import Secret
from tests.system.service.running import SECRET_KEY, call, eventually
from tests.system.service.treasury import Treasury

_ENDED = ("completed", "failed")


@pytest.fixture(autouse=True)
def _clear(treasury: Treasury) -> Iterator[None]:
    yield
    treasury.world.simulator.api("DELETE", "/faults")
    treasury.start_again()


def test_a_whole_payment_goes_back_by_reversal(treasury: Treasury) -> None:
    """One person asks, another approves; phone, journal, booking and books agree."""
    pushed = treasury.paid()
    refund = treasury.until(treasury.refund(pushed), *_ENDED)
    assert (refund["status"], refund["way"]) == ("completed", "reversal")
    reversals = treasury.world.simulator.api("GET", "/journal")["reversals"]
    assert [each["receipt"] for each in reversals if each["receipt"] == refund["receipt"]] == [refund["receipt"]]
    assert treasury.fee(pushed) == "refunded"


def test_a_part_goes_back_by_b2c_to_the_number_that_paid(treasury: Treasury) -> None:
    """A refund of a part is paid to the payer's phone, once, and the rest of the fee stays held."""
    pushed = treasury.paid(600)
    refund = treasury.until(treasury.refund(pushed, amount=250), *_ENDED)
    assert (refund["status"], refund["way"]) == ("completed", "b2c")
    assert [each["amount"] for each in treasury.payouts_to(pushed.phone)] == [250]
    assert treasury.fee(pushed) == "partly_refunded"


def test_nobody_approves_their_own(treasury: Treasury) -> None:
    """The requester is refused, with whichever token of the same subject; nothing is sent."""
    pushed = treasury.paid()
    refund = treasury.ask("POST", "/refunds", {"paymentId": pushed.id, "reason": "mine"}).body["refund"]
    for scope in ("admin", "out:approve refunds:write"):
        own = treasury.ask("POST", f"/refunds/{refund['id']}/approve", {"digest": refund["digest"]}, scope=scope)
        assert (own.status, own.body["code"]) == (403, "own_request")
    assert treasury.read(refund["id"])["status"] == "requested"
    assert treasury.ask("POST", f"/refunds/{refund['id']}/reject", {"reason": "no"}, who="ben").status == 200


_PAYS = (
    "out_500_after",
    "out_text_after",
    "out_dropped_after",
    "result_twice",
    "result_early",
    "result_late",
    "timeout_then_success",
    "duplicate_late",
    "waiting_to_resend",
    "status_unknown",
)
_FAILS = {"v3_forbidden": "403.002.1001", "no_funds": "1", "recipient_unknown": "2040"}


@pytest.mark.parametrize("fault", _PAYS)
def test_whatever_goes_wrong_after_the_payment_it_is_paid_once_and_completed(treasury: Treasury, fault: str) -> None:
    """A 500, text or a cut after the payment, a Result early, late, twice or after a notice: one payout, completed."""
    pushed = treasury.paid()
    treasury.world.simulator.api("POST", "/faults", {"kind": fault, "count": 1, "seconds": 1, "msisdn": pushed.phone})
    refund = treasury.until(treasury.refund(pushed, way="b2c"), *_ENDED)
    assert refund["status"] == "completed"
    assert [each["receipt"] for each in treasury.payouts_to(pushed.phone)] == [refund["receipt"]]


@pytest.mark.parametrize("fault", _FAILS)
def test_a_proved_failure_pays_nothing_and_can_be_tried_again(treasury: Treasury, fault: str) -> None:
    """What Daraja refuses for certain is failed with its code, nothing is paid, and a retry is approved anew."""
    pushed = treasury.paid()
    treasury.world.simulator.api("POST", "/faults", {"kind": fault, "count": 1, "msisdn": pushed.phone})
    refund = treasury.until(treasury.refund(pushed, way="b2c"), *_ENDED)
    assert (refund["status"], refund["failure"]["code"]) == ("failed", _FAILS[fault])
    assert treasury.payouts_to(pushed.phone) == []
    again = treasury.ask("POST", f"/refunds/{refund['id']}/retry", {"reason": "mended"}, who="cyn").body["refund"]
    assert again["digest"] != refund["digest"]
    for who in ("ann", "cyn"):
        own = treasury.ask("POST", f"/refunds/{refund['id']}/approve", {"digest": again["digest"]}, who=who)
        assert own.status == 403
    approved = treasury.ask("POST", f"/refunds/{refund['id']}/approve", {"digest": again["digest"]}, who="ben")
    assert approved.status == 200
    assert treasury.until(refund["id"], "completed")["attempts"][0]["status"] == "failed"
    assert len(treasury.payouts_to(pushed.phone)) == 1


@pytest.mark.parametrize("fault", ["out_500_before", "out_dropped_before", "timeout_notice"])
def test_what_is_not_proved_is_neither_completed_nor_failed(treasury: Treasury, fault: str) -> None:
    """An answer that says nothing leaves the refund open, its money pending, and nothing is ever sent again."""
    pushed = treasury.paid()
    treasury.world.simulator.api("POST", "/faults", {"kind": fault, "count": 1, "msisdn": pushed.phone})
    open_statuses = ("accepted",) if fault == "timeout_notice" else ("unknown",)
    refund = treasury.until(treasury.refund(pushed, way="b2c"), *open_statuses)
    assert len(refund["attempts"]) == 1
    assert treasury.fee(pushed) == "refunding"
    again = treasury.ask("POST", f"/refunds/{refund['id']}/retry", {"reason": "impatient"})
    assert (again.status, again.body["code"]) == (409, "already_decided")
    assert treasury.payouts_to(pushed.phone) == []


@pytest.mark.parametrize(("fault", "reason"), [("result_amount", "amount"), ("result_recipient", "recipient")])
def test_a_result_with_another_amount_or_recipient_stops_all_money_out(
    treasury: Treasury, fault: str, reason: str
) -> None:
    """The brake is pulled, what waits says so, and only an admin starts it again."""
    pushed = treasury.paid()
    treasury.world.simulator.api("POST", "/faults", {"kind": fault, "count": 1, "msisdn": pushed.phone})
    refund_id = treasury.refund(pushed, way="b2c")
    state = eventually(
        lambda: next(
            (each for each in [treasury.ask("GET", "/money-out").body["moneyOut"]] if each["state"] == "stopped"), None
        ),
        "money out is stopped",
    )
    assert reason in state["reason"]
    assert f"{reason}_differs" in treasury.read(refund_id)["flags"]
    other = treasury.refund(treasury.paid(700))
    assert treasury.read(other)["waiting"] == "stopped"
    assert treasury.ask("POST", "/money-out/start", {"reason": "x"}, scope="out:approve").status == 403
    treasury.start_again()
    assert treasury.until(other, "completed")["waiting"] is None


def test_a_forged_result_at_a_guessed_address_is_not_found(treasury: Treasury) -> None:
    """A body at an address that was never given is 404 and changes nothing."""
    pushed = treasury.paid()
    treasury.world.simulator.api("POST", "/faults", {"kind": "out_500_before", "count": 1, "msisdn": pushed.phone})
    refund = treasury.until(treasury.refund(pushed, way="b2c"), "unknown")
    body = {"Result": {"ResultType": 0, "ResultCode": 0, "ResultDesc": "ok", "TransactionID": "SKQ7FORGED"}}
    for purpose in ("result", "timeout", "status"):
        forged = call("POST", f"{treasury.world.service.url}/api/v1/out/{purpose}/{'a' * 48}", body, {})
        assert forged.status == 404
    assert treasury.read(refund["id"])["status"] == "unknown"


def test_a_result_is_taken_however_its_address_was_joined(treasury: Treasury) -> None:
    """A proxy may double a slash, or add one at the end: Daraja posts a Result once, and a 404 would lose it."""
    pushed = treasury.paid()
    lost = {"kind": "result_lost", "count": 1, "msisdn": pushed.phone}
    treasury.world.simulator.api("POST", "/faults", lost)
    (attempt,) = treasury.until(treasury.refund(pushed, way="b2c"), "accepted")["attempts"]
    token = PaymentTokens(Secret(SECRET_KEY)).sign("out:result:0", attempt["id"])
    for path in (f"//api/v1/out/result/{token}", f"/api/v1//out//result/{token}/"):
        assert call("POST", f"{treasury.world.service.url}{path}", {"Result": {}}, {}).status == 200
        assert call("POST", f"{treasury.world.service.url}{path}/x", {"Result": {}}, {}).status == 404


def test_a_released_fee_is_split_and_its_parts_are_paid_out(treasury: Treasury) -> None:
    """The customer releases; the commission is kept, the payee is paid what is owed, and not a shilling more."""
    pushed, payee_id = treasury.paid(1000), treasury.payee()
    rest = {"split": [{"payeeId": payee_id}]}
    made = treasury.ask("POST", f"/bookings/{pushed.booking_id}/release", rest, "amina", "bookings:write")
    assert made.status == 200, made
    assert (made.body["decision"]["commission"], made.body["decision"]["split"][0]["amount"]) == (100, 900)
    assert treasury.fee(pushed) == "released"
    beyond = treasury.ask("POST", "/payouts", {"payeeId": payee_id, "amount": 901, "reason": "week 48"})
    assert (beyond.status, beyond.body["code"]) == (409, "beyond_payable")
    payout = treasury.ask("POST", "/payouts", {"payeeId": payee_id, "amount": 900, "reason": "week 48"}).body["payout"]
    treasury.ask("POST", f"/payouts/{payout['id']}/approve", {"digest": payout["digest"]}, who="ben")
    assert treasury.until(payout["id"], *_ENDED)["status"] == "completed"


def test_a_disputed_fee_waits_for_an_admin(treasury: Treasury) -> None:
    """After the customer's dispute no customer releases; an admin's refund, approved by another, ends it."""
    pushed, payee_id = treasury.paid(), treasury.payee()
    path = f"/bookings/{pushed.booking_id}"
    assert treasury.ask("POST", f"{path}/dispute", {"reason": "late"}, "amina", "bookings:write").status == 200
    assert treasury.fee(pushed) == "disputed"
    own = treasury.ask("POST", f"{path}/release", {"payeeId": payee_id}, "amina", "bookings:write")
    assert (own.status, own.body["code"]) == (409, "already_decided")
    assert treasury.ask("POST", f"{path}/refund", {}, "amina", "bookings:write").status == 403
    made = treasury.ask("POST", f"{path}/refund", {"reason": "agreed"})
    assert (made.status, made.body["decision"]["kind"], made.body["refund"]["status"]) == (201, "refund", "requested")
    refund = made.body["refund"]
    treasury.ask("POST", f"/refunds/{refund['id']}/approve", {"digest": refund["digest"]}, who="ben")
    treasury.until(refund["id"], "completed")
    assert treasury.fee(pushed) == "refunded"


@pytest.mark.parametrize(
    "path", ["/refunds", "/payouts", "/payees", "/bookings/{}/release", "/bookings/{}/dispute", "/money-out/stop"]
)
def test_without_a_key_nothing_is_done(treasury: Treasury, path: str) -> None:
    """Every POST of money out needs an Idempotency-Key."""
    url = f"{treasury.world.service.url}/api/v1{path.format('bk_' + '0' * 26)}"
    token = treasury.world.service.token("ann", "admin")
    body = {"paymentId": "pay_x", "payeeId": "py_" + "0" * 26, "amount": 10, "reason": "x", "name": "x"}
    answer = call("POST", url, body | {"phoneNumber": "0722000001"}, {"Authorization": f"Bearer {token}"})
    assert (answer.status, answer.body["code"]) == (400, "idempotency_key_required")


def test_a_customer_sees_the_refunds_of_their_own_payments_and_nothing_else(treasury: Treasury) -> None:
    """Payouts, payees, the ledger and the brake are not for customers; a stranger's refund does not exist."""
    refund_id = treasury.until(treasury.refund(treasury.paid()), "completed")["id"]
    own = treasury.ask("GET", f"/refunds/{refund_id}", None, "amina", "payments:read")
    assert own.status == 200
    assert treasury.ask("GET", f"/refunds/{refund_id}", None, "brian", "payments:read").status == 404
    for path in ("/payouts", "/payees", "/ledger/accounts", "/ledger/entries", "/money-out"):
        assert treasury.ask("GET", path, None, "amina", "payments:read").status == 403


@pytest.mark.parametrize("name", ["source", "cursor"])
@pytest.mark.parametrize(
    "value", ["a%00b", f"{'9' * 40}.pay_1.received.0", f"1.pay_1.received.{'9' * 40}", "1.p%00.received.0", "%C3%A9"]
)
def test_what_can_stand_in_no_ledger_is_refused(treasury: Treasury, name: str, value: str) -> None:
    """No database is asked for a character or a number that it cannot hold."""
    answer = treasury.ask("GET", f"/ledger/entries?{name}={value}")
    if name == "source" and value.isascii() and "%" not in value:
        assert (answer.status, answer.body["entries"]) == (200, [])
    else:
        assert (answer.status, answer.body["errors"][0]["field"]) == (400, name)


def test_a_page_of_the_ledger_is_followed_by_the_next(treasury: Treasury) -> None:
    """Its cursor is taken as it was given."""
    treasury.paid()
    first = treasury.ask("GET", "/ledger/entries?limit=1").body
    second = treasury.ask("GET", f"/ledger/entries?limit=1&cursor={first['nextCursor']}")
    assert second.status == 200
    assert second.body["entries"] != first["entries"]


def test_the_books_hold_and_clearing_agrees_with_the_utility_account(treasury: Treasury) -> None:
    """After all of it the ledger sums to nothing, and every rule holds."""
    accounts = treasury.ask("GET", "/ledger/accounts").body["accounts"]
    assert sum(each["balanceCents"] for each in accounts) == 0
    treasury.ask("POST", "/books/check")
    books = eventually(
        lambda: next(
            (
                each
                for each in [treasury.ask("GET", "/books").body]
                if each["holds"] is not None and not each["checking"]
            ),
            None,
        ),
        "the books are checked",
    )
    assert [each["name"] for each in books["rules"] if each["holds"] is False] == []
