"""`pokea doctor` beside a real service and a real simulator: what is well, what is not, and what it says to do."""

import json
from pathlib import Path
from subprocess import CompletedProcess

from sqlalchemy import text

from tests.ports import free_port
from tests.system.service.conftest import StartWorld
from tests.system.service.running import command
from tests.system.service.world import World, on_database


def examined(world: World, folder: Path, **settings: str) -> dict[str, tuple[str, str]]:
    """The findings of `doctor --json` with the service's settings: check to level and sentence."""
    return findings_of(command(folder, world.service.environment | settings, "doctor", "--json"))


def findings_of(done: CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    """What it printed; the exit code says whether anything failed."""
    report = json.loads(done.stdout)
    found = {each["check"]: (each["level"], each["says"]) for each in report["checks"]}
    has_failed = any(level == "fail" for level, _ in found.values())
    assert (report["level"] == "fail", done.returncode) == (has_failed, int(has_failed))
    return found


def failed(found: dict[str, tuple[str, str]]) -> set[str]:
    """The checks that failed."""
    return {check for check, (level, _) in found.items() if level == "fail"}


def test_all_is_well_with_a_running_service(start_world: StartWorld, tmp_path: Path) -> None:
    """Every check of a service that has taken a payment is ok, and nobody was prompted for it."""
    world = start_world()
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    pushes = world.simulator.pushes()
    done = command(tmp_path, world.service.environment, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all is well" in done.stdout
    assert "ok    credentials: Daraja gave an access token" in done.stdout
    assert "ok    shortcode and passkey: Daraja took them" in done.stdout
    assert "ok    clock: " in done.stdout
    assert "ok    callback reachable: MPESA_CALLBACK_URL answers a GET with 405" in done.stdout
    assert "ok    books: All" in done.stdout
    assert world.simulator.pushes() == pushes
    assert world.service.push(world.service.book(), world.new_phone("pay")).status == 201


def test_what_is_wrong_with_daraja_is_told_apart(start_world: StartWorld, tmp_path: Path) -> None:
    """A wrong secret, a wrong passkey, an unknown shortcode and a Daraja that is away are four different lines."""
    world = start_world()
    found = examined(world, tmp_path, MPESA_CONSUMER_SECRET="wrong")
    assert failed(found) == {"credentials"}
    assert "MPESA_CONSUMER_SECRET" in found["credentials"][1]
    found = examined(world, tmp_path, MPESA_PASSKEY="wrong")
    assert failed(found) == {"shortcode and passkey"}
    assert "MPESA_PASSKEY" in found["shortcode and passkey"][1]
    found = examined(world, tmp_path, MPESA_SHORTCODE="600001")
    assert failed(found) == {"shortcode and passkey"}
    found = examined(world, tmp_path, MPESA_BASE_URL=f"http://127.0.0.1:{free_port()}")
    assert failed(found) == {"credentials"}
    assert "does not answer" in found["credentials"][1]


def test_an_address_that_leads_nowhere_is_found(start_world: StartWorld, tmp_path: Path) -> None:
    """A callback address at which nothing answers, and one at which something else does."""
    world = start_world()
    found = examined(world, tmp_path, MPESA_CALLBACK_URL=f"http://127.0.0.1:{free_port()}/callback")
    assert failed(found) == {"callback reachable"}
    found = examined(world, tmp_path, MPESA_CALLBACK_URL=f"{world.simulator.url}/callback")
    assert found["callback reachable"][0] == "warn"


def test_settings_that_would_stop_the_start_are_each_a_line(tmp_path: Path) -> None:
    """Without any setting doctor goes on as far as it can, and names what is missing."""
    done = command(tmp_path, {"MPESA_BASE_URL": f"http://127.0.0.1:{free_port()}"}, "doctor")
    assert done.returncode == 1
    for name in ("MPESA_CONSUMER_KEY", "MPESA_PASSKEY", "POKEA_SECRET_KEY", "POKEA_JWT_SECRET"):
        assert f"fail  settings: {name} is not set" in done.stdout
    assert "warn  schema: The database is empty" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_older_schema_and_broken_books_are_found(start_world: StartWorld, tmp_path: Path) -> None:
    """What was changed by hand is named with its rule; a schema that is behind is told what brings it up."""
    world = start_world()
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    change = text("update bookings set status = 'awaiting_payment'")
    world.query(lambda connection: connection.execute(change))
    found = examined(world, tmp_path)
    assert failed(found) == {"books"}
    assert f"booking_follows_fee: {payment.booking_id}" in found["books"][1]
    world.query(lambda connection: connection.execute(text("update schema_version set major = 1, minor = 4")))
    found = examined(world, tmp_path)
    assert failed(found) == {"schema"}
    assert "pokea migrate" in found["schema"][1]


def test_overdue_work_and_lost_callbacks_are_found(start_world: StartWorld, tmp_path: Path) -> None:
    """Where nobody does the background work, what is overdue is told; where callbacks are lost, their share is."""
    world = start_world("--no-background")
    payments = []
    for _ in range(6):
        phone = world.new_phone("pay")
        world.simulator.fault("callback_lost", msisdn=phone)
        payments.append(world.push(phone))
    world.shift(900, *(payment.id for payment in payments))
    found = examined(world, tmp_path)
    assert failed(found) == {"due work", "callbacks"}
    assert found["due work"][1].startswith("6 payments wait")
    assert found["callbacks"][1].startswith("0 of the last 6")


def test_a_database_that_is_away_is_told_without_its_password(world: World, tmp_path: Path) -> None:
    """The other checks go on; the address is shown without the password."""
    url = f"postgresql://pokea:very-secret@127.0.0.1:{free_port()}/shop"
    done = command(tmp_path, world.service.environment | {"POKEA_DATABASE_URL": url}, "doctor", "--json")
    assert failed(findings_of(done)) == {"database"}
    assert "very-secret" not in done.stdout + done.stderr


def test_postgresql_that_does_not_wait_for_the_disk_is_found(start_world: StartWorld, tmp_path: Path) -> None:
    """A database whose commits are not durable fails the check."""
    world = start_world()
    if world.database_url.startswith("sqlite"):
        assert examined(world, tmp_path)["durability"][0] == "ok"
        return
    name = world.database_url.rpartition("/")[2]
    alter = text(f'alter database "{name}" set synchronous_commit = off')
    on_database(world.database_url, lambda connection: connection.execute(alter))
    assert failed(examined(world, tmp_path)) == {"durability"}
