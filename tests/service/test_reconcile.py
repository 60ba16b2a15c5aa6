"""`pokea reconcile` beside a real simulator: by asking Daraja, and by a statement made of what was truly charged."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pokea.clock import EAST_AFRICA_TIME, HOUR, SECOND, Instant, SystemClock, from_datetime
from tests.reconciliation.written import Movement, as_csv, classic_rows
from tests.service.conftest import StartWorld
from tests.service.running import command, eventually
from tests.service.world import Pushed, World

HOUR_SECONDS = 3600


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
