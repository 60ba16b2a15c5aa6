"""The row of a payment is one pure function of its evidence (law: evidence)."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.clock import SECOND
from pokea.operations.decision import Decision, Flag, Status, Terms, classify, decide
from pokea.operations.evidence import Evidence, Source
from pokea.operations.rules import STK_PUSH
from tests.properties.evidence_sets import (
    ASKED_CENTS,
    FACTS,
    OURS,
    PAYMENT,
    THEIRS,
    accepted,
    any_evidence,
    any_set,
    callback,
    query,
    refused,
    silent,
    small_world,
    statement,
    unknown,
)

RANK = {Status.INITIATED: 0, Status.PENDING: 1, Status.FAILED: 2, Status.COMPLETED: 3}


def subsets() -> list[tuple[Evidence, ...]]:
    world = small_world()
    return [chosen for size in range(len(world) + 1) for chosen in itertools.combinations(world, size)]


def test_every_subset_makes_the_same_row_in_any_order_and_with_any_repetition() -> None:
    """Each of the 4,096 sets of a small world makes one row, however it is shuffled and repeated."""
    shuffle = random.Random(7)
    for chosen in subsets():
        row = decide(FACTS, STK_PUSH, chosen)
        again = [*chosen, *chosen]
        shuffle.shuffle(again)
        assert decide(FACTS, STK_PUSH, again) == row
        assert decide(FACTS, STK_PUSH, reversed(chosen)) == row


def test_no_subset_completes_without_a_trusted_success() -> None:
    """A payment is completed exactly when its evidence holds an exact, proved callback or a query that says paid."""
    for chosen in subsets():
        ids = {piece.id for piece in chosen}
        kinds = {piece.source for piece in chosen}
        judged = kinds & {Source.PUSH_ACCEPTED, Source.PUSH_REFUSED, Source.PUSH_UNKNOWN}
        proved = callback("0", 5).id in ids and bool(judged)
        asked = query("0", 60, attempt=3).id in ids
        assert (decide(FACTS, STK_PUSH, chosen).status is Status.COMPLETED) == (proved or asked)


def test_no_piece_takes_a_completed_payment_back() -> None:
    """Whatever is added to a completed set of the small world, the payment stays completed."""
    world = small_world()
    for chosen in subsets():
        if decide(FACTS, STK_PUSH, chosen).status is Status.COMPLETED:
            for piece in world:
                assert decide(FACTS, STK_PUSH, [*chosen, piece]).status is Status.COMPLETED


@given(any_set, st.randoms(use_true_random=False))
def test_any_set_makes_the_same_row_in_any_order(pieces: list[Evidence], chance: random.Random) -> None:
    """Order and repetition never matter, whatever the evidence is."""
    by_id = {piece.id: piece for piece in pieces}
    unique = list(by_id.values())
    shuffled = [*unique, *unique]
    chance.shuffle(shuffled)
    assert decide(FACTS, STK_PUSH, shuffled) == decide(FACTS, STK_PUSH, unique)


@given(any_set, any_evidence())
def test_a_completed_payment_stays_completed(pieces: list[Evidence], more: Evidence) -> None:
    """No further evidence takes a completed payment back, nor its lock up again."""
    unique = list({piece.id: piece for piece in pieces}.values())
    if decide(FACTS, STK_PUSH, unique).status is Status.COMPLETED and more.id not in {piece.id for piece in unique}:
        after = decide(FACTS, STK_PUSH, [*unique, more])
        assert after.status is Status.COMPLETED
        assert after.locked_until == 0


@given(any_set, any_evidence())
def test_flags_only_grow(pieces: list[Evidence], more: Evidence) -> None:
    """A flag that is raised stays raised, except while a push in flight leaves a callback unjudged."""
    unique = list({piece.id: piece for piece in pieces}.values())
    if more.id not in {piece.id for piece in unique}:
        assert set(decide(FACTS, STK_PUSH, unique).flags) <= set(decide(FACTS, STK_PUSH, [*unique, more]).flags)


@given(any_set)
def test_a_claim_alone_changes_nothing(pieces: list[Evidence]) -> None:
    """Without a trusted callback, a query, a statement or Daraja's own answer nothing is ever completed or failed."""
    claims = [piece for piece in pieces if piece.source is Source.CALLBACK and not piece.proved]
    assert decide(FACTS, STK_PUSH, claims) == decide(FACTS, STK_PUSH, [])


def rises(before: Decision, after: Decision) -> bool:
    return RANK[after.status] >= RANK[before.status]


