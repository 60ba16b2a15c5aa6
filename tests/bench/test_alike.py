"""Who does all of Pokea's work for a callback leaves what Pokea leaves, and who does less is told from him."""

import pytest
from sqlalchemy import Delete, Insert, Update, delete, insert, update

from bench.made import make_payments, payment_id
from bench.usual.alike import left_by_settling, settled_by_pokea
from pokea.storage import tables
from tests.system.service.world import on_database

_PAYMENTS = tables.payments
_STILL_OPEN = {
    "id": payment_id(1),
    "merchant_id": 1,
    "booking_id": "",
    "msisdn": "",
    "created_at": 0,
    "status": "pending",
    "lease_until": 0,
    "is_locking": False,
    "locked_until": 0,
    "inquiries": 0,
}
_PARTS = [
    insert(tables.open_payments).values(_STILL_OPEN),
    update(_PAYMENTS).values(version=_PAYMENTS.c.version + 1),
    update(tables.bookings).values(status="awaiting_payment"),
    update(tables.evidence).values(body=b"{}").where(tables.evidence.c.source == "callback"),
    delete(tables.receipts),
    delete(tables.postings).where(tables.postings.c.kind == "held"),
    delete(tables.outbox),
    delete(tables.owner_deltas),
    delete(tables.counter_deltas).where(tables.counter_deltas.c.name == "gross"),
]


def test_the_same_work_leaves_the_same(database_url: str) -> None:
    """Each part of the work leaves something, and moments that differ make no difference."""
    made = make_payments(database_url, 1)
    left = settled_by_pokea(made)
    assert [name for name, rows in left.items() if not rows] == ["open_payments"]
    moved = update(tables.evidence).values(received_at=tables.evidence.c.received_at + 1)
    on_database(database_url, lambda connection: connection.execute(moved))
    assert left_by_settling(made) == left


@pytest.mark.parametrize("part", _PARTS, ids=lambda part: f"{part.table.name}-{_PARTS.index(part)}")
def test_less_work_is_found(database_url: str, part: Update | Delete | Insert) -> None:
    """A part that was not done leaves something else."""
    made = make_payments(database_url, 1)
    left = settled_by_pokea(made)
    on_database(database_url, lambda connection: connection.execute(part))
    assert left_by_settling(made) != left
