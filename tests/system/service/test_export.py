"""`pokea export`: transactions as CSV that a spreadsheet cannot take for anything else."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.payments.history.export import safe_cell
from tests.system.service.conftest import StartWorld
from tests.system.service.running import command
from tests.system.service.world import World


def exported(world: World, folder: Path, *options: str) -> list[dict[str, str]]:
    """The rows that it wrote."""
    done = command(folder, {"POKEA_DATABASE_URL": world.database_url}, "export", *options)
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_payments_are_written_oldest_first_with_masked_phones(start_world: StartWorld, tmp_path: Path) -> None:
    """Each once, by status and by day, with whole numbers only on demand, and to a file."""
    world = start_world()
    payments = [world.push(world.new_phone("pay"), 70 + number) for number in range(3)]
    for payment in payments:
        world.service.until(payment.id, "completed")
    waiting = world.push()
    rows = exported(world, tmp_path)
    assert [row["transactionId"] for row in rows] == [*(payment.id for payment in payments), waiting.id]
    assert [row["amount"] for row in rows[:3]] == ["70", "71", "72"]
    assert not any(payment.phone in str(rows) for payment in payments)
    assert [row["phoneNumber"] for row in exported(world, tmp_path, "--full", "--status", "pending")] == [waiting.phone]
    assert exported(world, tmp_path, "--to", "2020-01-01") == []
    assert len(exported(world, tmp_path, "--from", "2020-01-01", "--status", "completed")) == 3
    file = tmp_path / "out.csv"
    assert exported(world, tmp_path, "--output", str(file)) == []
    assert len(file.read_text().splitlines()) == 5


def test_a_day_that_is_none_is_told(world: World, tmp_path: Path) -> None:
    """Exit code 2 and a sentence that names the option's form."""
    done = command(tmp_path, {"POKEA_DATABASE_URL": world.database_url}, "export", "--from", "yesterday")
    assert done.returncode == 2
    assert "2026-01-31" in done.stderr


@given(st.text(max_size=20))
def test_no_cell_begins_like_a_formula(text: str) -> None:
    """Whatever a customer has typed; and nothing else is changed."""
    cell = safe_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell in (text, f"'{text}")


@pytest.mark.parametrize(("value", "expected"), [(None, ""), (500, "500"), ("=1+1", "'=1+1"), ("BK-1", "BK-1")])
def test_cells_are_plain_text(value: object, expected: str) -> None:
    """Nothing is an empty cell."""
    assert safe_cell(value) == expected
