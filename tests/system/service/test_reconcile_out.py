"""`pokea reconcile` and money out: what a statement of the simulator completes, what it denies, and what it posts."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from sqlalchemy import Connection, update

from pokea.clock import HOUR, SystemClock, nairobi
from pokea.storage import tables
from tests.system.service.running import command, eventually
from tests.system.service.treasury import FUNDS, Treasury

DAY_AND_MORE = 30 * HOUR


@pytest.fixture(autouse=True)
def _clear(treasury: Treasury) -> Iterator[None]:
    yield
    treasury.world.simulator.api("DELETE", "/faults")
    treasury.start_again()


def statement(treasury: Treasury, folder: Path, kind: str = "csv", **parameters: str) -> Path:
    """The simulator's statement of the last two days."""
    since = nairobi(SystemClock().now()) - timedelta(days=2)
    query = {"from": f"{since:%Y-%m-%d}", "format": kind} | parameters
    written = "&".join(f"{name}={value}" for name, value in query.items())
    file = folder / f"statement.{kind}"
    with urlopen(f"{treasury.world.simulator.url}/sim/api/statement?{written}") as answer:
        file.write_bytes(answer.read())
    return file


def reconciled(treasury: Treasury, file: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The report of a run with the service's settings."""
    done = command(file.parent, treasury.world.service.environment, "reconcile", "--json", *arguments, str(file))
    assert done.returncode == code, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def lost(treasury: Treasury, amount: int, fault: str, **body: Any) -> str:
    """A refund whose answer, Result and status answers never came; whether it paid depends on the fault."""
    pushed = treasury.paid(amount)
    for kind in (fault, "result_lost", "status_lost"):
        treasury.world.simulator.api("POST", "/faults", {"kind": kind, "msisdn": pushed.phone})
    refund_id = treasury.refund(pushed, **body)
    treasury.until(refund_id, "unknown")
    return refund_id


def make_older(treasury: Treasury, disbursement_id: str) -> None:
    """Move the sendings of a disbursement so far into the past that a statement of today covers the day after."""

    def change(connection: Connection) -> None:
        own = tables.attempts.c.disbursement_id == disbursement_id
        older = {name: tables.attempts.c[name] - DAY_AND_MORE for name in ("created_at", "lease_until")}
        connection.execute(update(tables.attempts).where(own).values(**older))

    treasury.world.query(change)


def balances(treasury: Treasury) -> dict[str, int]:
    """What stands on each account, in cents."""
    accounts = treasury.ask("GET", "/ledger/accounts").body["accounts"]
    found: dict[str, int] = {}
    for each in accounts:
        found[each["account"]] = found.get(each["account"], 0) + each["balanceCents"]
    return found


def of(report: dict[str, Any], kind: str) -> list[str]:
    """The disbursements of this kind of finding."""
    return [each["disbursement"] for each in report["money_out"][kind]]


def test_a_statement_completes_a_reversal_whose_outcome_was_unknown(treasury: Treasury, tmp_path: Path) -> None:
    """Its line names the payment: the refund completes with the line's receipt, and clearing is what M-PESA holds."""
    refund_id = lost(treasury, 510, "out_500_after")
    file = statement(treasury, tmp_path)
    report = reconciled(treasury, file)
    refund = treasury.read(refund_id)
    matched = [(each["disbursement"], each["receipt"]) for each in report["money_out"]["matched"]]
    assert (refund["status"], matched) == ("completed", [(refund_id, refund["receipt"])])
    assert reconciled(treasury, file)["posted"] == 0
    held = treasury.world.simulator.api("GET", "/journal")["accounts"]["utility"]
    assert balances(treasury)["mpesa_clearing"] == held * 100
    assert balances(treasury)["bank"] == -FUNDS * 100


def test_a_payout_of_an_unknown_receipt_is_named_to_two_people(treasury: Treasury, tmp_path: Path) -> None:
    """The line fits the one open sending: a candidate that settles nothing until two people have recorded it; its
    charge is posted once it is known whose it is."""
    refund_id = lost(treasury, 520, "out_500_after", way="b2c")
    file = statement(treasury, tmp_path, "xlsx")
    (noticed,) = reconciled(treasury, file, code=1)["money_out"]["noticed"]
    assert [each["disbursement"] for each in noticed["sendings"]] == [refund_id]
    assert "two people" in noticed["do"]
    assert treasury.read(refund_id)["status"] == "unknown"
    paid = {"paid": True, "receipt": noticed["receipt"]}
    first = treasury.ask("POST", f"/refunds/{refund_id}/findings", paid)
    assert first.status == 201, first
    finding = first.body["refund"]["findings"][0]["id"]
    same = treasury.ask("POST", f"/refunds/{refund_id}/findings", paid | {"confirms": finding})
    assert (same.status, same.body["code"]) == (403, "own_request")
    confirmed = treasury.ask("POST", f"/refunds/{refund_id}/findings", paid | {"confirms": finding}, who="ben")
    assert confirmed.status == 201, confirmed
    assert treasury.until(refund_id, "completed")["receipt"] == noticed["receipt"]
    before = balances(treasury).get("mpesa_charges", 0)
    report = reconciled(treasury, file)
    assert refund_id in of(report, "matched")
    assert report["posted"] > 0
    assert balances(treasury)["mpesa_charges"] > before
    assert balances(treasury).get("charges_due", 0) == 0


def test_only_a_complete_statement_shows_a_sending_unpaid(treasury: Treasury, tmp_path: Path) -> None:
    """A cut file and one that ends too early conclude nothing; a complete one names it, and two people end it."""
    refund_id = lost(treasury, 530, "out_dropped_before", way="b2c")
    early = reconciled(treasury, statement(treasury, tmp_path))
    assert (of(early, "not_paid"), of(early, "unresolved")) == ([], [refund_id])
    make_older(treasury, refund_id)
    cut = reconciled(treasury, statement(treasury, tmp_path, damage="row_missing"), code=1)
    assert (of(cut, "not_paid"), of(cut, "unresolved")) == ([], [refund_id])
    file = statement(treasury, tmp_path)
    assert of(reconciled(treasury, file, code=1), "not_paid") == [refund_id]
    assert treasury.read(refund_id)["status"] == "unknown"
    unpaid = {"paid": False, "statement": file.read_text()}
    first = treasury.ask("POST", f"/refunds/{refund_id}/findings", unpaid)
    assert first.status == 201, first
    again = unpaid | {"confirms": first.body["refund"]["findings"][0]["id"]}
    assert treasury.ask("POST", f"/refunds/{refund_id}/findings", again, who="ben").status == 201
    assert treasury.until(refund_id, "failed")["receipt"] is None


def test_a_statement_of_another_settles_nothing_of_money_out(treasury: Treasury, tmp_path: Path) -> None:
    """Another shortcode's file, with the very line in it, is refused as a whole."""
    refund_id = lost(treasury, 540, "out_500_after")
    foreign = statement(treasury, tmp_path, short_code="600999")
    report = reconciled(treasury, foreign, code=2)
    assert (of(report, "matched"), report["posted"]) == ([], 0)
    assert treasury.read(refund_id)["status"] == "unknown"


def test_a_line_overrules_a_result_that_named_another_amount(treasury: Treasury, tmp_path: Path) -> None:
    """The Result's receipt is known and its amount was not ours; the statement shows ours, and completes it."""
    pushed = treasury.paid(550)
    treasury.world.simulator.api("POST", "/faults", {"kind": "result_amount", "msisdn": pushed.phone})
    treasury.world.simulator.api("POST", "/faults", {"kind": "status_lost", "msisdn": pushed.phone})
    refund_id = treasury.refund(pushed, way="b2c")
    eventually(lambda: "amount_differs" in treasury.read(refund_id)["flags"], "the amount differs")
    assert refund_id in of(reconciled(treasury, statement(treasury, tmp_path)), "matched")
    assert treasury.read(refund_id)["status"] == "completed"


def test_a_payout_line_with_another_amount_or_recipient_is_a_finding(treasury: Treasury, tmp_path: Path) -> None:
    """The one stops money out and posts the difference to suspense; the other is told. Nothing becomes unpaid."""
    pushed = treasury.paid(560)
    refund = treasury.until(treasury.refund(pushed, way="b2c"), "completed")
    file = statement(treasury, tmp_path)
    told = file.read_text()
    hidden = f"{pushed.phone[:5]}****{pushed.phone[-3:]}"
    file.write_text("\n".join(_with_other_number(line, refund["receipt"], hidden) for line in told.splitlines()))
    (noticed,) = reconciled(treasury, file, code=1)["money_out"]["noticed"]
    assert (noticed["receipt"], noticed["why"]) == (refund["receipt"], "another recipient than it was sent to")
    assert treasury.ask("GET", "/money-out").body["moneyOut"]["state"] == "running"

    before = balances(treasury).get("suspense", 0)
    file.write_text(_with_more(told, refund["receipt"]))
    report = reconciled(treasury, file, code=1)
    assert of(report, "differing") == [refund["id"]]
    assert treasury.ask("GET", "/money-out").body["moneyOut"]["state"] == "stopped"
    assert treasury.read(refund["id"])["status"] == "completed"
    assert balances(treasury)["suspense"] == before + 100


def _with_other_number(line: str, receipt: str, hidden: str) -> str:
    is_payout = line.startswith(receipt) and "Charge" not in line
    return line.replace(hidden, f"{hidden[:-3]}999") if is_payout else line


def _with_more(told: str, receipt: str) -> str:
    """The statement as if the payout, which is its newest movement, had taken a shilling more."""
    rows = list(csv.reader(io.StringIO(told, newline="")))
    sums = rows[5]
    for place in (sums.index("Closing Balance:") + 1, sums.index("Total Withdrawn:") + 1):
        sums[place] = _less(sums[place])
    payout = rows[7]
    assert payout[0] == receipt
    payout[6:8] = map(_less, payout[6:8])
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()


def _less(cell: str) -> str:
    return str(Decimal(cell.replace(",", "")) - 1)
