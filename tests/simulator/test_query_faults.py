"""What can go wrong with a query: every fault that the law names (law: simulator)."""

import pytest

from pokea.simulator.faults import QUERY_PATH
from tests.simulator.running import Daraja

_GOOD = "254708374149"


def _paid(daraja: Daraja) -> str:
    checkout = daraja.pushed()
    daraja.answer()
    return checkout


def test_a_false_failure_is_told_on_each_request(daraja: Daraja) -> None:
    """`query_false_failure`: 1037 for a payment that was charged, each time, until the fault is gone."""
    daraja.fault("query_false_failure")
    checkout = _paid(daraja)
    for _ in range(3):
        answer = daraja.query(checkout).json
        assert (answer["ResultCode"], answer["ResultDesc"]) == ("1037", "DS timeout user cannot be reached.")
    daraja.call("DELETE", "/sim/api/faults")
    assert daraja.query(checkout).json["ResultCode"] == "0"


def test_a_false_failure_can_come_before_the_end(daraja: Daraja) -> None:
    """It is told of a pending payment as well, and the prompt stays open."""
    daraja.fault("query_false_failure")
    assert daraja.query(daraja.pushed()).json["ResultCode"] == "1037"
    assert len(daraja.prompts()) == 1


def test_a_random_error_proves_nothing(daraja: Daraja) -> None:
    """`query_random_error`: 500.001.1001 for a payment whose end is known."""
    daraja.fault("query_random_error", count=1)
    checkout = _paid(daraja)
    assert daraja.query(checkout).error == (500, "500.001.1001", "The transaction is being processed")
    assert daraja.query(checkout).json["ResultCode"] == "0"


def test_pending_can_last(daraja: Daraja) -> None:
    """`query_pending`: 4999 although the payment has ended."""
    daraja.fault("query_pending", count=1)
    checkout = _paid(daraja)
    assert daraja.query(checkout).json["ResultCode"] == "4999"
    assert daraja.query(checkout).json["ResultCode"] == "0"


def test_pending_that_is_true_does_not_use_up_the_fault(daraja: Daraja) -> None:
    """The count falls only when the fault acts."""
    daraja.fault("query_pending", count=1)
    checkout = daraja.pushed()
    assert daraja.query(checkout).json["ResultCode"] == "4999"
    daraja.answer()
    assert daraja.query(checkout).json["ResultCode"] == "4999"
    assert daraja.query(checkout).json["ResultCode"] == "0"


def test_a_known_id_can_be_unknown(daraja: Daraja) -> None:
    """`query_unknown`: a payment that Daraja holds does not exist."""
    daraja.fault("query_unknown", count=1)
    checkout = _paid(daraja)
    assert daraja.query(checkout).error == (500, "500.001.1001", "The transaction does not Exist")
    assert daraja.query(checkout).json["ResultCode"] == "0"


def test_the_query_limit_is_five_a_minute_one_at_a_time(daraja: Daraja) -> None:
    """`query_limit`: the first passes, the next within 12 s get 429, and five pass in a minute."""
    checkout = _paid(daraja)
    assert daraja.query(checkout).status == 200
    daraja.fault("query_limit")
    statuses = []
    for _ in range(60):
        statuses.append(daraja.query(checkout).status)
        daraja.advance(1)
    assert statuses.count(200) == 5
    assert set(statuses) == {200, 429}
    assert statuses[0] == 200
    assert statuses[1] == 429


def test_the_query_limit_is_shared_by_all_ids(daraja: Daraja) -> None:
    """The limit is the app's: another id does not help."""
    daraja.fault("query_limit")
    first, second = _paid(daraja), _paid(daraja)
    assert daraja.query(first).status == 200
    assert daraja.query(second).status == 429


def test_the_query_limit_does_not_limit_pushes(daraja: Daraja) -> None:
    """Only the query is limited, and only while the fault is there."""
    daraja.fault("query_limit")
    for number in range(5):
        assert daraja.push(PartyA=f"25472200000{number}").status == 200
    daraja.query("x")
    assert daraja.query("x").status == 429
    daraja.call("DELETE", "/sim/api/faults")
    assert daraja.query("x").status == 500


def test_the_count_of_the_limit_is_refusals(daraja: Daraja) -> None:
    """`count` 1 refuses one query."""
    daraja.fault("query_limit", count=1)
    checkout = _paid(daraja)
    assert [daraja.query(checkout).status for _ in range(3)] == [200, 429, 200]


def test_a_query_s_fault_can_be_one_phone_s(daraja: Daraja) -> None:
    """`msisdn` is that of the payment asked about."""
    daraja.fault("query_false_failure", msisdn=_GOOD)
    mine, good = _paid(daraja), daraja.pushed(_GOOD)
    daraja.advance(1)
    assert daraja.query(mine).json["ResultCode"] == "0"
    assert daraja.query(good).json["ResultCode"] == "1037"


@pytest.mark.parametrize("kind", ["query_false_failure", "query_pending", "query_unknown"])
def test_an_id_that_is_not_held_stays_unknown(daraja: Daraja, kind: str) -> None:
    """Faults about payments do not make one up."""
    daraja.fault(kind)
    assert daraja.query("ws_CO_x").error == (500, "500.001.1001", "The transaction does not Exist")
    assert daraja.requests(QUERY_PATH)[0]["fault"] is None


def test_the_journal_names_the_fault_of_a_query(daraja: Daraja) -> None:
    """Whoever reads the journal sees which answer was a lie."""
    daraja.fault("query_false_failure", count=1)
    checkout = _paid(daraja)
    daraja.query(checkout)
    daraja.query(checkout)
    assert [(r["status"], r["fault"]) for r in daraja.requests(QUERY_PATH)] == [
        (200, "query_false_failure"),
        (200, None),
    ]
