"""What people do about money out at once, stepped through every interleaving on PostgreSQL: each ends as one after the
other would."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import pytest
from sqlalchemy import Connection, select

from pokea.disbursements.approving import Approval, Target, approve, withdraw
from pokea.disbursements.calls import Made
from pokea.disbursements.model import DisbursementKind
from pokea.disbursements.requesting import RefundRequest, request_refund
from pokea.errors import ApiError
from pokea.escrow.deciding import dispute, release
from pokea.escrow.shares import WantedShare
from pokea.ledger.entries import Money
from pokea.storage.database import Database
from pokea.storage.tables import bookings, disbursement_steps, disbursements
from tests.disbursements.people_scene import RULES, PeopleScene
from tests.properties.interleaved import outcomes_of
from tests.properties.stepping import Change, Gates
from tests.properties.tables import begin_with

GATES: Final[Gates] = {
    "take a turn": r"pg_advisory_xact_lock",
    "lock payments": r"from (?:open_)?payments\b.*for update",
    "lock disbursements": r"from disbursements\b.*for update",
    "lock bookings": r"from bookings\b.*for update",
}
# Who holds the turn meets no one until the commit, as two at a time show at every gate: of three, the turn is the one
# that is left.
GATES_OF_THREE: Final[Gates] = {"take a turn": GATES["take a turn"]}
ONE_A_DAY: Final = RULES._replace(caps=RULES.caps._replace(day_cents=50_000))
REFUNDS: Final = ("rf_a", "rf_b")


class Outcome(NamedTuple):
    """What the changes answered, the statuses of the refunds, their steps, the fees of bookings, and the books."""

    answers: tuple[str, ...]
    statuses: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]
    fees: tuple[str, ...]
    books: tuple[tuple[str, int], ...]


def prepare(connection: Connection) -> None:
    """Two payments that are due back, and a refund of each that ann has asked for; a third, and a fee that is held."""
    begin_with(connection, (), ())
    scene = PeopleScene(connection)
    for number, refund_id in enumerate(REFUNDS, 1):
        scene.paid(number)
        scene.made_refund(scene.call("ann", object_id=refund_id), f"pay_{number}")
    scene.paid(3)
    scene.paid(4, money=Money.HELD)
    scene.payee(owed_cents=0)


def acting(act: Callable[..., Any], by: str, refund_id: str, *, rules: Any = RULES) -> Change:
    """What this person does about a refund as it was asked for, each time that the change is made."""

    def change(connection: Connection) -> Any:
        scene = PeopleScene(connection, funded=False)
        row = connection.execute(select(disbursements).where(disbursements.c.id == refund_id)).one()
        target = Target(DisbursementKind.REFUND, refund_id)
        call = scene.call(by, key=f"{by} {refund_id}", object_id=f"oc_{by}_{refund_id}")
        if act is approve:
            return approve(connection, call, target, Approval(row.digest, over_cap=False), rules)
        return withdraw(connection, call, target, "a mistake")

    return change


def asking(by: str, amount_cents: int, payment_id: str = "pay_3") -> Change:
    """This person asks for a part of the payment."""

    def change(connection: Connection) -> Any:
        scene = PeopleScene(connection, funded=False)
        call = scene.call(by, key=by, object_id=f"rf_{by}")
        wish = RefundRequest(payment_id, amount_cents, None, "late", confirms_repeat=False, decision_id=f"dc_{by}")
        return request_refund(connection, call, wish, RULES)

    return change


def released(connection: Connection) -> Any:
    """The owner releases the fee that is held, to the one payee."""
    call = PeopleScene(connection, funded=False).call("owner", is_admin=True, key="release", object_id="dc_release")
    return release(connection, call, "bk_4", [WantedShare("py_1", None)], 0)


def disputed(connection: Connection) -> Any:
    """An admin disputes it for the customer."""
    call = PeopleScene(connection, funded=False).call("fay", is_admin=True, key="dispute", object_id="dc_dispute")
    return dispute(connection, call, "bk_4", "no one came")


MEETINGS: Final[dict[str, Sequence[Change]]] = {
    "two approve one": (acting(approve, "ben", "rf_a"), acting(approve, "cat", "rf_a")),
    "one approves, the other withdraws": (acting(approve, "ben", "rf_a"), acting(withdraw, "ann", "rf_a")),
    "two approve, and one withdraws": (
        acting(approve, "ben", "rf_a"),
        acting(approve, "cat", "rf_a"),
        acting(withdraw, "ann", "rf_a"),
    ),
    "two approvals of one day": (
        acting(approve, "ben", "rf_a", rules=ONE_A_DAY),
        acting(approve, "ben", "rf_b", rules=ONE_A_DAY),
    ),
    "the same call twice": (acting(approve, "ben", "rf_a"), acting(approve, "ben", "rf_a")),
    "two ask for one payment": (asking("dan", 30_000), asking("eve", 20_100)),
    "a refund and a release of one fee": (asking("dan", 50_000, "pay_4"), released),
    "a refund, a release and a dispute of one fee": (asking("dan", 20_000, "pay_4"), released, disputed),
}


@pytest.mark.parametrize("told", MEETINGS)
def test_people_at_once_end_as_one_after_the_other(plain: Database, told: str) -> None:
    """Nothing is approved twice, no cap and no sum is exceeded, no fee goes two ways, no one waits in a circle, and the
    books are right."""
    changes = MEETINGS[told]
    gates = GATES if len(changes) == 2 else GATES_OF_THREE
    serial, seen = outcomes_of(plain, changes, gates, partial(_prepare, plain), partial(_outcome, plain))
    assert set(seen) == set(serial)


def _prepare(database: Database) -> None:
    with database.engine.begin() as connection:
        prepare(connection)


def _outcome(database: Database, results: Sequence[Any]) -> Outcome:
    answers = tuple(map(_named, results))
    with database.engine.begin() as connection:
        scene = PeopleScene(connection, funded=False)
        columns = disbursements.c
        rows = connection.execute(select(columns.id, columns.status).order_by(columns.id)).all()
        done = disbursement_steps.c
        steps = connection.execute(
            select(done.disbursement_id, done.kind, done.subject).order_by(done.disbursement_id, done.number)
        )
        fees = tuple(connection.execute(select(bookings.c.fee_status).order_by(bookings.c.id)).scalars())
        books = tuple(sorted(scene.balances().items()))
        statuses = tuple(f"{each.id} {each.status}" for each in rows)
        return Outcome(answers, statuses, tuple(map(tuple, steps)), fees, books)


def _named(result: Any) -> str:
    if isinstance(result, ApiError):
        return result.code
    if isinstance(result, Made):
        return f"{result.row.status}{' again' if result.replayed else ''}"
    return type(result).__name__
