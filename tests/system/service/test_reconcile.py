"""`pokea reconcile` beside a real simulator: by asking Daraja, and by a statement made of what was truly charged."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, insert

from pokea.audit.every_rule import RULES
from pokea.audit.rule import violations
from pokea.bookings.events import created
from pokea.clock import EAST_AFRICA_TIME, HOUR, SECOND, Instant, SystemClock, from_datetime
from pokea.events.outbox import add_events
from pokea.ledger.balances import balances
from pokea.ledger.entries import Account
from pokea.operations.payment_events import CREATED, event_of
from pokea.operations.store import insert_payments
from pokea.reconciliation.balances import shillings
from pokea.storage import tables
from pokea.testing.programs import own_environment
from tests.payment_rows import new_booking, new_payment
from tests.reconciliation.workbooks import as_xlsx
from tests.reconciliation.written import Movement, as_csv, classic_rows
from tests.system.service.conftest import StartWorld
from tests.system.service.running import command, eventually
from tests.system.service.world import HOUR_SECONDS, Pushed, World

LARGE = 10_000


def reconciled(world: World, folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The report of a run with the service's settings."""
    done = command(folder, world.service.environment, "reconcile", "--json", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def charged(world: World, *payments: Pushed, ago: Instant = 0) -> list[Movement]:
    """What these payments' phones were charged, moved so far into the past, oldest first."""
    phones = {payment.phone for payment in payments}
    charges = [each for each in world.simulator.journal()["charges"] if each["msisdn"] in phones]
    return [line_of(charge, ago) for charge in sorted(charges, key=lambda each: str(each["at"]))]


def line_of(charge: dict[str, Any], ago: Instant = 0) -> Movement:
    """A charge of the journal as a statement shows it; the simulator's pushes have no account that is known here."""
    phone = charge["msisdn"]
    payer = f"{phone[:5]}****{phone[-3:]} - JANE **** DOE"
    return Movement(
        receipt=charge["receipt"],
        at=from_datetime(datetime.fromisoformat(charge["at"]).astimezone(EAST_AFRICA_TIME)) - ago,
        cents=charge["amount"] * 100,
        details=f"Pay Bill from {payer} Acc.",
        payer=payer,
        account="",
    )


def statement(folder: Path, movements: Iterable[Movement], **preamble: Any) -> str:
    """A file with the statement of these movements, from yesterday until now."""
    now = SystemClock().now()
    bounds = {"since": now - 24 * HOUR, "until": now + HOUR, "reported_at": now} | preamble
    file = folder / "statement.csv"
    file.write_bytes(as_csv(classic_rows([*movements], **bounds)))
    return str(file)


def lost_push(world: World, behaviour: str) -> Pushed:
    """A push that Daraja took and never named, whose callback is lost too."""
    phone = world.new_phone(behaviour)
    world.simulator.fault("push_500_after", msisdn=phone)
    world.simulator.fault("callback_lost", msisdn=phone)
    payment = world.push(phone)
    assert payment.checkout == ""
    return payment


def until_charged(world: World, payments: Sequence[Pushed]) -> None:
    """Wait until each of these phones has paid."""
    phones = {payment.phone for payment in payments}
    eventually(lambda: phones <= {each["msisdn"] for each in world.simulator.journal()["charges"]}, "they pay")


def make_lost_pushes(connection: Connection, count: int, made_at: Instant) -> None:
    """So many pushes without an id, one a second, each for a booking of its own."""
    bookings = [new_booking(f"bk_{number}") for number in range(count)]
    connection.execute(insert(tables.bookings), [booking._asdict() for booking in bookings])
    made = [
        new_payment(
            f"pay_{number}",
            booking_id=f"bk_{number}",
            account_reference=f"LOST-{number}",
            msisdn=f"2547{number:08d}",
            created_at=made_at + number * SECOND,
            expires_at=made_at + (number + 120) * SECOND,
        )
        for number in range(count)
    ]
    insert_payments(connection, made)
    happened = [event_of(payment, CREATED, payment.created_at) for payment in made]
    add_events(connection, [*map(created, bookings), *happened])


def line_of_lost(number: int, made_at: Instant) -> Movement:
    """The line of such a push."""
    phone = f"2547{number:08d}"
    payer = f"{phone[:5]}****{phone[-3:]} - JANE **** DOE"
    account = f"LOST-{number}"
    details = f"Pay Bill from {payer} Acc. {account}"
    at = made_at + (number + 20) * SECOND
    return Movement(receipt=f"TK{number:08d}", at=at, details=details, payer=payer, account=f" {account}")


def test_everything_open_is_asked_about_now(start_world: StartWorld, tmp_path: Path) -> None:
    """Payments whose callbacks were lost end right without anybody waiting for their turn."""
    world = start_world("--no-background")
    phones = [world.new_phone("pay") for _ in range(3)]
    payments = []
    for phone in phones:
        world.simulator.fault("callback_lost", msisdn=phone)
        payments.append(world.push(phone))
    waiting = world.push()
    eventually(lambda: all(world.simulator.charges(payment.checkout) for payment in payments), "the phones pay")
    report = reconciled(world, tmp_path)
    assert report == {"asked": 4, "completed": 3, "failed": 0, "open": 1, "unasked": 0, "nameless": 0}
    assert all(world.service.status(payment.id)["status"] == "completed" for payment in payments)
    assert world.service.status(waiting.id)["status"] == "pending"


def test_a_statement_settles_a_push_that_daraja_never_named(start_world: StartWorld, tmp_path: Path) -> None:
    """A push whose answer and callback were lost is proved by its line; one that no customer paid is proved unpaid."""
    world = start_world("--no-background")
    paid, unpaid = lost_push(world, "pay"), lost_push(world, "ignore")
    until_charged(world, [paid])
    world.shift(HOUR_SECONDS, paid.id, unpaid.id)
    file = statement(tmp_path, charged(world, paid, ago=HOUR))
    dry = reconciled(world, tmp_path, file, "--dry-run")
    assert (dry["matched"], dry["completed"], dry["complete"]) == (1, 0, True)
    report = reconciled(world, tmp_path, file)
    assert (report["matched"], report["completed"], report["unknown"]) == (1, 1, [])
    assert report["not_paid"] == [unpaid.id]
    assert world.service.status(paid.id)["mpesaReceiptNumber"]
    assert world.is_held(paid.booking_id)
    version = world.service.status(paid.id)["version"]
    assert reconciled(world, tmp_path, file)["matched"] == 1
    assert world.service.status(paid.id)["version"] == version


def test_a_charged_push_is_never_called_unpaid(start_world: StartWorld, tmp_path: Path) -> None:
    """A report made before the push, an account that was mistyped, a file of another: it stays unresolved."""
    world = start_world("--no-background")
    payment = lost_push(world, "pay")
    until_charged(world, [payment])
    world.shift(HOUR_SECONDS, payment.id)
    [line] = charged(world, payment, ago=HOUR)
    before = statement(tmp_path, [], reported_at=line.at - 600 * SECOND, until=SystemClock().now() + 12 * HOUR)
    report = reconciled(world, tmp_path, before)
    assert (report["not_paid"], report["unresolved"]) == ([], [payment.id])
    told = command(tmp_path, world.service.environment, "reconcile", before).stdout
    assert "so not paid" not in told
    assert f"remain unresolved:\n  {payment.id}" in told
    mistyped = statement(tmp_path, [replace(line, account=" BK-MISTYPED")])
    report = reconciled(world, tmp_path, mistyped, code=1)
    assert (report["not_paid"], report["undecided"]) == ([], [{"payment": payment.id, "lines": [8]}])
    foreign = statement(tmp_path, [line], short_code="600001")
    report = reconciled(world, tmp_path, foreign, code=2)
    assert [gate["kind"] for gate in report["gates"]] == ["foreign_short_code"]
    assert (report["matched"], report["not_paid"]) == (0, [])
    assert world.service.status(payment.id)["status"] == "initiated"


def test_another_amount_of_a_known_receipt_is_told_and_posted_once(start_world: StartWorld, tmp_path: Path) -> None:
    """The payment is flagged, the books come to what M-PESA says, and the same file again changes nothing.

    A file whose sums contradict the amount posts nothing: a difference is posted once, so the true one would not be.
    """
    world = start_world("--no-background")
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    [line] = charged(world, payment)
    edited = Path(statement(tmp_path, [line]))
    # The amount of the row alone, and not its balance: somebody's spreadsheet.
    row = f"Completed,{shillings(line.cents)},"
    text = edited.read_text(encoding="utf-8-sig")
    assert row in text
    edited.write_text(text.replace(row, f"Completed,{shillings(line.cents + 900)},"), encoding="utf-8")
    report = reconciled(world, tmp_path, str(edited), code=1)
    assert ([each["payment"] for each in report["differing"]], report["adds_up"]) == ([payment.id], False)
    assert world.query(balances)[Account.MPESA_CLEARING] == line.cents
    file = statement(tmp_path, [replace(line, cents=line.cents - 5_050, details="Small Business Pay Merchant from X")])
    for _ in range(2):
        report = reconciled(world, tmp_path, file, code=1)
        assert [(each["payment"], each["receipt"], each["cents"], each["line"]) for each in report["differing"]] == [
            (payment.id, line.receipt, line.cents - 5_050, 8)
        ]
        assert (report["matched"], report["unknown"], report["missing"]) == (0, [], [])
        found = world.query(balances)
        assert found[Account.MPESA_CLEARING] == line.cents - 5_050
        assert found[Account.SUSPENSE] == 5_050
        assert world.read(lambda connection: violations(connection, SystemClock().now(), RULES)) == []
    told = command(tmp_path, world.service.environment, "reconcile", file).stdout
    assert f"{payment.id} asked for KES {payment.amount}.00" in told
    path = f"/payments/mpesa/history?q={payment.phone}"
    assert world.service.call("GET", path, scope="admin").body["transactions"][0]["review"] == ["amount_differs"]


def test_a_payment_that_was_reversed_is_told(start_world: StartWorld, tmp_path: Path) -> None:
    """The line that takes its money back names it; exit code 1, however often it is read."""
    world = start_world("--no-background")
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    [line] = charged(world, payment)
    back = Movement(
        receipt="TK5AA00009",
        at=line.at,
        cents=-line.cents,
        details="Pay Bill Reversal by 999 - CARE",
        reason="Pay Utility Reversal",
        linked=line.receipt,
    )
    report = reconciled(world, tmp_path, statement(tmp_path, [line, back]), code=1)
    assert [(each["payment"], each["original"], each["receipt"]) for each in report["reversals"]] == [
        (payment.id, line.receipt, "TK5AA00009")
    ]
    assert (report["matched"], report["gaps"]) == (1, [])
    told = command(tmp_path, world.service.environment, "reconcile", str(tmp_path / "statement.csv")).stdout
    assert f"row 8: TK5AA00009 KES -{payment.amount}.00" in told
    assert f"of {payment.id}, whose receipt is {line.receipt}" in told


def test_rows_that_cannot_be_read_are_told_by_number_and_the_others_settle(
    start_world: StartWorld, tmp_path: Path
) -> None:
    """A decimal comma, a quote that is not closed, a field without end: one sentence each, and never a traceback."""
    world = start_world("--no-background")
    lost = lost_push(world, "pay")
    until_charged(world, [lost])
    [line] = charged(world, lost)
    file = tmp_path / "statement.csv"
    statement(tmp_path, [replace(line, receipt=f"TK5AA0000{number}") for number in range(3)] + [line])
    rows = file.read_text().splitlines()
    rows[8] = rows[8].replace(",Completed", ',"Completed')
    rows[9] = rows[9].replace(f"{payment_text(line)},", f'"{payment_text(line)[:-3]},00",')
    rows[10] = rows[10].replace("JANE", "J" * 200_000)
    file.write_text("\n".join(rows))
    report = reconciled(world, tmp_path, str(file), code=1)
    assert [each["line"] for each in report["unreadable"]] == [9, 10, 11]
    assert (report["completed"], report["not_paid"]) == (1, [])
    told = command(tmp_path, world.service.environment, "reconcile", str(file))
    assert "row 9: its quotes" in told.stdout
    assert "row 10: `Paid In` is not an amount such as 1,234.56" in told.stdout
    assert told.stderr == ""


def payment_text(line: Movement) -> str:
    """The amount of a line as the statement prints it."""
    return shillings(line.cents)


@pytest.mark.parametrize("kind", ["xlsx", "utf-16"])
def test_a_statement_is_read_as_it_was_downloaded_or_saved(start_world: StartWorld, tmp_path: Path, kind: str) -> None:
    """As a workbook, and as a spreadsheet's own text."""
    world = start_world("--no-background")
    lost = lost_push(world, "pay")
    until_charged(world, [lost])
    now = SystemClock().now()
    rows = classic_rows(charged(world, lost), since=now - 24 * HOUR, until=now + HOUR, reported_at=now)
    file = tmp_path / f"statement.{kind}"
    file.write_bytes(as_xlsx(rows) if kind == "xlsx" else as_csv(rows, "\t").decode().encode("utf-16"))
    report = reconciled(world, tmp_path, str(file))
    assert (report["completed"], report["gaps"]) == (1, [])


def test_ten_thousand_rows_are_read_matched_settled_and_reported_in_seconds(
    start_world: StartWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a line of progress for every tenth of them, and in bounded memory; the figures are printed."""
    world = start_world("--no-background")
    now = SystemClock().now()
    world.query(lambda connection: make_lost_pushes(connection, LARGE, now - 12 * HOUR))
    file = statement(tmp_path, [line_of_lost(number, now - 12 * HOUR) for number in range(LARGE)])
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun_at = SystemClock().now()
    # A process of our own, whose cost the system tells us.
    done = subprocess.run(
        [sys.executable, "-m", "pokea", "reconcile", "--json", file],
        env=own_environment(world.service.environment),
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    seconds = (SystemClock().now() - begun_at) / SECOND
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    database, megabytes = world.database_url.partition(":")[0], ended.ru_maxrss // 1024
    with capsys.disabled():
        sys.stdout.write(f"\n{LARGE:,} rows on {database}: {seconds:.1f} s, {cpu:.1f} s of CPU, {megabytes} MB\n")
    report = json.loads(done.stdout)
    assert (done.returncode, report["matched"], report["completed"]) == (0, LARGE, LARGE), done.stderr
    assert f"lines settled: {LARGE} of {LARGE}" in done.stderr
    # Of the processor's time, so that a busy machine is no failure.
    assert 0.5 < cpu < 10
    assert megabytes < 512


def test_money_that_is_not_known_and_money_that_is_missing_are_told(start_world: StartWorld, tmp_path: Path) -> None:
    """A line of no payment of ours, and a completed payment without a line: exit code 1, and both are named."""
    world = start_world()
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    world.shift(HOUR_SECONDS, payment.id)
    strange = Movement(
        cents=7_000, at=SystemClock().now() - 2 * HOUR, account="BK-9", details="Pay Bill from X Acc. BK-9"
    )
    file = statement(tmp_path, [strange])
    report = reconciled(world, tmp_path, file, code=1)
    assert [each["receipt"] for each in report["unknown"]] == ["TK5AA00001"]
    assert report["missing"] == [payment.id]
    told = command(tmp_path, world.service.environment, "reconcile", file)
    assert "row 8: TK5AA00001 KES 70.00" in told.stdout
    assert payment.id in told.stdout


def test_a_file_that_is_no_statement_is_refused(world: World, tmp_path: Path) -> None:
    """One sentence, exit code 2, nothing settled."""
    file = tmp_path / "letter.csv"
    file.write_text("Dear Sir,\n")
    done = command(tmp_path, world.service.environment, "reconcile", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert "No header was found" in done.stderr
    done = command(tmp_path, world.service.environment, "reconcile", str(tmp_path / "nowhere.xlsx"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be read" in done.stderr
