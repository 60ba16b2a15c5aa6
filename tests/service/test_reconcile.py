"""`pokea reconcile` beside a real simulator: by asking Daraja, and by a statement made of what was truly charged."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pokea.clock import EAST_AFRICA_TIME
from tests.service.conftest import StartWorld
from tests.service.running import command, eventually
from tests.service.world import World

COLUMNS = ("Receipt No.", "Completion Time", "Details", "Transaction Status", "Paid In", "Withdrawn", "Balance")
HEAD = ",".join((*COLUMNS, "Reason Type", "Other Party Info", "A/C No."))


def reconciled(world: World, folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The report of a run with the service's settings."""
    done = command(folder, world.service.environment, "reconcile", "--json", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def statement(world: World, folder: Path, phones: Iterable[str]) -> str:
    """A statement of what these phones were charged, that covers two days."""
    now = datetime.now(EAST_AFRICA_TIME)
    days = [f"{now + timedelta(days=offset):%d-%m-%Y %H:%M:%S}" for offset in (-1, 1)]
    rows = [f"Time Period:,From,{days[0]},To,{days[1]}", HEAD]
    for charge in world.simulator.journal()["charges"]:
        phone = charge["msisdn"]
        if phone in phones:
            at = datetime.fromisoformat(charge["at"]).astimezone(EAST_AFRICA_TIME)
            payer = f"{phone[:5]}****{phone[-3:]} - JANE **** DOE"
            rows.append(
                f"{charge['receipt']},{at:%d-%m-%Y %H:%M:%S},Pay Bill from {payer} Acc.,Completed,"
                f"{charge['amount']}.00,,0,Pay Utility,{payer},"
            )
    file = folder / "statement.csv"
    file.write_text("\n".join(rows) + "\n")
    return str(file)


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
    """A push whose answer and callback were lost is proved by its line; one that nobody paid is proved unpaid."""
    world = start_world("--no-background")
    payments = {}
    for kind, behaviour in (("paid", "pay"), ("unpaid", "ignore")):
        phone = world.new_phone(behaviour)
        world.simulator.fault("push_500_after", msisdn=phone)
        world.simulator.fault("callback_lost", msisdn=phone)
        payments[kind] = world.push(phone)
        assert payments[kind].checkout == ""
    charged = {payment.phone for payment in payments.values()}
    eventually(lambda: any(each["msisdn"] in charged for each in world.simulator.journal()["charges"]), "it pays")
    file = statement(world, tmp_path, charged)
    dry = reconciled(world, tmp_path, file, "--dry-run")
    assert (dry["matched"], dry["completed"]) == (1, 0)
    report = reconciled(world, tmp_path, file)
    assert (report["matched"], report["completed"], report["unknown"]) == (1, 1, [])
    assert report["unpaid"] == [payments["unpaid"].id]
    assert world.service.status(payments["paid"].id)["mpesaReceiptNumber"]
    assert world.is_held(payments["paid"].booking_id)
    version = world.service.status(payments["paid"].id)["version"]
    assert reconciled(world, tmp_path, file)["matched"] == 1
    assert world.service.status(payments["paid"].id)["version"] == version


def test_money_that_is_not_known_and_money_that_is_missing_are_told(start_world: StartWorld, tmp_path: Path) -> None:
    """A line of nobody's, and a completed payment without a line: exit code 1, and both are named."""
    world = start_world()
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    hour_ago = 3600
    world.shift(hour_ago, payment.id)
    file = statement(world, tmp_path, [])
    line = (
        f"TK5AA00001,{datetime.now(EAST_AFRICA_TIME):%d-%m-%Y %H:%M:%S},Pay Bill from X Acc. BK-9,Completed,70.00,,0,,,"
    )
    with Path(file).open("a") as opened:
        opened.write(line + "\n")
    report = reconciled(world, tmp_path, file, code=1)
    assert [each["receipt"] for each in report["unknown"]] == ["TK5AA00001"]
    assert report["missing"] == [payment.id]
    told = command(tmp_path, world.service.environment, "reconcile", file)
    assert "TK5AA00001 KES 70.00" in told.stdout
    assert payment.id in told.stdout


def test_a_file_that_is_no_statement_is_refused(world: World, tmp_path: Path) -> None:
    """One sentence, exit code 1, nothing settled."""
    file = tmp_path / "letter.csv"
    file.write_text("Dear Sir,\n")
    done = command(tmp_path, world.service.environment, "reconcile", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert "No header was found" in done.stderr
