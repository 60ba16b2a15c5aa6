"""Changes that meet on PostgreSQL: however they meet, all ends as if one had come after the other."""

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any, NamedTuple, TypeVar

from pokea.bookings.store import Booking
from pokea.clock import SECOND
from pokea.daraja.outcomes import Accepted
from pokea.errors import ApiError
from pokea.operations import store
from pokea.operations.arrivals import Batch
from pokea.operations.evidence import Delivery, Evidence, from_push
from pokea.operations.settle import settle
from pokea.operations.store import Payment
from pokea.payments.flow import PaymentFlow
from pokea.payments.reserve import Rejected
from pokea.storage.database import Database
from tests.deliveries import TOKENS, checkout_of
from tests.payment_rows import new_booking
from tests.properties.stepping import SETTLE_GATES, Change, Gates, crossing
from tests.properties.tables import begin_with, check_books, contents

NOW = 1_000 * SECOND
AnyOutcome = TypeVar("AnyOutcome")
BOOKINGS = (new_booking("bk_1"), new_booking("bk_2"))


class Meeting(NamedTuple):
    """Two changes at once, the payments they find, and in how many ways they can meet.

    Each of the payments was pushed, and Daraja accepted it.
    """

    told: str
    payments: Sequence[Payment]
    changes: tuple[Change, Change]
    schedules: int
    bookings: Sequence[Booking] = BOOKINGS


class Outcome(NamedTuple):
    """What the two changes answered, and what all tables say after it."""

    answers: tuple[str, ...]
    contents: dict[str, Any]


def batch(*arrived: Delivery | Evidence) -> Batch:
    """What arrived, as one batch."""
    deliveries = [each for each in arrived if isinstance(each, Delivery)]
    return Batch(NOW, deliveries, [each for each in arrived if isinstance(each, Evidence)])


def accepted(payment_id: str) -> Evidence:
    """Daraja took the push."""
    outcome = Accepted(checkout_of(payment_id), "4ddd-4866-824e-3f944c695ba350353555", "")
    return from_push(payment_id, outcome, SECOND)


def answers_of(database: Database, meeting: Meeting, gates: Gates = SETTLE_GATES) -> set[tuple[str, ...]]:
    """What the changes answer, over all schedules. Asserts that each ends as a serial one, that nobody has waited in a
    circle, and that the books hold."""

    def outcome(results: Sequence[Any]) -> Outcome:
        return Outcome(tuple(map(_named, results)), _finish(database))

    serial, seen = outcomes_of(database, meeting.changes, gates, lambda: _prepare(database, meeting), outcome)
    answers = [each.answers for each in seen]
    assert len(answers) == meeting.schedules, len(answers)
    assert set(answers) == {each.answers for each in serial}
    return set(answers)


def outcomes_of(
    database: Database,
    changes: Sequence[Change],
    gates: Gates,
    prepare: Callable[[], None],
    outcome: Callable[[Sequence[Any]], AnyOutcome],
) -> tuple[list[AnyOutcome], list[AnyOutcome]]:
    """What the changes come to one after the other, in every order, and what they come to over all schedules. Asserts
    that each of the latter is one of the former, and that nobody has waited in a circle.

    `outcome` takes what each change answered, or the refusal that it raised.
    """
    serial = []
    for order in permutations(range(len(changes))):
        prepare()
        serial.append(outcome(_one_after_the_other(database, changes, order)))
    seen = []
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with crossing(url, gates, at_once=len(changes)) as crossed:
        for ending in crossed.every_schedule(prepare, changes):
            found = outcome(ending.results)
            assert found in serial, ending
            assert set(ending.runs) == {1}, f"a deadlock: {ending.steps}"
            seen.append(found)
    return serial, seen


def _one_after_the_other(database: Database, changes: Sequence[Change], order: Sequence[int]) -> list[Any]:
    results: list[Any] = [None] * len(changes)
    for number in order:
        try:
            with database.engine.begin() as connection:
                results[number] = changes[number](connection)
        except ApiError as refusal:
            results[number] = refusal
    return results


def _prepare(database: Database, meeting: Meeting) -> None:
    with database.engine.begin() as connection:
        begin_with(connection, meeting.bookings, meeting.payments)
        settle(connection, batch(*(accepted(payment.id) for payment in meeting.payments)), PaymentFlow(TOKENS.proves))


def _finish(database: Database) -> dict[str, Any]:
    """Apply what is stored and not applied, as the settler does after a commit; answers what the tables say then."""
    with database.engine.begin() as connection:
        settle(connection, Batch(NOW, revisit=store.unapplied(connection, 64)), PaymentFlow(TOKENS.proves))
        assert store.unapplied(connection, 64) == []
        check_books(connection)
        return contents(connection)


def _named(result: Any) -> str:
    if isinstance(result, list):
        return " and ".join(map(_named, result))
    if isinstance(result, Rejected):
        return result.why.value
    if isinstance(result, ApiError):
        return result.code
    return type(result).__name__.lower()
