"""The organisation's side of `/sim/api`: balances, sweeps, reversals, and what payments cost."""

from datetime import datetime
from typing import Any

import pytest

from pokea.clock import EAST_AFRICA_TIME, from_datetime
from pokea.simulator import SimulatorOptions
from pokea.simulator.identifiers import next_time_of_day
from pokea.simulator.tariffs import cost_of
from tests.simulator.conftest import StartDaraja
from tests.simulator.running import PHONE, Daraja
from tests.simulator.statements import pay_till, statement, take_payment


def accounts(daraja: Daraja) -> Any:
    """The balances."""
    return daraja.call("GET", "/sim/api/accounts").json["accounts"]


def test_payments_fill_the_account_that_they_are_made_to(daraja: Daraja) -> None:
    """A paybill's the utility account, a till's the merchant account; the journal says the same."""
    take_payment(daraja, 100)
    pay_till(daraja, 30)
    assert accounts(daraja) == {"utility": 100, "merchant": 30, "working": 0, "settlement": 0, "charges": 0}
    assert daraja.journal["accounts"] == accounts(daraja)


def test_a_balance_can_be_set(daraja: Daraja) -> None:
    """The accounts that are named change, and the difference is a row of their statement."""
    take_payment(daraja, 100)
    reply = daraja.call("POST", "/sim/api/accounts", {"utility": 40.5, "working": 7})
    assert (reply.status, reply.json["accounts"]["utility"], reply.json["accounts"]["working"]) == (200, 40.5, 7)
    taken, paid = statement(daraja).rows
    assert (taken["Withdrawn"], taken["Balance"], paid["Balance"]) == ("-59.50", "40.50", "100.00")


def test_a_sweep_empties_the_account(daraja: Daraja) -> None:
    """All of it, once: an empty account has nothing to sweep."""
    take_payment(daraja, 100)
    swept = daraja.call("POST", "/sim/api/accounts/sweep", {"account": "utility"})
    assert (swept.status, swept.json["amount"], swept.json["account"]) == (201, 100, "utility")
    assert accounts(daraja)["utility"] == 0
    assert statement(daraja).rows[0]["Receipt No."] == swept.json["receipt"]
    again = daraja.call("POST", "/sim/api/accounts/sweep", {"account": "utility"})
    assert (again.status, again.json["code"]) == (409, "nothing_to_sweep")


def test_a_sweep_comes_by_itself_each_night(start_daraja: StartDaraja) -> None:
    """At the minute of the switch in Nairobi, of every account that customers pay into."""
    daraja = start_daraja(sweep_at="23:09")
    for _ in range(2):
        daraja.new_token()
        take_payment(daraja, 100)
        pay_till(daraja, 30)
        daraja.advance(86_400)
        assert (accounts(daraja)["utility"], accounts(daraja)["merchant"]) == (0, 0)
    swept = [row for row in statement(daraja).rows if row["Withdrawn"]]
    assert [row["Completion Time"][11:] for row in swept] == ["23:09:00", "23:09:00"]
    assert swept[0]["Details"] == "Utility Account to Organization Settlement Account"


def test_a_reversal_gives_the_money_back(daraja: Daraja) -> None:
    """The customer has it again with an SMS in M-PESA's words, the organisation no longer, and the journal both."""
    paid = take_payment(daraja, 1500)
    before = daraja.phone()["balance"]
    reply = daraja.call("POST", "/sim/api/reversals", {"receipt": paid})
    assert reply.status == 201
    made = reply.json
    assert (made["originalReceipt"], made["amount"]) == (paid, 1500)
    assert made["receipt"] not in (paid, "")
    assert daraja.journal["reversals"] == [made]
    assert daraja.phone()["balance"] == before + 1500
    assert accounts(daraja)["utility"] == 0
    text = daraja.phone()["messages"][-1]["text"]
    assert text.startswith(
        f"{made['receipt']} confirmed. Reversal of transaction {paid} has been successfully reversed  on "
    )
    assert "M and Ksh1,500.00 is credited to your M-PESA account. New M-PESA account balance is Ksh10,000.00." in text


def test_a_payment_is_reversed_once(daraja: Daraja) -> None:
    """Again is refused, and so is a receipt that is no payment's."""
    paid = take_payment(daraja, 100)
    made = daraja.call("POST", "/sim/api/reversals", {"receipt": paid}).json
    again = daraja.call("POST", "/sim/api/reversals", {"receipt": paid})
    assert (again.status, again.json["code"]) == (409, "already_reversed")
    for receipt in (made["receipt"], "TK5AA00001"):
        assert daraja.call("POST", "/sim/api/reversals", {"receipt": receipt}).status == 404
    assert len(daraja.journal["reversals"]) == 1


