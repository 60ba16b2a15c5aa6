"""What goes wrong while money goes out: the answer, the Result, and always the truth of the journal (law: simulator of
money out)."""

import http.client
from typing import Any

import pytest

from pokea.daraja.b2c import B2C_PATH
from tests.simulator.conftest import StartDaraja
from tests.simulator.money_out import (
    b2c,
    b2c_body,
    came_to,
    funded,
    post,
    result,
    result_url,
    results,
)
from tests.simulator.running import PHONE, Daraja, eventually, seconds_between

OTHER_PHONE = "254722000002"


def payouts(daraja: Daraja) -> list[Any]:
    """The truth."""
    found: list[Any] = daraja.journal["payouts"]
    return found


def notices(daraja: Daraja) -> list[Any]:
    """What came to QueueTimeOutURL."""
    return came_to(daraja, "/out/timeout/one")


def broken(daraja: Daraja, kind: str, **fields: Any) -> Daraja:
    """A simulator with money and one fault."""
    daraja.fault(kind, **fields)
    return funded(daraja)


def test_a_lost_result(daraja: Daraja) -> None:
    """`result_lost`: the money has moved, and no Result ever comes."""
    broken(daraja, "result_lost", count=1)
    b2c(daraja)
    daraja.advance(600)
    assert (len(payouts(daraja)), results(daraja), daraja.journal["results"]) == (1, [], [])


def test_a_late_result(daraja: Daraja) -> None:
    """`result_late`: the Result is the truth, `seconds` after the money moved."""
    broken(daraja, "result_late", seconds=30)
    b2c(daraja)
    daraja.advance(31)
    assert (len(payouts(daraja)), results(daraja)) == (1, [])
    assert result(daraja, seconds=2)["ResultCode"] == 0
    (sent,) = daraja.journal["results"]
    assert seconds_between(payouts(daraja)[0]["at"], sent["sentAt"]) == 30


def test_a_result_that_comes_twice(daraja: Daraja) -> None:
    """`result_twice`: the same bytes a second time; the money moved once."""
    broken(daraja, "result_twice", seconds=10, count=1)
    b2c(daraja)
    result(daraja)
    result(daraja, count=2, seconds=10)
    first, second = results(daraja)
    assert first == second
    assert len(payouts(daraja)) == 1


def test_an_early_result(daraja: Daraja) -> None:
    """`result_early`: when the acknowledgement comes, the Result has been there, with the same ids."""
    broken(daraja, "result_early", count=1)
    reply = b2c(daraja)
    (told,) = results(daraja)
    assert (told["ResultCode"], told["ConversationID"]) == (0, reply.json["ConversationID"])
    assert len(payouts(daraja)) == 1
    daraja.advance(10)
    assert len(results(daraja)) == 1


def test_a_result_with_another_amount(daraja: Daraja) -> None:
    """`result_amount`: a shilling more than what moved."""
    broken(daraja, "result_amount", count=1)
    b2c(daraja)
    assert result(daraja)["ResultParameters"]["ResultParameter"][0] == {"Key": "TransactionAmount", "Value": 101}
    assert [payout["amount"] for payout in payouts(daraja)] == [100]


def test_a_result_with_another_recipient(daraja: Daraja) -> None:
    """`result_recipient`: it names a number that got nothing."""
    broken(daraja, "result_recipient", count=1)
    b2c(daraja)
    named = result(daraja)["ResultParameters"]["ResultParameter"][2]["Value"]
    assert named.startswith("254722000002 - ")
    assert [payout["msisdn"] for payout in payouts(daraja)] == [PHONE]


@pytest.mark.parametrize("kind", ["request", "result"])
def test_a_timeout_notice(start_daraja: StartDaraja, kind: str) -> None:
    """`timeout_notice`: the notice is the request or a Result, nothing is paid, and no Result comes."""
    daraja = broken(start_daraja(timeout_notice=kind), "timeout_notice", count=1)
    body = b2c_body(daraja)
    reply = post(daraja, B2C_PATH, body)
    daraja.advance(600)
    (notice,) = notices(daraja)
    assert (payouts(daraja), results(daraja)) == ([], [])
    assert [entry["timeoutNotice"] for entry in daraja.journal["results"]] == [True]
    if kind == "request":
        assert notice == body
        return
    assert notice["Result"] == {
        "ResultType": 1,
        "ResultCode": 1,
        "ResultDesc": "The service request timed out.",
        "OriginatorConversationID": body["OriginatorConversationID"],
        "ConversationID": reply.json["ConversationID"],
    }


