"""Statements written for tests, in the classic form (texts: envelope), with sums that agree."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from pokea.clock import EAST_AFRICA_TIME, SECOND, Instant, from_datetime, to_datetime
from pokea.reconciliation.balances import shillings
from pokea.reconciliation.match import Candidate
from pokea.reconciliation.receiving import ReceivingAccount
from pokea.reconciliation.statement import Statement, read_statement

COLUMNS = (
    *("Receipt No.", "Completion Time", "Initiation Time", "Details", "Transaction Status", "Paid In", "Withdrawn"),
    *(
        "Balance",
        "Balance Confirmed",
        "Reason Type",
        "Other Party Info",
        "Linked Transaction ID",
        "A/C No.",
        "Currency",
    ),
)
PAID_AT = from_datetime(datetime(2025, 11, 5, 12, 0, 5, tzinfo=EAST_AFRICA_TIME))
DAY_BEGIN = from_datetime(datetime(2025, 11, 5, tzinfo=EAST_AFRICA_TIME))
DAY_END = from_datetime(datetime(2025, 11, 5, 23, 59, 59, tzinfo=EAST_AFRICA_TIME))
NEXT_DAY = from_datetime(datetime(2025, 11, 6, 8, tzinfo=EAST_AFRICA_TIME))
OURS = ReceivingAccount(frozenset({"174379"}), "utility")


class Movement(Struct, frozen=True, kw_only=True):
    """A row to be written: what moved, in cents, positive into the account."""

    receipt: str = "TK5AA00001"
    at: Instant = PAID_AT
    cents: int = 50_000
    details: str = "Pay Bill from 25471****678 - JANE **** DOE Acc. BK-1001"
    status: str = "Completed"
    reason: str = "Pay Utility"
    payer: str = "25471****678 - JANE **** DOE"
    linked: str = ""
    account: str = " BK-1001"


PAYMENT = Movement()


def printed(at: Instant) -> str:
    """The portal's own form of a time."""
    return f"{to_datetime(at).astimezone(EAST_AFRICA_TIME):%d-%m-%Y %H:%M:%S}"


def classic_rows(
    movements: Sequence[Movement],
    *,
    short_code: str = "174379",
    account: str = "Utility Account",
    since: Instant = DAY_BEGIN,
    until: Instant = DAY_END,
    reported_at: Instant | None = NEXT_DAY,
    opening_cents: int = 0,
) -> list[list[str]]:
    """The cells of a statement of these movements, which are given oldest first and stand newest first."""
    balance = opening_cents
    rows = []
    for each in movements:
        moved = each.cents if each.status == "Completed" else 0
        balance += moved
        paid_in = shillings(each.cents) if each.cents > 0 else ""
        withdrawn = shillings(each.cents) if each.cents < 0 else ""
        rows.append(
            [
                *(each.receipt, printed(each.at), printed(each.at), each.details, each.status, paid_in, withdrawn),
                *(shillings(balance), "true", each.reason, each.payer, each.linked, each.account, "KES"),
            ]
        )
    all_moved = [each.cents for each in movements if each.status == "Completed"]
    report = ["Date of Report:", printed(reported_at)] if reported_at is not None else []
    return [
        ["Account Holder:", "DEMO TRADERS LTD"],
        ["Short Code:", short_code],
        ["Account:", account],
        ["Time Period:", "From", printed(since), "To", printed(until)],
        ["Operator:", "demo", "Organization:", "DEMO TRADERS LTD", *report],
        [
            *("Opening Balance:", shillings(opening_cents), "Closing Balance:", shillings(balance)),
            *("Available Balance:", "", "Total Paid In:", shillings(sum(cents for cents in all_moved if cents > 0))),
            *("Total Withdrawn:", shillings(sum(cents for cents in all_moved if cents < 0))),
        ],
        [*COLUMNS],
        *reversed(rows),
    ]


def as_csv(rows: Iterable[Sequence[str]], delimiter: str = ",") -> bytes:
    """The rows as CSV with the portal's line ends."""
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()


def statement_of(*movements: Movement, read_at: Instant = NEXT_DAY + 3600 * SECOND, **preamble: Any) -> Statement:
    """A statement of these movements, written and read again."""
    return read_statement(as_csv(classic_rows(movements, **preamble)), read_at=read_at)


def candidate(payment_id: str = "pay_1", **values: object) -> Candidate:
    """A payment of 500 shillings for BK-1001, prompted half a minute before PAYMENT was paid."""
    asked: dict[str, object] = {
        "payment_id": payment_id,
        "status": "pending",
        "amount_cents": 50_000,
        "account_reference": "BK-1001",
        "msisdn": "254712345678",
        "created_at": PAID_AT - 30 * SECOND,
        "expires_at": PAID_AT + 90 * SECOND,
    }
    return Candidate(**asked | values)  # type: ignore[arg-type]  # each by its name