def test_what_was_swept_cannot_be_reversed(daraja: Daraja) -> None:
    """The account must hold as much: 409, and nothing has moved."""
    paid = take_payment(daraja, 100)
    daraja.call("POST", "/sim/api/accounts/sweep", {})
    before = daraja.phone()["balance"]
    reply = daraja.call("POST", "/sim/api/reversals", {"receipt": paid})
    assert (reply.status, reply.json["code"]) == (409, "insufficient_funds")
    assert (daraja.phone()["balance"], daraja.journal["reversals"]) == (before, [])


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("accounts", {"utility": -1}, "utility"),
        ("accounts", {"utility": 0.001}, "utility"),
        ("accounts", {"charges": 5}, "charges"),
        ("accounts", {"bank": 5}, "bank"),
        ("accounts/sweep", {"account": "charges"}, "account"),
        ("reversals", {"receipt": "tk5aa00001"}, "receipt"),
        ("reversals", {}, "receipt"),
        ("subscribers", {"msisdn": PHONE, "name": ""}, "name"),
        ("subscribers", {"msisdn": PHONE, "name": "A\nB\x00"}, "name"),
    ],
)
def test_a_wrong_field_is_named(daraja: Daraja, path: str, body: Any, field: str) -> None:
    """400 with the field, as everywhere in `/sim/api`."""
    reply = daraja.call("POST", f"/sim/api/{path}", body)
    assert reply.status == 400, reply.body
    assert reply.json["errors"][0]["field"] == field


def test_the_customer_s_part_of_the_charge_is_taken_and_printed(start_daraja: StartDaraja) -> None:
    """On top of the amount; a balance that covers the amount alone is too small."""
    daraja = start_daraja(tariff="mgao")
    daraja.subscriber(PHONE, balance=1_510)
    take_payment(daraja, 1500)
    assert daraja.phone()["balance"] == 0
    assert "Transaction cost, Ksh10.00." in daraja.phone()["messages"][-1]["text"]
    daraja.subscriber(PHONE, balance=1_509)
    assert daraja.callback(daraja.pushed(PHONE, 1500))["ResultCode"] == 1


@pytest.mark.parametrize(
    ("tariff", "shillings", "customer", "business"),
    [
        ("none", 250_000, 0, 0),
        ("mgao", 100, 0, 0),
        ("mgao", 101, 5, 0),
        ("mgao", 1_001, 10, 5),
        ("mgao", 45_001, 24, 84),
        ("business", 1_500, 15, 0),
        ("customer", 1_500, 0, 15),
        ("customer", 250_000, 0, 108),
    ],
)
def test_the_paybill_s_tariffs(tariff: Any, shillings: int, customer: int, business: int) -> None:
    """Total and parts of `texts: paybill charges`, at the edges of their bands."""
    cost = cost_of(shillings, SimulatorOptions(tariff=tariff), at_till=False)
    assert (cost.customer_cents, cost.business_cents) == (customer * 100, business * 100)


@pytest.mark.parametrize(
    ("shillings", "fee_cents"),
    [(200, 0), (201, 110), (400, 220), (36_363, 19_999), (36_364, 20_000), (250_000, 20_000)],
)
def test_the_till_s_fee(shillings: int, fee_cents: int) -> None:
    """0.55 % above KES 200, at most KES 200, all of it the business's; nothing until it is switched on."""
    assert cost_of(shillings, SimulatorOptions(till_fee=True), at_till=True) == (0, fee_cents)
    assert cost_of(shillings, SimulatorOptions(tariff="mgao"), at_till=True) == (0, 0)


@pytest.mark.parametrize("text", ["2309", "24:00", "23:60", "23:9", "at night", ""])
def test_a_sweep_s_time_is_a_time(text: str) -> None:
    """Anything else is refused with the switch's name."""
    with pytest.raises(ValueError, match="sweep_at"):
        SimulatorOptions(sweep_at=text)


def test_the_next_night_is_always_ahead() -> None:
    """Later today, or tomorrow when it is that minute now."""
    evening = from_datetime(datetime(2026, 11, 5, 23, 8, 59, tzinfo=EAST_AFRICA_TIME))
    minute = 60 * 1_000_000
    assert next_time_of_day(evening, "23:09") - evening == 1_000_000
    assert next_time_of_day(evening + minute, "23:09") - evening == 1_000_000 + 86_400 * 1_000_000
