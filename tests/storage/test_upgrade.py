"""A database of schema 1.4 that was in the middle of its work is brought to 2.0, and nothing of it is lost.

The rows in `tests/fixtures/schemas` were written by the release of that schema, on a day with lost callbacks, unknown
pushes, payments that were paid twice and a process that had just been killed.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, MetaData, func, insert, select

import pokea.storage.migrate
from pokea.audit.every_rule import RULES
from pokea.audit.rule import violations
from pokea.clock import SECOND
from pokea.operations.store import SELECT_PAYMENTS, Payment
from pokea.storage import tables
from pokea.storage.engines import postgres_engine, sqlite_engine
from pokea.storage.migrate import CURRENT, migrate

BEFORE: Final[dict[str, dict[str, list[Any]]]] = json.loads(
    (Path(__file__).parent.parent / "fixtures" / "schemas" / "1_4.json").read_text(encoding="utf-8")
)
_STEPS: Final = Path(pokea.storage.migrate.__file__).with_name("migrations")
_KEPT: Final = (
    "bookings",
    "evidence",
    "receipts",
    "claims",
    "postings",
    "idempotency_keys",
    "owner_deltas",
    "owner_counts",
    "counter_deltas",
    "counters",
    "oauth_tokens",
    "query_budget",
    "book_rounds",
)
_NEW_NAMES: Final = {
    "confirm": "requires_query",
    "checkout_request_id": "request_id",
    "merchant_request_id": "originator_id",
    "transaction_date": "provider_time",
    "review": "flags",
    "money": "disposition",
    "live": "is_locking",
    "due_at": "next_action_at",
    "attempts": "inquiries",
    "asked_at": "last_inquiry_at",
    "claimed_at": "inquiry_requested_at",
}


def rows_before(table: str) -> list[dict[str, Any]]:
    """The rows of a table as the older version left them."""
    names, rows = BEFORE[table]["columns"], BEFORE[table]["rows"]
    return [dict(zip(names, map(_value, row), strict=True)) for row in rows]


def _value(written: Any) -> Any:
    return base64.b64decode(written["base64"]) if isinstance(written, dict) else written


@pytest.fixture
def upgraded(empty_database_url: str) -> Iterator[Engine]:
    """A database of the older schema with its rows, brought to this version's."""
    url = empty_database_url
    engine = sqlite_engine(url, begin="BEGIN IMMEDIATE") if url.startswith("sqlite:") else postgres_engine(url)
    with engine.begin() as connection:
        _make_version_1_4(connection)
    said = migrate(url)
    assert said == f"The schema was brought from version 1.4 to {CURRENT}."
    yield engine
    engine.dispose()


def _make_version_1_4(connection: Connection) -> None:
    steps = Config()
    steps.set_main_option("script_location", str(_STEPS))
    steps.attributes["connection"] = connection
    command.upgrade(steps, "0005")
    old = MetaData()
    old.reflect(connection)
    for name in BEFORE:
        rows = rows_before(name)
        for row in rows:
            booleans = {column.name for column in old.tables[name].columns if column.type.python_type is bool}
            row.update({key: bool(row[key]) for key in booleans})
        if rows:
            connection.execute(insert(old.tables[name]), rows)


def test_every_row_is_kept(upgraded: Engine) -> None:
    """Each table has as many rows as before, and money and counts sum to what they summed to."""
    with upgraded.connect() as connection:
        for name in _KEPT:
            count = connection.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one()
            assert count == len(BEFORE[name]["rows"]), name
        cents = connection.execute(select(func.sum(func.abs(tables.postings.c.amount_cents)))).scalar_one()
        assert cents == sum(abs(row["amount_cents"]) for row in rows_before("postings"))
        gross = select(func.sum(tables.counters.c.amount)).where(tables.counters.c.name == "gross")
        assert connection.execute(gross).scalar_one() == sum(
            row["amount"] for row in rows_before("counters") if row["name"] == "gross"
        )


def test_a_payment_says_what_it_said(upgraded: Engine) -> None:
    """Every field of a payment is as before under its new name; what was open is open, and nothing else is."""
    with upgraded.connect() as connection:
        after = {row.id: Payment._make(row) for row in connection.execute(SELECT_PAYMENTS)}
    assert len(after) == len(rows_before("payments"))
    for was in rows_before("payments"):
        payment = after[was["id"]]
        assert payment.is_open == bool(was["live"] or was["due_at"] is not None or was["claimed_at"] is not None)
        for name, value in was.items():
            if payment.is_open or name not in ("lease_until", "locked_until"):
                assert getattr(payment, _NEW_NAMES.get(name, name)) == value, (payment.id, name)


def test_flags_are_rows(upgraded: Engine) -> None:
    """Each flag that a payment shows is an open row, and no other is."""
    with upgraded.connect() as connection:
        rows = {(row.operation_id, row.flag, row.closed_at) for row in connection.execute(select(tables.flags))}
    shown = {(row["id"], flag, None) for row in rows_before("payments") for flag in row["review"].split(",") if flag}
    assert shown
    assert rows == shown


def test_the_rules_hold_on_what_was_upgraded(upgraded: Engine) -> None:
    """Every rule of the books and of operations holds as soon as the upgrade is over."""
    latest = max(row["received_at"] for row in rows_before("evidence"))
    with upgraded.connect() as connection:
        assert violations(connection, latest + SECOND, RULES) == []
