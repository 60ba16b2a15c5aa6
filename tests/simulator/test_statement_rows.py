"""The statement's rows: the organisation's statement as M-PESA's portal exports it (texts: envelope; texts: newer
export)."""

import re

import pytest

from tests.simulator.conftest import StartDaraja
from tests.simulator.running import PHONE, Daraja
from tests.simulator.statements import asked, cents, chains, pay_till, statement, take_payment

_OTHER_PHONE = "254711000444"


def test_the_classic_export_is_the_portal_s(daraja: Daraja) -> None:
    """Six rows of preamble, the fourteen columns, and nothing after the last row; lines end as on Windows."""
    daraja.subscriber(PHONE, name="MARY ACHIENG POE")
    receipt = take_payment(daraja, 1500)
    reply = asked(daraja)
    assert reply.headers["content-type"].startswith("text/csv")
    assert re.search(r"ORG_174379_UtilityAccount_All_\d{14}\.csv", reply.headers["content-disposition"])
    lines = reply.body.decode().split("\r\n")
    assert len(lines) == 6 + 1 + 1 + 1
    assert lines[:3] == ["Account Holder:,POKEA DEMO", "Short Code:,174379", "Account:,Utility Account"]
    day = r"\d\d-\d\d-\d{4}"
    assert re.fullmatch(rf"Time Period:,From,{day} 00:00:00,To,{day} 23:59:59", lines[3])
    assert re.fullmatch(rf"Operator:,demo,Organization:,POKEA DEMO,Date of Report:,{day} \d\d:\d\d:\d\d", lines[4])
    assert lines[5] == (
        'Opening Balance:,0.00,Closing Balance:,"1,500.00",Available Balance:,,'
        'Total Paid In:,"1,500.00",Total Withdrawn:,0.00'
    )
    assert lines[6] == (
        "Receipt No.,Completion Time,Initiation Time,Details,Transaction Status,Paid In,Withdrawn,Balance,"
        "Balance Confirmed,Reason Type,Other Party Info,Linked Transaction ID,A/C No.,Currency"
    )
    party = "25472****001 - MARY **** POE"
    assert re.fullmatch(
        rf"{receipt},{day} [\d:]{{8}},{day} [\d:]{{8}},{re.escape(f'Pay Bill from {party} Acc. BK-1001')},Completed,"
        rf'"1,500.00",,"1,500.00",true,Pay Utility,{re.escape(party)},, BK-1001,KES',
        lines[7],
    )


def test_the_newest_row_is_the_first_and_the_balances_chain(daraja: Daraja) -> None:
    """With a reversal and a sweep too: each balance follows from the row below, and the totals are the rows'."""
    receipts = [take_payment(daraja, amount) for amount in (100, 20, 3)]
    daraja.call("POST", "/sim/api/reversals", {"receipt": receipts[1]})
    daraja.call("POST", "/sim/api/accounts/sweep", {"account": "utility"})
    found = statement(daraja)
    assert found.column("Receipt No.")[2:] == receipts[::-1]
    assert chains(found)
    assert cents(found.labelled("Total Paid In:")) == sum(map(cents, found.column("Paid In"))) == 12_300
    assert cents(found.labelled("Total Withdrawn:")) == sum(map(cents, found.column("Withdrawn"))) == -12_300
    assert (found.labelled("Opening Balance:"), found.labelled("Closing Balance:")) == ("0.00", "0.00")


def test_a_reversal_is_a_row_of_its_own_that_names_what_it_undoes(daraja: Daraja) -> None:
    """The payment's row stays; with `linked=false` only the wording says what the later row is."""
    paid = take_payment(daraja, 50)
    made = daraja.call("POST", "/sim/api/reversals", {"receipt": paid}).json
    reversal, payment = statement(daraja).rows
    assert (reversal["Receipt No."], payment["Receipt No."]) == (made["receipt"], paid)
    assert (reversal["Withdrawn"], reversal["Linked Transaction ID"]) == ("-50.00", paid)
    assert "Reversal" in reversal["Reason Type"]
    assert statement(daraja, linked="false").rows[0]["Linked Transaction ID"] == ""


def test_a_till_has_a_statement_of_its_own(daraja: Daraja) -> None:
    """Its short code, its account, no account number; and nothing of it in the paybill's."""
    till, paybill = pay_till(daraja, 70), take_payment(daraja, 30)
    found = statement(daraja, account="merchant")
    (row,) = found.rows
    assert (found.labelled("Short Code:"), found.labelled("Account:")) == ("174380", "Merchant Account")
    assert (row["Receipt No."], row["Reason Type"], row["A/C No."]) == (till, "Pay Merchant", "")
    assert row["Details"] == f"Merchant Payment from {row['Other Party Info']}"
    assert statement(daraja).column("Receipt No.") == [paybill]


@pytest.mark.parametrize(
    ("msisdn", "payer", "masked"),
    [
        (PHONE, "254", "25472****001"),
        (PHONE, "0", "072****001"),
        (_OTHER_PHONE, "254", "25471****444"),
    ],
)
def test_numbers_are_masked_in_the_portal_s_two_ways(daraja: Daraja, msisdn: str, payer: str, masked: str) -> None:
    """First five and last three digits of a number that begins with 254, first three and last three of one with 0."""
    take_payment(daraja, 10, msisdn)
    found = statement(daraja, payer=payer)
    assert found.rows[0]["Other Party Info"].startswith(f"{masked} - ")
    assert msisdn not in str(found)