@given(any_set, any_evidence())
def test_status_falls_back_only_when_money_may_have_moved(pieces: list[Evidence], more: Evidence) -> None:
    """A failure known from queries alone is taken back by a proved success of another amount, and by nothing else."""
    unique = list({piece.id: piece for piece in pieces}.values())
    if more.id in {piece.id for piece in unique}:
        return
    before, after = decide(FACTS, STK_PUSH, unique), decide(FACTS, STK_PUSH, [*unique, more])
    if not rises(before, after):
        assert before.status is Status.FAILED
        assert any(piece.source is Source.CALLBACK and piece.code == "0" for piece in [*unique, more])


CASES: list[tuple[str, list[Evidence], Status, str | None]] = [
    ("nothing is known", [], Status.INITIATED, None),
    ("Daraja took the push", [accepted()], Status.PENDING, None),
    ("the outcome of the push is unknown", [unknown()], Status.INITIATED, None),
    ("a refusal", [refused()], Status.FAILED, "subscriber_locked"),
    ("paid", [accepted(), callback("0")], Status.COMPLETED, None),
    ("paid, told before Daraja answered the push", [callback("0")], Status.INITIATED, None),
    ("paid, and the push's answer was lost", [unknown(), callback("0")], Status.COMPLETED, None),
    ("paid although the push was refused", [refused(), callback("0")], Status.COMPLETED, None),
    ("cancelled, and the push's answer was lost", [unknown(), callback("1032")], Status.FAILED, "cancelled"),
    (
        "a callback that names another push",
        [accepted(), callback("0", request_id=THEIRS)],
        Status.PENDING,
        None,
    ),
    ("a callback without an id", [accepted(), callback("0", request_id=None)], Status.PENDING, None),
    ("a callback that proves nothing", [accepted(), callback("0", proved=False)], Status.PENDING, None),
    ("a success without an amount", [accepted(), callback("0", amount_cents=None)], Status.PENDING, None),
    ("a success without a receipt", [accepted(), callback("0", receipt=None)], Status.PENDING, None),
    ("another amount", [accepted(), callback("0", amount_cents=ASKED_CENTS + 100)], Status.PENDING, None),
    ("a fraction", [accepted(), callback("0", amount_cents=ASKED_CENTS + 1)], Status.PENDING, None),
    ("cancelled", [accepted(), callback("1032")], Status.FAILED, "cancelled"),
    ("no money", [accepted(), callback("1")], Status.FAILED, "insufficient_funds"),
    ("an ambiguous code", [accepted(), callback("17")], Status.PENDING, None),
    ("an unknown code", [accepted(), callback("31337")], Status.PENDING, None),
    ("one answer is not enough", [accepted(), query("1037", 20)], Status.PENDING, None),
    ("two answers too close", [accepted(), query("1037", 20), query("1037", 29, 2)], Status.PENDING, None),
    ("two answers that agree", [accepted(), query("1037", 20), query("1037", 30, 2)], Status.FAILED, "no_response"),
    ("two answers that differ", [accepted(), query("1037", 20), query("1032", 40, 2)], Status.PENDING, None),
    ("not yet, for ever", [accepted(), query("4999", 20), query("4999", 40, 2)], Status.PENDING, None),
    ("a query says paid", [accepted(), query("0", 20)], Status.COMPLETED, None),
    ("nobody knows", [unknown(), silent()], Status.FAILED, "no_answer"),
    ("nobody knew, then it was paid", [unknown(), silent(), callback("0", 200)], Status.COMPLETED, None),
    ("paid after a failure", [accepted(), callback("1037"), callback("0", 12)], Status.COMPLETED, None),
    ("a failure after paid", [accepted(), callback("0"), callback("1037", 12)], Status.COMPLETED, None),
    ("a statement", [unknown(), silent(), statement()], Status.COMPLETED, None),
    (
        "queries deny what a proved callback of another amount says",
        [accepted(), callback("0", amount_cents=60_000), query("1037", 20), query("1037", 40, 2)],
        Status.PENDING,
        None,
    ),
]


@pytest.mark.parametrize(("story", "pieces", "status", "reason"), CASES, ids=[case[0] for case in CASES])
def test_each_story_ends_as_the_law_says(
    story: str, pieces: list[Evidence], status: Status, reason: str | None
) -> None:
    """Every row of the law's table of proofs leads to its status and its reason."""
    row = decide(FACTS, STK_PUSH, pieces)
    assert (row.status, row.failure_reason) == (status, reason), story


def test_the_first_trusted_success_dates_the_payment() -> None:
    """`completedAt` is when we first heard of a trusted success, not when M-PESA says it moved the money."""
    row = decide(FACTS, STK_PUSH, [accepted(), query("0", 40), callback("0", 50)])
    assert row.completed_at == 40 * SECOND
    assert (row.receipt, row.provider_time) == ("UE4JS31RBV", "20260504210428")


