"""What reaches one attempt at once, stepped through every interleaving on PostgreSQL (law: universes): each ends as one
after the other would."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import pytest
from sqlalchemy import Connection, select

from pokea.disbursements.evidence import OutDelivery, OutEvidence, Purpose, accepted, unknown
from pokea.disbursements.model import OutAttempt
from pokea.disbursements.store import add_addresses
from pokea.storage.database import Database
from pokea.storage.tables import evidence
from tests.disbursements.bodies import at, b2c_body, status_body
from tests.disbursements.rows import CONVERSATION, ORIGINATOR
from tests.disbursements.scenes import OutScene
from tests.properties.interleaved import outcomes_of
from tests.properties.stepping import Change, Gates
from tests.properties.tables import begin_with

GATES: Final[Gates] = {
    "lock disbursements": r"from disbursements\b.*for update",
    "lock attempts": r"from attempts\b.*for update",
    "own receipts": r"insert into receipts",
}
# Each of them locks the disbursement first and meets no other until its commit, as two at a time show at every gate.
GATES_OF_THREE: Final[Gates] = {"lock disbursements": GATES["lock disbursements"]}
Arrival = Callable[[OutScene, OutAttempt], OutDelivery | OutEvidence]


class Outcome(NamedTuple):
    """The attempt and its disbursement, what is known of it, what was announced of it in the end, and the books."""

    attempt: str
    receipt: str | None
    disbursement: str
    known: tuple[str, ...]
    last_event: str
    books: tuple[tuple[str, int], ...]


def at_address(purpose: Purpose, body: bytes, seconds: float, question: int = 0) -> Arrival:
    """The body at an address of the attempt's own."""

    def arrival(scene: OutScene, attempt: OutAttempt) -> OutDelivery:
        if purpose is Purpose.STATUS:
            url = scene.book.of_question(attempt.id, question, 0).result_url
        else:
            own = scene.book.of_attempt(attempt.id, 0)
            url = own.result_url if purpose is Purpose.RESULT else own.timeout_url
        return OutDelivery(url.rsplit("/", 1)[1], body, at(seconds))

    return arrival


RESULT: Final = at_address(Purpose.RESULT, b2c_body(), 10)
FAILURE: Final = at_address(Purpose.RESULT, b2c_body(ResultCode=2001, TransactionID="SKQ0000000"), 11)
NOTICE: Final = at_address(Purpose.TIMEOUT, b'{"Result":{"ResultType":1,"ResultCode":1037}}', 12)
STATUS: Final = at_address(Purpose.STATUS, status_body(), 40, 1)


def answer(_scene: OutScene, attempt: OutAttempt) -> OutEvidence:
    """Daraja's acknowledgement."""
    return accepted(attempt.id, CONVERSATION, ORIGINATOR, at(1))


def silence(_scene: OutScene, attempt: OutAttempt) -> OutEvidence:
    """No answer came to the request."""
    return unknown(attempt.id, "no answer came", at(60))


MEETINGS: Final[dict[str, Sequence[Arrival]]] = {
    "the Result overtakes the answer": (RESULT, answer),
    "the Result twice": (RESULT, RESULT),
    "a Result and a failure at one address": (RESULT, FAILURE),
    "a Result and the answer to a question": (RESULT, STATUS),
    "no answer, and a Result": (silence, RESULT),
    "a Result, the answer to a question, and a timeout notice": (RESULT, STATUS, NOTICE),
    "a failure, the answer to a question, and a timeout notice": (FAILURE, STATUS, NOTICE),
}


@pytest.mark.parametrize("told", MEETINGS)
def test_arrivals_at_once_end_as_one_after_the_other(plain: Database, told: str) -> None:
    """The attempt has one outcome and its money is posted once, no arrival is lost, and no one waits in a circle."""
    arrivals = MEETINGS[told]
    changes: list[Change] = [partial(_settle, arrival) for arrival in arrivals]

    def outcome(results: Sequence[Any]) -> Outcome:
        assert not any(isinstance(each, Exception) for each in results), results
        found = _outcome(plain)
        assert len(found.known) == 1 + len(set(arrivals)), found
        return found

    gates = GATES if len(changes) == 2 else GATES_OF_THREE
    serial, seen = outcomes_of(plain, changes, gates, partial(_prepare, plain), outcome)
    assert set(seen) == set(serial)


def _settle(arrival: Arrival, connection: Connection) -> Any:
    scene = OutScene(connection)
    return scene.settle(arrival(scene, scene.attempt(_only_attempt(connection))), now=at(60))


def _only_attempt(connection: Connection) -> str:
    return str(connection.exec_driver_sql("select id from attempts").scalar_one())


def _prepare(database: Database) -> None:
    with database.engine.begin() as connection:
        begin_with(connection, (), ())
        scene = OutScene(connection)
        add_addresses(connection, scene.book.of_question(scene.begun().id, 1, 0).rows)


def _outcome(database: Database) -> Outcome:
    with database.engine.begin() as connection:
        scene = OutScene(connection)
        attempt = scene.attempt(_only_attempt(connection))
        known = tuple(connection.execute(select(evidence.c.source).order_by(evidence.c.source)).scalars())
        events = sorted(scene.events(), key=lambda each: each[1])
        last_event = events[-1][2] if events else ""
        books = tuple(sorted(scene.balances().items()))
        return Outcome(attempt.status, attempt.receipt, scene.disbursement().status, known, last_event, books)
