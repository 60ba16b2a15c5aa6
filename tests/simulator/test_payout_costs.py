"""What payouts cost, where it is booked, and how the statement has it (texts: B2C charges; texts: rows to imitate)."""

import pytest

from tests.simulator.conftest import StartDaraja
from tests.simulator.money_out import b2c, funded, result, values
from tests.simulator.statements import statement


@pytest.mark.parametrize(
    ("switches", "utility", "charges", "rows"),
    [
        ({"b2c_tariff": "none"}, 8_500, 0, 2),
        ({"b2c_tariff": "registered"}, 8_495, 0, 3),
        ({"b2c_tariff": "withdrawal"}, 8_466, 0, 3),
        ({"b2c_tariff": "registered", "charge_account": "charges"}, 8_500, -5, 2),
    ],
)
def test_a_payout_costs_what_the_tariff_says(
    start_daraja: StartDaraja, switches: dict[str, str], utility: int, charges: int, rows: int
) -> None:
    """The charge is booked beside the payout or in Charges Paid, and the Result says what is left."""
    daraja = funded(start_daraja(**switches))
    b2c(daraja, Amount="1500")
    found = values(result(daraja))
    accounts = daraja.journal["accounts"]
    assert (accounts["utility"], accounts["charges"]) == (utility, charges)
    assert found["B2CUtilityAccountAvailableFunds"] == utility
    assert found["B2CChargesPaidAccountAvailableFunds"] == charges
    assert len(statement(daraja).rows) == rows


def test_a_charge_must_be_covered_too(start_daraja: StartDaraja) -> None:
    """A payout that leaves nothing for its charge is declined."""
    daraja = funded(start_daraja(b2c_tariff="registered"), utility=1_500)
    b2c(daraja, Amount="1500")
    assert result(daraja)["ResultCode"] == 1


def test_a_statement_has_the_payout_and_its_charge(start_daraja: StartDaraja) -> None:
    """Newest first: the payout above its charge under one receipt, in M-PESA's words, with the balances of both."""
    daraja = funded(start_daraja(b2c_tariff="registered"))
    daraja.subscriber(name="JANE WANJIKU DOE")
    b2c(daraja, Amount="300")
    receipt = result(daraja)["TransactionID"]
    paid, charged, _ = statement(daraja).rows
    party = "25472****001 - JANE **** DOE"
    assert [row["Receipt No."] for row in (paid, charged)] == [receipt, receipt]
    assert paid["Details"] == f"Business Payment to {party} via API"
    assert charged["Details"] == "Business Payment Charge"
    reason = "Business Payment to Customer via API"
    assert (paid["Reason Type"], charged["Reason Type"]) == (reason, reason)
    assert (paid["Other Party Info"], charged["Other Party Info"]) == (party, "")
    assert (paid["Withdrawn"], paid["Balance"]) == ("-300.00", "9,695.00")
    assert (charged["Withdrawn"], charged["Balance"]) == ("-5.00", "9,995.00")
