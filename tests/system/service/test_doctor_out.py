"""`pokea doctor --out` beside a real service and a real simulator: whether money could go out, and none does."""

from pathlib import Path

from tests.system.service.running import command
from tests.system.service.test_doctor import failed, findings_of
from tests.system.service.world import World

BALANCE, OPERATOR = "balance of 174379", "API operator for 174379"


def examined(world: World, folder: Path, wait_seconds: float = 60, **settings: str) -> dict[str, tuple[str, str]]:
    """The findings of `doctor --out --json` with the service's settings."""
    options = ("doctor", "--json", "--no-books", "--out", "--wait-seconds", str(wait_seconds))
    return findings_of(command(folder, world.service.environment | settings, *options))


def questions(world: World) -> int:
    """How many requests of money out the simulator has had."""
    paths = [each["path"] for each in world.simulator.journal()["requests"]]
    return sum(path.startswith(("/mpesa/transactionstatus", "/mpesa/accountbalance", "/mpesa/b2c")) for path in paths)


def test_all_that_money_out_needs_is_shown_without_moving_any(world: World, tmp_path: Path) -> None:
    """The balance, and a receipt that cannot exist: both answers come to the running service, and nothing moves."""
    before = world.simulator.journal()
    found = examined(world, tmp_path, POKEA_OUT_FLOAT="1000000000")
    assert found[OPERATOR][0] == "ok", found
    assert "operator, certificate, product and address work" in found[OPERATOR][1]
    assert found[BALANCE][0] == "warn"
    assert "The utility account can spend KES" in found[BALANCE][1]
    assert found["B2C v3"][0] == "ok"
    after = world.simulator.journal()
    assert [after[each] for each in ("payouts", "reversals", "accounts")] == [
        before[each] for each in ("payouts", "reversals", "accounts")
    ]


def test_each_reason_why_money_could_not_go_out_is_told_apart(world: World, tmp_path: Path) -> None:
    """A wrong password, a certificate that seals nothing, and silence are three different failures."""
    wrong = examined(world, tmp_path, MPESA_INITIATOR_PASSWORD="Wrong#2026")
    assert failed(wrong) == {BALANCE, OPERATOR}
    assert "M-PESA answered 2001" in wrong[OPERATOR][1]

    (tmp_path / "no.cer").write_text("nothing", encoding="utf-8")
    asked = questions(world)
    useless = examined(world, tmp_path, MPESA_CERTIFICATE=str(tmp_path / "no.cer"))
    assert failed(useless) == {BALANCE, OPERATOR}
    assert "MPESA_CERTIFICATE" in useless[OPERATOR][1]
    assert questions(world) == asked

    world.simulator.fault("initiator_silent")
    silent = examined(world, tmp_path, wait_seconds=1)
    assert failed(silent) == {BALANCE, OPERATOR}
    assert "no answer came in 1 s" in silent[OPERATOR][1]