@pytest.mark.parametrize(
    ("name", "masked"),
    [("JANE WANJIKU DOE", "JANE **** DOE"), ("Ali", "Ali"), ("ann roe", "ann roe"), ("A B C D", "A **** D")],
)
def test_middle_names_are_masked(daraja: Daraja, name: str, masked: str) -> None:
    """Of more than two names all but the first and the last; letters keep their case."""
    daraja.subscriber(PHONE, name=name)
    take_payment(daraja, 10)
    assert statement(daraja).rows[0]["Other Party Info"] == f"25472****001 - {masked}"


@pytest.mark.parametrize(
    ("wording", "details", "reason"),
    [
        ("utility", "Pay Bill from P Acc. BK-1001", "Pay Utility"),
        ("fuliza", "Pay Bill from P Acc. BK-1001", "Pay Utility with OD via STK"),
        ("online", "Pay Bill Online from P Acc. BK-1001", "Pay Bill Online"),
        ("fuliza_online", "Pay Bill Online from P Acc. BK-1001", "Pay Utility with OD Online"),
        ("standing_order", "Standing Order Pay Bill from P Acc. BK-1001", "Standing Order Pay Bill"),
        ("small_business", "Small Business Pay Bill from P Acc. BK-1001", "Pay Utility"),
        ("bare", "Pay Bill Online", "Pay Bill Online"),
        ("unknown", "Customer Payment from P Acc. BK-1001", "Customer Payment"),
    ],
)
def test_each_wording_can_be_asked_for(daraja: Daraja, wording: str, details: str, reason: str) -> None:
    """Openings and reason types as they were seen (texts: wording), with the masked payer between them."""
    take_payment(daraja, 10)
    (row,) = statement(daraja, wording=wording).rows
    assert row["Details"].replace(row["Other Party Info"], "P") == details
    assert row["Reason Type"] == reason


def test_the_switch_says_which_wording_a_push_has(start_daraja: StartDaraja) -> None:
    """No source settles it (texts: wording), so it is the simulator's to say, and the parameter's to change."""
    daraja = start_daraja(statement_wording="online")
    take_payment(daraja, 10)
    assert statement(daraja).column("Reason Type") == ["Pay Bill Online"]
    assert statement(daraja, wording="utility").column("Reason Type") == ["Pay Utility"]


def test_the_newer_export_has_no_preamble_and_shows_both_legs(daraja: Daraja) -> None:
    """Seven columns, slashes, `0.00` on the unused side, a sweep's pairs under one receipt, and the bank at the end."""
    daraja.subscriber(PHONE, name="MARY ACHIENG POE")
    take_payment(daraja, 1100)
    daraja.call("POST", "/sim/api/accounts/sweep", {})
    found = statement(daraja, layout="newer")
    assert found.preamble == []
    assert found.columns == [
        *("Receipt No", "Completion Time", "Details", "Transaction Status"),
        *("Paid In (KSHs)", "Withdrawn (KSHs)", "Balance (KSHs)"),
    ]
    bank, _, _, into, out, paid = found.rows
    assert paid["Details"] == "Pay Bill from 2547****001 - MARY ACHIENG POE Acc. BK-1001"
    assert (paid["Paid In (KSHs)"], paid["Withdrawn (KSHs)"]) == ("1,100.00", "0.00")
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", paid["Completion Time"])
    assert into["Receipt No"] == out["Receipt No"]
    assert (into["Paid In (KSHs)"], out["Withdrawn (KSHs)"]) == ("1,100.00", "-1,100.00")
    assert bank["Details"] == "Agency Withdrawal of funds to Bank"
    assert chains(found, "Paid In (KSHs)", "Withdrawn (KSHs)", "Balance (KSHs)")


def test_charges_are_rows_beside_the_payment_or_in_their_own_account(start_daraja: StartDaraja) -> None:
    """Both layouts that are known (texts: order and balances): above the payment under its receipt, or in Charges
    Paid."""
    beside = start_daraja(tariff="customer", till_fee=True)
    receipt = take_payment(beside, 1500)
    charge, payment = statement(beside).rows
    assert (charge["Receipt No."], payment["Receipt No."]) == (receipt, receipt)
    assert (charge["Details"], charge["Reason Type"], charge["Withdrawn"]) == (
        "Pay Bill Charge",
        "Pay Utility",
        "-15.00",
    )
    assert (charge["Balance"], payment["Balance"], charge["A/C No."]) == ("1,485.00", "1,500.00", "")
    pay_till(beside, 400)
    assert statement(beside, account="merchant").rows[0]["Details"] == "Pay merchant Charge"
    apart = start_daraja(tariff="customer", charge_account="charges")
    take_payment(apart, 1500)
    assert statement(apart).column("Paid In") == ["1,500.00"]
    assert statement(apart, account="charges").column("Balance") == ["-15.00"]


def test_nothing_moved_is_a_statement_too(daraja: Daraja) -> None:
    """The preamble and the header, with the balance that the account has."""
    assert statement(daraja).rows == []
    daraja.call("POST", "/sim/api/accounts", {"utility": 250})
    tomorrow = statement(daraja, from_="2099-01-01", to="2099-01-02")
    assert (tomorrow.rows, tomorrow.labelled("Opening Balance:")) == ([], "250.00")