def test_a_timeout_notice_and_then_success(daraja: Daraja) -> None:
    """`timeout_then_success`: after the notice the money moves, and its Result comes."""
    broken(daraja, "timeout_then_success", count=1, seconds=20)
    b2c(daraja)
    daraja.advance(2)
    assert (len(notices(daraja)), payouts(daraja), results(daraja)) == (1, [], [])
    assert result(daraja, seconds=20)["ResultCode"] == 0
    assert (len(notices(daraja)), len(payouts(daraja))) == (1, 1)


def test_both_addresses_may_be_one(daraja: Daraja) -> None:
    """Notice and Result come to the same address then, one after the other."""
    broken(daraja, "timeout_then_success", count=1)
    b2c(daraja, QueueTimeOutURL=result_url(daraja))
    daraja.advance(10)
    notice, told = eventually(lambda: len(found := came_to(daraja, "/out/result/one")) == 2 and found)
    assert ("InitiatorName" in notice, told["Result"]["ResultCode"]) == (True, 0)


@pytest.mark.parametrize(
    ("wording", "refusal"),
    [("first", ("500.003.1001", "Internal Server Error")), ("second", ("500.002.1001", "System internal error."))],
)
def test_an_error_before_and_after_the_payment(
    start_daraja: StartDaraja, wording: str, refusal: tuple[str, str]
) -> None:
    """`out_500_before` leaves nothing, so that the same id is free; `out_500_after` has paid, and its Result comes."""
    daraja = broken(start_daraja(wording=wording), "out_500_before", count=1)
    assert b2c(daraja).error == (500, *refusal)
    daraja.advance(10)
    assert (payouts(daraja), results(daraja)) == ([], [])
    daraja.fault("out_500_after", count=1)
    assert b2c(daraja).error == (500, *refusal)
    assert len(payouts(daraja)) == 1
    assert results(daraja) == []
    assert result(daraja)["ResultCode"] == 0
    assert b2c(daraja).error == (500, "500.002.1001", "Duplicate OriginatorConversationID.")
    assert len(payouts(daraja)) == 1


