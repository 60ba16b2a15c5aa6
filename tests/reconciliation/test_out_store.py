"""What the lines of a statement post of an account, on both kinds of database: once each, and in sums of nothing."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, func, select, update

from pokea.clock import HOUR, Instant
from pokea.disbursements.evidence import OutEvidence, OutSource, accepted, stated
from pokea.disbursements.model import Way
from pokea.disbursements.store import add_evidence
from pokea.ledger.entries import Account
from pokea.reconciliation.out_store import AmountSeen, ChargeSeen, LinesSeen, TransferSeen, out_candidates, post_seen
from pokea.reconciliation.statement import Statement
from pokea.scope import DEFAULT_SCOPE, Scope
from pokea.storage.engines import postgres_engine, sqlite_engine
from pokea.storage.tables import attempts, postings
from tests.disbursements.bodies import SENT_AT
from tests.disbursements.rows import CONVERSATION
from tests.disbursements.scenes import OutScene
from tests.reconciliation.written import Movement, statement_of

NOW: Final = SENT_AT + HOUR
RECEIPT: Final = "TK5BB00001"
NOTHING: Final = LinesSeen(1, Account.MPESA_CLEARING, (), (), ())


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """One transaction, which is rolled back at the end."""
    is_file = database_url.startswith("sqlite:")
    engine = sqlite_engine(database_url, begin="BEGIN IMMEDIATE") if is_file else postgres_engine(database_url)
    with engine.connect() as opened, opened.begin() as transaction:
        yield opened
        transaction.rollback()
    engine.dispose()


@pytest.fixture
def scene(connection: Connection) -> OutScene:
    """Money out in a fresh database."""
    return OutScene(connection)


def paid(scene: OutScene) -> str:
    """A sending of 500 shillings that a statement has completed."""
    attempt = scene.begun()
    scene.settle(accepted(attempt.id, CONVERSATION, None, SENT_AT))
    scene.settle(stated(attempt.id, RECEIPT, 50_000, None, SENT_AT))
    return attempt.id


def moved(scene: OutScene, before: dict[str, int]) -> dict[str, int]:
    """What has changed on each account."""
    after = scene.balances()
    changed = {name: after.get(name, 0) - before.get(name, 0) for name in after.keys() | before.keys()}
    assert sum(after.values()) == 0
    return {name: cents for name, cents in changed.items() if cents}


def about(receipt: str, at: Instant) -> Statement:
    """A statement of two hours with one line in their middle."""
    read = statement_of(Movement(receipt=receipt))
    lines = [replace(line, at=at) for line in read.lines]
    return replace(read, preamble=replace(read.preamble, since=at - HOUR, until=at + HOUR), lines=lines)


def count(connection: Connection) -> int:
    """How many postings there are."""
    return int(connection.execute(select(func.count()).select_from(postings)).scalar_one())


def test_a_charge_is_posted_once_and_taken_from_the_account(scene: OutScene) -> None:
    """Its line says both that it was spent and that it has left; the same file again posts nothing."""
    attempt_id = paid(scene)
    before = scene.balances()
    seen = NOTHING._replace(charges=[ChargeSeen(attempt_id, RECEIPT, 900)])
    assert post_seen(scene.connection, seen, NOW) == 4
    assert moved(scene, before) == {"mpesa_charges": 900, "mpesa_clearing": -900}
    there = count(scene.connection)
    assert post_seen(scene.connection, seen, NOW + HOUR) == 0
    assert count(scene.connection) == there


def test_a_charge_that_an_answer_names_later_is_not_posted_again(scene: OutScene) -> None:
    """The sending knows its charge from the statement, so that the settle of the answer has nothing to post."""
    attempt_id = paid(scene)
    post_seen(scene.connection, NOTHING._replace(charges=[ChargeSeen(attempt_id, RECEIPT, 900)]), NOW)
    assert scene.attempt(attempt_id).charge_cents == 900
    there = count(scene.connection)
    late = OutEvidence(attempt_id, "timeout_notice:x", OutSource.TIMEOUT_NOTICE, NOW + HOUR)
    scene.settle(late, now=NOW + HOUR)
    assert count(scene.connection) == there


@pytest.mark.parametrize("named", [700, 1_100])
def test_the_statement_corrects_a_charge_that_was_named(scene: OutScene, named: int) -> None:
    """What was posted and what has left agree in the end, and nothing is due."""
    attempt_id = paid(scene)
    before = scene.balances()
    post_seen(scene.connection, NOTHING._replace(charges=[ChargeSeen(attempt_id, "TK5BB00002", named)]), NOW)
    undo = postings.c.kind == "charge_taken"
    scene.connection.execute(postings.delete().where(undo))
    post_seen(scene.connection, NOTHING._replace(charges=[ChargeSeen(attempt_id, RECEIPT, 900)]), NOW)
    assert moved(scene, before) == {"mpesa_charges": 900, "mpesa_clearing": -900}


@pytest.mark.parametrize("account", [Account.MPESA_CLEARING, Account.PAYOUT_FLOAT])
def test_a_sweep_and_a_top_up_move_between_the_bank_and_the_account(scene: OutScene, account: Account) -> None:
    """Each by its receipt, once."""
    lines = [TransferSeen("TK5DD00001", 7_000), TransferSeen("TK5DD00002", -2_000)]
    seen = NOTHING._replace(account=account, transfers=lines)
    for expected in (4, 0):
        assert post_seen(scene.connection, seen, NOW) == expected
    assert scene.balances() == {"bank": 5_000, account.value: -5_000}


@pytest.mark.parametrize("cents", [50_100, 49_900])
def test_another_amount_of_what_has_paid_stands_in_suspense(scene: OutScene, cents: int) -> None:
    """The clearing account comes to what M-PESA says; of a sending that has not paid nothing is posted."""
    attempt_id = paid(scene)
    before = scene.balances()
    seen = NOTHING._replace(amounts=[AmountSeen(attempt_id, RECEIPT, cents)])
    for expected in (2, 0):
        assert post_seen(scene.connection, seen, NOW) == expected
    assert moved(scene, before) == {"suspense": cents - 50_000, "mpesa_clearing": 50_000 - cents}
    other = NOTHING._replace(amounts=[AmountSeen(attempt_id, "TK5BB00009", cents)])
    assert post_seen(scene.connection, other, NOW) == 0


@pytest.mark.parametrize(("proved", "named"), [(True, {RECEIPT}), (False, set())])
def test_only_what_a_proved_message_names_is_a_receipt_of_the_sending(
    scene: OutScene, proved: bool, named: set[str]
) -> None:
    """A receipt in a message that is not proved, and one that another operation owns, are not taken."""
    attempt = scene.begun()
    told: dict[str, Any] = {"proved": proved, "receipt": RECEIPT, "amount_cents": 1, "body": b"{}"}
    add_evidence(
        scene.connection, [OutEvidence(attempt.id, "result:x", OutSource.RESULT, SENT_AT, **told)], applied=True
    )
    statement = about("TK5BB00009", SENT_AT)
    (found,) = out_candidates(scene.connection, DEFAULT_SCOPE, statement, list(Way))
    assert (found.owned, found.named) == (frozenset(), frozenset(named))
    assert out_candidates(scene.connection, DEFAULT_SCOPE, statement, [Way.REVERSAL]) == []


def test_sendings_of_another_time_are_looked_at_while_they_are_open(scene: OutScene) -> None:
    """Or where the statement names their receipt; else they are no business of it."""
    attempt_id = paid(scene)
    other, own = (about(each, SENT_AT + 100 * HOUR) for each in ("TK5BB00009", RECEIPT))
    assert out_candidates(scene.connection, DEFAULT_SCOPE, other, list(Way)) == []
    assert [each.owned for each in out_candidates(scene.connection, DEFAULT_SCOPE, own, list(Way))] == [
        frozenset({RECEIPT})
    ]
    reopened = update(attempts).where(attempts.c.id == attempt_id).values(status="unknown", completed_at=None)
    scene.connection.execute(reopened)
    assert len(out_candidates(scene.connection, DEFAULT_SCOPE, other, list(Way))) == 1


def test_a_statement_of_one_merchant_sees_no_sending_of_another(scene: OutScene) -> None:
    """Neither one of its time nor one whose receipt it names."""
    paid(scene)
    for statement in (about("TK5BB00009", SENT_AT), about(RECEIPT, SENT_AT + 100 * HOUR)):
        assert len(out_candidates(scene.connection, DEFAULT_SCOPE, statement, list(Way))) == 1
        assert out_candidates(scene.connection, Scope(2), statement, list(Way)) == []
