"""What payouts cost, where it is booked, and how the statement has it (texts: B2C charges; texts: rows to imitate)."""

import pytest

from tests.simulator.conftest import StartDaraja
from tests.simulator.money_out import b2c, funded, result, reverse, values
from tests.simulator.statements import chains, statement, take_payment


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


def test_charges_of_their_own_account_have_its_statement(start_daraja: StartDaraja) -> None:
    """With `--charge-account charges` the utility account's statement has the payout alone."""
    daraja = funded(start_daraja(b2c_tariff="registered", charge_account="charges"))
    b2c(daraja, Amount="300")
    receipt = result(daraja)["TransactionID"]
    (charged,) = statement(daraja, account="charges").rows
    assert (charged["Receipt No."], charged["Details"]) == (receipt, "Business Payment Charge")
    assert (charged["Withdrawn"], charged["Balance"]) == ("-5.00", "-5.00")
    paid, _ = statement(daraja).rows
    assert (paid["Receipt No."], paid["Balance"]) == (receipt, "9,700.00")


def test_the_newer_export_has_payouts_too(start_daraja: StartDaraja) -> None:
    """In its own mask, middle names shown, with both rows in its chain of balances."""
    daraja = funded(start_daraja(b2c_tariff="registered"))
    daraja.subscriber(name="JANE WANJIKU DOE")
    b2c(daraja, Amount="300")
    receipt = result(daraja)["TransactionID"]
    sheet = statement(daraja, layout="newer")
    paid, charged, _ = sheet.rows
    assert paid["Details"] == "Business Payment to 2547****001 - JANE WANJIKU DOE via API"
    assert (paid["Receipt No"], charged["Receipt No"]) == (receipt, receipt)
    assert paid["Withdrawn (KSHs)"] == "-300.00"
    assert chains(sheet, "Paid In (KSHs)", "Withdrawn (KSHs)", "Balance (KSHs)")


@pytest.mark.parametrize(
    ("command", "details", "reason"),
    [
        ("SalaryPayment", "Salary Payment", "Salary Payment via API"),
        ("PromotionPayment", "Promotion Payment", "Promotion Payment via API"),
    ],
)
def test_a_statement_names_the_purpose(start_daraja: StartDaraja, command: str, details: str, reason: str) -> None:
    """Of a salary and of a promotion, in the row of the payout and in that of its charge."""
    daraja = funded(start_daraja(b2c_tariff="registered"))
    b2c(daraja, Amount="300", CommandID=command)
    result(daraja)
    paid, charged, _ = statement(daraja).rows
    assert paid["Details"].startswith(f"{details} to 25472****001 - ")
    assert (charged["Details"], paid["Reason Type"], charged["Reason Type"]) == (f"{details} Charge", reason, reason)


def test_a_payout_leaves_a_statement_whose_sums_hold(start_daraja: StartDaraja) -> None:
    """Payments in, a payout with its charge, a reversal and a sweep: the chain holds, and the header sums the rows."""
    daraja = start_daraja(b2c_tariff="withdrawal")
    receipts = [take_payment(daraja, amount) for amount in (1_500, 200)]
    b2c(daraja, Amount="1000")
    result(daraja)
    reverse(daraja, receipts[1], Amount="200")
    assert result(daraja, count=2)["ResultCode"] == 0
    daraja.call("POST", "/sim/api/accounts/sweep", {})
    sheet = statement(daraja)
    assert chains(sheet)
    assert sheet.column("Balance") == ["0.00", "466.00", "666.00", "1,666.00", "1,700.00", "1,500.00"]
    assert (sheet.labelled("Total Paid In:"), sheet.labelled("Total Withdrawn:")) == ("1,700.00", "-1,700.00")
