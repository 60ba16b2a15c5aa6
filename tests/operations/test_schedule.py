"""When a payment is asked about and when it is given up: the policy as a table, and what holds for any evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pokea.clock import HOUR, SECOND, Instant
from pokea.operations.decision import Status, decide
from pokea.operations.evidence import Evidence, Source
from pokea.operations.rules import STK_PUSH
from pokea.operations.schedule import (
    InquiryState,
    given_up_at,
    may_expedite,
    next_action_at,
)
from tests.properties.evidence_sets import (
    FACTS,
    accepted,
    any_set,
    callback,
    query,
    refused,
    silent,
    statement,
    unknown,
)

LEASE = 60 * SECOND
LOCK_END = 180 * SECOND
NEW = InquiryState(created_at=0, lease_until=LEASE, expires_at=FACTS.expires_at, next_action_at=LEASE)


def asked(at: int, inquiries: int = 1) -> InquiryState:
    """Asked for the last time at this second."""
    return replace(
        NEW, inquiries=inquiries, last_inquiry_at=at * SECOND, next_action_at=at * SECOND + STK_PUSH.gap(inquiries)
    )


def due(pieces: list[Evidence], so_far: InquiryState) -> Instant | None:
    return next_action_at(STK_PUSH, decide(FACTS, STK_PUSH, pieces), pieces, so_far)


POLICY: list[tuple[str, list[Evidence], InquiryState, int | None]] = [
    ("the push is out: its lease", [], NEW, 60),
    ("the push's outcome is unknown: the end of the lock", [unknown()], NEW, 180),
    ("accepted: 15 s later", [accepted(2)], NEW, 17),
    ("asked once, without an answer: 15 s later", [accepted()], asked(16), 31),
    ("asked twice, without an answer: 20 s later", [accepted()], asked(31, 2), 51),
    ("a doubtful callback: at once", [accepted(), callback("17", 5)], NEW, 5),
    ("a doubtful callback a second after a question: a minute after it", [accepted(), callback("17", 17)],
     asked(16, 9), 76),
    ("a doubtful callback long after a question: at once", [accepted(), callback("17", 500)], asked(300, 11), 500),
    ("a doubtful callback that a question has followed: as usual", [accepted(), callback("17", 5)], asked(16, 9), 616),
    ("a stranger's success: at once", [accepted(), callback("0", 9, proved=False)], NEW, 9),
    ("one answer of `not paid`: 11 s later", [accepted(), query("1037", 17)], asked(16, 6), 28),
    ("one answer of `not paid`, asked again since: as usual", [accepted(), query("1037", 17)], asked(28, 2), 48),
    ("cancelled by callback: the closing question", [accepted(), callback("1032")], NEW, 180),
    ("two answers agree: the closing question", [accepted(), query("1037", 17), query("1037", 28, 2)],
     asked(28, 2), 180),
    ("failed, and the closing question was answered", [accepted(), callback("1032"), query("1032", 181)],
     asked(180), None),
    ("failed, and the closing question had no answer: 15 s later", [accepted(), callback("1032")], asked(180), 195),
    ("failed, and its day is over without an answer", [accepted(), callback("1032")], asked(86_390, 20), None),
    ("failed, and answered since the lock was over", [accepted(), query("4999", 301), callback("1032", 400)],
     asked(300), None),
    ("failed, then told paid by a stranger: at once", [accepted(), callback("1032"), callback("0", 9, proved=False)],
     NEW, 9),
    ("something at its own address that cannot be read: at once",
     [accepted(), callback(None, 9, proved=False, request_id=None)], NEW, 9),
    ("failed, then something that cannot be read: at once",
     [accepted(), callback("1032"), callback(None, 9, proved=False, request_id=None)], NEW, 9),
    ("failed, then a code that proves nothing: at once", [accepted(), callback("1032"), callback("17", 9)], NEW, 9),
    ("failed, then told the same by a stranger: the closing question",
     [accepted(), callback("1032"), callback("1032", 9, proved=False)], NEW, 180),
    ("failed, then told paid, and a lone answer says otherwise: 11 s later",
     [accepted(), callback("1032"), callback("0", 300, proved=False), query("1037", 301)], asked(300), 312),
    ("failed, then told paid, and two answers say otherwise", [accepted(), callback("1032"),
     callback("0", 300, proved=False), query("1037", 301), query("1037", 313, 2)], asked(312, 2), None),
    ("failed, then told paid, and two answers just far enough apart say otherwise", [accepted(), callback("1032"),
     callback("0", 300, proved=False), query("1037", 301), query("1037", 311, 2)], asked(310, 2), None),
    ("paid", [accepted(), callback("0")], NEW, None),
    ("a query says paid", [accepted(), query("0", 17)], asked(16), None),
    ("a statement says paid", [unknown(), statement()], NEW, None),
    ("refused: there is nothing to ask about", [refused()], NEW, None),
    ("given up without an id", [unknown(), silent()], NEW, None),
    ("given up without an id that turns up late: the closing question", [unknown(), silent(), accepted(300)],
     NEW, 180),
    ("given up after a day", [accepted(), silent(86_400)], asked(86_000, 20), None),
    ("a day is over", [accepted()], asked(86_000, 20), 86_400),
    ("a lost push that a doubtful callback names: at once", [unknown(), callback("17", 90)], NEW, 90),
]  # fmt: skip


@pytest.mark.parametrize(("story", "pieces", "so_far", "seconds"), POLICY, ids=[story for story, *_ in POLICY])
def test_something_is_due_when_the_policy_says(
    story: str, pieces: list[Evidence], so_far: InquiryState, seconds: int | None
) -> None:
    """Each row of the policy: what is known of a payment and asked so far makes one moment, or none."""
    assert due(pieces, so_far) == (None if seconds is None else seconds * SECOND), story


def test_gaps_grow_and_then_stay() -> None:
    """The pauses between questions never shrink, and an hour is the longest."""
    gaps = [STK_PUSH.gap(inquiries) for inquiries in range(1, 40)]
    assert gaps == sorted(gaps)
    assert (gaps[0], gaps[-1]) == (15 * SECOND, HOUR)


def test_a_day_of_silence_takes_fewer_than_fifty_questions() -> None:
    """A payment that Daraja never answers about is asked about a bounded number of times until it is given up."""
    so_far, questions = NEW, 0
    while (moment := due([accepted()], so_far)) is not None and moment < given_up_at(STK_PUSH, so_far):
        questions += 1
        so_far = asked(moment // SECOND, questions)
    assert 20 < questions < 50
    assert moment == STK_PUSH.give_up


any_state = st.builds(
    lambda at, inquiries: NEW if inquiries == 0 else asked(at, inquiries), st.integers(1, 90_000), st.integers(0, 30)
)


def until(pieces: list[Evidence], so_far: InquiryState) -> list[Evidence]:
    """The pieces that can have arrived by the time of the last question."""
    now = so_far.last_inquiry_at or 0
    return [piece for piece in {each.id: each for each in pieces}.values() if piece.received_at <= now]


@given(any_set, any_state)
def test_after_a_question_the_next_is_later(pieces: list[Evidence], so_far: InquiryState) -> None:
    """Whatever is known, a payment that has just been asked about falls due later, or when its day is over."""
    moment = due(until(pieces, so_far), so_far)
    if so_far.inquiries and any(piece.source is Source.PUSH_ACCEPTED for piece in until(pieces, so_far)):
        assert moment is None or moment > (so_far.last_inquiry_at or 0) or moment == given_up_at(STK_PUSH, so_far)


@given(any_set, any_state)
def test_an_open_payment_is_always_due_within_its_day(pieces: list[Evidence], so_far: InquiryState) -> None:
    """No open payment is forgotten, and none is open for more than a day."""
    row = decide(FACTS, STK_PUSH, pieces)
    moment = next_action_at(STK_PUSH, row, pieces, so_far)
    if row.status in (Status.INITIATED, Status.PENDING):
        assert moment is not None
        assert moment <= given_up_at(STK_PUSH, so_far)


@given(any_set, any_state)
def test_nothing_is_due_after_completion(pieces: list[Evidence], so_far: InquiryState) -> None:
    """A completed payment is never asked about."""
    row = decide(FACTS, STK_PUSH, pieces)
    if row.status is Status.COMPLETED:
        assert next_action_at(STK_PUSH, row, pieces, so_far) is None


@given(any_set, any_state)
def test_giving_up_ends_the_asking(pieces: list[Evidence], so_far: InquiryState) -> None:
    """After silence a payment is not open, and what is due at most is one closing question or the answer to a doubt."""
    known = [*pieces, silent(86_400)]
    row = decide(FACTS, STK_PUSH, known)
    moment = next_action_at(STK_PUSH, row, known, so_far)
    assert row.status in (Status.COMPLETED, Status.FAILED)
    closing = {None, LOCK_END, given_up_at(STK_PUSH, so_far)}
    doubts = [piece for piece in pieces if piece.source is Source.CALLBACK and not STK_PUSH.is_final_failure(piece)]
    assert moment in closing or doubts


@given(any_set, any_state)
def test_a_doubt_hurries_once_a_minute_at_most(pieces: list[Evidence], so_far: InquiryState) -> None:
    """However many doubtful callbacks come, the next question is a minute after the last, unless it was due anyway."""
    calm = [piece for piece in pieces if piece.source is not Source.CALLBACK]
    row, without = decide(FACTS, STK_PUSH, pieces), due(calm, so_far)
    moment = next_action_at(STK_PUSH, row, pieces, so_far)
    if so_far.last_inquiry_at is not None and row.status is Status.PENDING and moment is not None:
        allowed = [
            so_far.last_inquiry_at + STK_PUSH.expedite_every,
            so_far.next_action_at,
            without,
            given_up_at(STK_PUSH, so_far),
        ]
        answered = [piece.received_at + 11 * SECOND for piece in pieces if piece.source is Source.QUERY]
        assert moment >= min(each for each in [*allowed, *answered] if each is not None)


def test_a_claim_may_hurry_when_nobody_hurries_and_a_minute_has_passed() -> None:
    """A claim brings a question forward unless one does already or one was asked within the last minute (law:
    inquiries)."""
    assert may_expedite(STK_PUSH, last_inquiry_at=None, inquiry_requested_at=None, now=5)
    assert not may_expedite(STK_PUSH, last_inquiry_at=None, inquiry_requested_at=4, now=5)
    assert may_expedite(STK_PUSH, last_inquiry_at=0, inquiry_requested_at=None, now=60 * SECOND)
    assert not may_expedite(STK_PUSH, last_inquiry_at=1, inquiry_requested_at=None, now=60 * SECOND)