def test_text_after_the_payment(daraja: Daraja) -> None:
    """`out_text_after`: a proxy's words, and the money has moved."""
    broken(daraja, "out_text_after", count=1)
    reply = b2c(daraja)
    assert (reply.status, reply.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    assert reply.body.startswith(b"upstream connect error")
    assert len(payouts(daraja)) == 1
    assert result(daraja)["ResultCode"] == 0


@pytest.mark.parametrize(("kind", "paid"), [("out_dropped_before", 0), ("out_dropped_after", 1)])
def test_a_cut_connection(daraja: Daraja, kind: str, paid: int) -> None:
    """Without a byte of an answer; only the second has paid."""
    broken(daraja, kind, count=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        b2c(daraja)
    daraja.advance(10)
    assert len(payouts(daraja)) == paid
    assert eventually(lambda: len(results(daraja)) == paid or paid == 0)
    (request,) = daraja.requests(B2C_PATH)
    assert (request["status"], request["fault"]) == (None, kind)


def test_code_15_for_a_payout_that_was_made(daraja: Daraja) -> None:
    """`duplicate_late`: Daraja sent it on twice; the payout is made once, and the only Result says 15."""
    broken(daraja, "duplicate_late", count=1)
    reply = b2c(daraja)
    told = result(daraja)
    assert (told["ResultCode"], told["ResultDesc"]) == (15, "Duplicate OriginatorConversationID.")
    assert told["OriginatorConversationID"] == reply.json["OriginatorConversationID"]
    assert told["TransactionID"].endswith("0000000")
    daraja.advance(600)
    assert (len(payouts(daraja)), len(results(daraja))) == (1, 1)


def test_a_duplicate_that_is_refused_late(daraja: Daraja) -> None:
    """`duplicate_late`: a second request of one id is acknowledged with another ConversationID, and its Result says
    15."""
    funded(daraja)
    first = b2c(daraja).json
    assert result(daraja)["ResultCode"] == 0
    daraja.fault("duplicate_late", count=1)
    second = b2c(daraja).json
    assert second["OriginatorConversationID"] == first["OriginatorConversationID"]
    assert second["ConversationID"] != first["ConversationID"]
    told = result(daraja, count=2)
    assert (told["ResultCode"], told["ConversationID"]) == (15, second["ConversationID"])
    assert len(payouts(daraja)) == 1
    assert b2c(daraja).status == 500


def test_a_payout_that_waits_to_be_sent_again(daraja: Daraja) -> None:
    """`waiting_to_resend`: a Result with 100000000, and later the true one, with the same ids."""
    broken(daraja, "waiting_to_resend", count=1, seconds=60)
    b2c(daraja)
    waiting = result(daraja)
    assert (waiting["ResultCode"], payouts(daraja)) == (100000000, [])
    told = result(daraja, count=2, seconds=60)
    assert (told["ResultCode"], told["ConversationID"]) == (0, waiting["ConversationID"])
    assert len(payouts(daraja)) == 1


def test_a_locked_initiator(daraja: Daraja) -> None:
    """`initiator_locked`: acknowledged, and the Result says 8006."""
    broken(daraja, "initiator_locked", count=1)
    assert b2c(daraja).status == 200
    told = result(daraja)
    assert (told["ResultCode"], told["ResultDesc"]) == (8006, "The security credential is locked")
    assert payouts(daraja) == []


def test_a_silent_initiator(daraja: Daraja) -> None:
    """`initiator_silent`: acknowledged, and nothing follows."""
    broken(daraja, "initiator_silent", count=1)
    assert b2c(daraja).status == 200
    daraja.advance(3_600)
    assert (payouts(daraja), results(daraja), notices(daraja)) == ([], [], [])


def test_a_version_that_the_app_may_not_use(start_daraja: StartDaraja) -> None:
    """`v3_forbidden`: 403.002.1001 and nothing happens; the first version is not meant."""
    daraja = broken(start_daraja(b2c_v1=True), "v3_forbidden")
    refusal = (403, "403.002.1001", "You are not authorized to initiate this transaction")
    assert b2c(daraja).error == refusal
    assert b2c(daraja, path="/mpesa/b2c/v1/paymentrequest").status == 200


@pytest.mark.parametrize(("kind", "code"), [("no_funds", 1), ("recipient_limit", 8), ("recipient_unknown", 2040)])
def test_what_declines_a_payout(daraja: Daraja, kind: str, code: int) -> None:
    """The Result has the code and the money stays; with the next one, all is well again."""
    broken(daraja, kind, count=1)
    b2c(daraja)
    assert result(daraja)["ResultCode"] == code
    assert payouts(daraja) == []
    b2c(daraja, OriginatorConversationID="the-next")
    assert result(daraja, count=2)["ResultCode"] == 0


def test_a_fault_is_meant_for_one_phone(daraja: Daraja) -> None:
    """`msisdn` is the recipient's, whichever fault it is."""
    broken(daraja, "out_500_before", msisdn=OTHER_PHONE)
    daraja.fault("result_lost", msisdn=OTHER_PHONE)
    assert b2c(daraja).status == 200
    assert result(daraja)["ResultCode"] == 0
    assert b2c(daraja, PartyB=OTHER_PHONE, OriginatorConversationID="other").status == 500


def test_a_fault_can_be_meant_for_one_api(daraja: Daraja) -> None:
    """`path` names it; a path where the kind cannot act is refused."""
    made = daraja.fault("result_lost", path="reversal")
    assert made["path"] == "reversal"
    funded(daraja)
    b2c(daraja)
    assert result(daraja)["ResultCode"] == 0
    refused = daraja.call("POST", "/sim/api/faults", {"kind": "recipient_unknown", "path": "reversal"})
    assert (refused.status, refused.json["errors"][0]["field"]) == (400, "path")


@pytest.mark.parametrize(
    ("kind", "status"), [("http_html", 403), ("spike_arrest", 429), ("token_expired", 401), ("slow", 200)]
)
def test_the_faults_that_act_anywhere_act_here(daraja: Daraja, kind: str, status: int) -> None:
    """With the path of an API of money out, before anything happened."""
    fields = {"seconds": 0} if kind == "slow" else {}
    broken(daraja, kind, path="b2c", count=1, **fields)
    assert b2c(daraja).status == status
    daraja.advance(10)
    assert len(payouts(daraja)) == (status == 200)


def test_a_fault_is_shown_where_it_acted(daraja: Daraja) -> None:
    """In the journal's request, and as an event for what follows it."""
    broken(daraja, "out_500_after", count=1)
    daraja.fault("result_lost", count=1)
    b2c(daraja)
    daraja.advance(10)
    assert [request["fault"] for request in daraja.requests(B2C_PATH)] == ["out_500_after"]
    assert daraja.call("GET", "/sim/api/faults").json["faults"] == []