def test_a_payment_that_a_query_completed_has_no_receipt_until_one_arrives() -> None:
    """A query gives no receipt; a later callback fills it in."""
    assert decide(FACTS, STK_PUSH, [accepted(), query("0", 40)]).receipt is None


def test_a_statement_names_the_receipt_that_is_shown() -> None:
    """Of several receipts the statement's is shown, and the payment is flagged."""
    row = decide(FACTS, STK_PUSH, [accepted(), callback("0"), statement("UE4JS31RBX")])
    assert row.receipt == "UE4JS31RBX"
    assert row.flags == (Flag.SEVERAL_RECEIPTS,)


def test_another_amount_raises_a_flag_and_leaves_the_status() -> None:
    """Money of another amount is a state to look at, neither paid nor failed."""
    row = decide(FACTS, STK_PUSH, [accepted(), callback("0", amount_cents=60_000)])
    assert (row.status, row.flags) == (Status.PENDING, (Flag.AMOUNT_DIFFERS,))


def test_an_unknown_code_raises_a_flag() -> None:
    """A code that is in no table is shown to a person."""
    assert decide(FACTS, STK_PUSH, [accepted(), callback("31337")]).flags == (Flag.CODE_UNKNOWN,)


def test_a_receipt_that_another_payment_owns_does_not_complete() -> None:
    """The loser of a receipt is flagged and waits for Daraja's word; the owner is flagged by the dispute."""
    pieces = [accepted(), callback("0")]
    assert classify(FACTS, pieces).wanted_receipts == ["UE4JS31RBV"]
    loser = decide(FACTS, STK_PUSH, pieces, {"UE4JS31RBV"})
    assert (loser.status, loser.flags) == (Status.PENDING, (Flag.RECEIPT_CONFLICT,))
    assert decide(FACTS, STK_PUSH, [*pieces, query("0", 20)], {"UE4JS31RBV"}).receipt is None
    dispute = Evidence(PAYMENT, "dispute:UE4JS31RBV", Source.RECEIPT_DISPUTE, 9 * SECOND, receipt="UE4JS31RBV")
    owner = decide(FACTS, STK_PUSH, [*pieces, dispute])
    assert (owner.status, owner.flags) == (Status.COMPLETED, (Flag.RECEIPT_CONFLICT,))


def test_a_statement_completes_though_a_callback_gave_its_receipt_away() -> None:
    """The organisation's own statement is trusted in any case: the payment completes, flagged, without that receipt."""
    line = Evidence(
        PAYMENT, "s", Source.STATEMENT, 9 * SECOND, code="0", amount_cents=ASKED_CENTS, receipt="UE4JS31RBV"
    )
    row = decide(FACTS, STK_PUSH, [unknown(), line], {"UE4JS31RBV"})
    assert (row.status, row.receipt, row.flags) == (Status.COMPLETED, None, (Flag.RECEIPT_CONFLICT,))


def test_a_large_payment_waits_for_a_query_that_agrees() -> None:
    """From POKEA_CONFIRM_FROM upward the callback alone completes nothing (law: proof)."""
    large = Terms(PAYMENT, ASKED_CENTS, FACTS.expires_at, requires_query=True)
    assert decide(large, STK_PUSH, [accepted(), callback("0")]).status is Status.PENDING
    agreed = decide(large, STK_PUSH, [accepted(), callback("0"), query("0", 20)])
    assert (agreed.status, agreed.receipt) == (Status.COMPLETED, "UE4JS31RBV")


LOCKS: list[tuple[str, list[Evidence], int]] = [
    ("open", [accepted()], 180),
    ("unknown", [unknown()], 180),
    ("paid", [accepted(), callback("0")], 0),
    ("failed by callback", [accepted(), callback("1032")], 0),
    ("failed by queries alone", [accepted(), query("1037", 20), query("1037", 40, 2)], 120),
    ("refused", [refused()], 0),
]


@pytest.mark.parametrize(("story", "pieces", "seconds"), LOCKS, ids=[lock[0] for lock in LOCKS])
def test_the_lock_ends_as_the_law_says(story: str, pieces: list[Evidence], seconds: int) -> None:
    """Booking and phone are free after a proved end, else at `expiresAt` or a minute later (law: time)."""
    assert decide(FACTS, STK_PUSH, pieces).locked_until == seconds * SECOND, story


def test_the_id_of_a_lost_push_is_named_by_its_callback() -> None:
    """When Daraja's answer was lost, the payment's id is the one that its own callback names."""
    assert decide(FACTS, STK_PUSH, [unknown(), callback("1032")]).request_id == OURS
    late = decide(FACTS, STK_PUSH, [unknown(), callback("0"), accepted(30, THEIRS)])
    assert (late.status, late.request_id) == (Status.COMPLETED, THEIRS)
