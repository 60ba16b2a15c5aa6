"""A payment's row is one pure function of its evidence (law 1), and this is that function.

    no evidence ──accepted, or a proved callback──▶ pending ──trusted failure──▶ failed
        │                                              │                           │
     initiated ────────trusted failure────────▶ failed │                           │
        └──────────────────trusted success─────────────┴──────────────▶ completed ◀┘

Nothing leads out of `completed`: proof that money moved outranks any word that it did not.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from pokea.clock import SECOND, Instant
from pokea.daraja.codes import Finality, meaning
from pokea.daraja.wire import SUCCESS
from pokea.money import CENTS
from pokea.payments.evidence import Evidence, Kind

QUERY_AGREEMENT: Instant = 10 * SECOND
"""Two query answers must be this far apart before they prove a failure (law 1)."""
LOCK_GRACE: Instant = 60 * SECOND
"""How long after `expires_at` booking and phone stay locked without a proved end (law 4)."""


class Status(StrEnum):
    """The guide's four."""

    INITIATED = "initiated"
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"


class Flag(StrEnum):
    """Why a person should look; only a person's recorded decision closes one."""

    AMOUNT_DIFFERS = "amount_differs"
    CODE_UNKNOWN = "code_unknown"
    PAID_TWICE = "paid_twice"
    RECEIPT_CONFLICT = "receipt_conflict"
    SEVERAL_RECEIPTS = "several_receipts"
    STUCK = "stuck"


NO_ANSWER = "no_answer"


class Facts(Struct, frozen=True):
    """What was asked for: fixed when the payment is made. `confirm`: a query must agree with the callback."""

    payment_id: str
    amount_cents: int
    expires_at: Instant
    confirm: bool = False


class Row(Struct, frozen=True):
    """What follows from the evidence. `locked_until` is 0 when booking and phone are free.

    `push_answered`: nobody waits for Daraja's answer to the push any more, whatever it was.
    """

    status: Status
    locked_until: Instant
    push_answered: bool = False
    checkout_request_id: str | None = None
    merchant_request_id: str | None = None
    accepted_at: Instant | None = None
    completed_at: Instant | None = None
    completed_by: str | None = None
    receipt: str | None = None
    transaction_date: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    failed_at: Instant | None = None
    review: tuple[Flag, ...] = ()


class _Sorted(Struct, frozen=True):
    """The evidence told apart by what it is worth."""

    accepted: Sequence[Evidence]
    unknowns: Sequence[Evidence]
    proved: Sequence[Evidence]
    successes: Sequence[Evidence]
    differing: Sequence[Evidence]
    disputed: Sequence[Evidence]
    queries: Sequence[Evidence]
    refusals: Sequence[Evidence]
    silences: Sequence[Evidence]


def wanted_receipts(facts: Facts, evidence: Iterable[Evidence]) -> list[str]:
    """The receipts that this payment must own before they may complete it, sorted."""
    told = _sort(facts, evidence, frozenset())
    named = {piece.receipt for piece in (*told.successes, *told.differing)}
    return sorted(receipt for receipt in named if receipt is not None)


def row_of(facts: Facts, evidence: Iterable[Evidence], foreign_receipts: Collection[str] = frozenset()) -> Row:
    """The row that the evidence makes, whatever its order and however often a piece is repeated.

    `foreign_receipts` are those of `wanted_receipts` that another payment owns.
    """
    told = _sort(facts, evidence, foreign_receipts)
    named = _first([*told.accepted]) or _first([*told.proved])
    failures = _trusted_failures(told)
    review = _review(told)
    row = Row(
        status=Status.PENDING if named else Status.INITIATED,
        locked_until=facts.expires_at + LOCK_GRACE,
        push_answered=bool(told.accepted or told.refusals or told.unknowns),
        checkout_request_id=named.checkout_request_id if named else None,
        merchant_request_id=named.merchant_request_id if named else None,
        accepted_at=named.received_at if named else None,
        review=review,
    )
    if told.successes:
        return _completed(row, told)
    if failures:
        return _failed(row, facts, failures)
    return row


def _sort(facts: Facts, evidence: Iterable[Evidence], foreign_receipts: Collection[str]) -> _Sorted:
    unique: dict[str, Evidence] = {}
    for piece in sorted(evidence, key=lambda piece: (piece.received_at, piece.id)):
        unique.setdefault(piece.id, piece)
    kinds: dict[Kind, list[Evidence]] = defaultdict(list)
    for piece in unique.values():
        kinds[piece.kind].append(piece)
    proved = _proved(kinds)
    said_paid = [*kinds[Kind.STATEMENT], *(piece for piece in proved if piece.code == SUCCESS)]
    # No push asks for a fraction of a shilling: a body that names one proves nothing (law 2).
    paid = [piece for piece in said_paid if piece.amount_cents is not None and piece.amount_cents % CENTS == 0]
    disputed = [piece for piece in paid if piece.receipt in foreign_receipts]
    exact = [piece for piece in paid if piece.amount_cents == facts.amount_cents and piece.receipt is not None]
    agreed = [piece for piece in kinds[Kind.QUERY] if piece.code == SUCCESS]
    believed = [
        piece
        for piece in exact
        if piece not in disputed and (agreed or not facts.confirm or piece.kind is Kind.STATEMENT)
    ]
    return _Sorted(
        accepted=kinds[Kind.PUSH_ACCEPTED],
        unknowns=kinds[Kind.PUSH_UNKNOWN],
        proved=proved,
        successes=[*believed, *agreed],
        differing=[piece for piece in paid if piece.amount_cents != facts.amount_cents],
        disputed=[*disputed, *kinds[Kind.RECEIPT_DISPUTE]],
        queries=kinds[Kind.QUERY],
        refusals=kinds[Kind.PUSH_REFUSED],
        silences=kinds[Kind.SILENCE],
    )


def _proved(kinds: dict[Kind, list[Evidence]]) -> list[Evidence]:
    """Callbacks with the payment's token and its id.

    While the push is in flight none is: they wait for its answer. If that answer is unknown or a refusal, any id that
    a trusted callback names is the payment's (law 2), and it stays so if a late answer names another.
    """
    trusted = [piece for piece in kinds[Kind.CALLBACK] if piece.trusted and piece.checkout_request_id is not None]
    if kinds[Kind.PUSH_UNKNOWN] or kinds[Kind.PUSH_REFUSED]:
        return trusted
    accepted = {piece.checkout_request_id for piece in kinds[Kind.PUSH_ACCEPTED]}
    return [piece for piece in trusted if piece.checkout_request_id in accepted]


def is_final_failure(piece: Evidence) -> bool:
    """Whether the piece's code is one that Daraja never takes back (reference 3.4)."""
    known = meaning(piece.code) if piece.code is not None else None
    return known is not None and known.finality is Finality.UNPAID


def _trusted_failures(told: _Sorted) -> list[Evidence]:
    """What proves that no money moved, best first: callback, query, refused push, no answer (law 1)."""
    by_callback = [piece for piece in told.proved if is_final_failure(piece)]
    said_paid = any(piece.code == SUCCESS for piece in told.proved)
    by_query = [] if said_paid else _agreeing(told.queries)
    return [*by_callback, *by_query, *told.refusals, *told.silences]


def _agreeing(queries: Sequence[Evidence]) -> list[Evidence]:
    times: dict[str, list[Instant]] = defaultdict(list)
    for piece in queries:
        if piece.code is not None and is_final_failure(piece):
            times[piece.code].append(piece.received_at)
    agreed = {code for code, at in times.items() if max(at) - min(at) >= QUERY_AGREEMENT}
    return [piece for piece in queries if piece.code in agreed]


def _review(told: _Sorted) -> tuple[Flag, ...]:
    answers = [*told.proved, *told.queries]
    receipts = {piece.receipt for piece in (*told.successes, *told.differing) if piece.receipt is not None}
    raised = {
        Flag.AMOUNT_DIFFERS: bool(told.differing),
        Flag.CODE_UNKNOWN: any(piece.code is not None and meaning(piece.code) is None for piece in answers),
        Flag.RECEIPT_CONFLICT: bool(told.disputed),
        Flag.SEVERAL_RECEIPTS: len(receipts) > 1,
    }
    return tuple(flag for flag, is_raised in raised.items() if is_raised)


def _completed(row: Row, told: _Sorted) -> Row:
    best = told.successes[0]
    with_receipt = _first([piece for piece in told.successes if piece.receipt is not None], statement_first=True)
    shown = with_receipt or _first([piece for piece in told.differing if piece not in told.disputed])
    return replace(
        row,
        status=Status.COMPLETED,
        locked_until=0,
        completed_at=min(piece.received_at for piece in told.successes),
        completed_by=best.kind.value,
        receipt=shown.receipt if shown else None,
        transaction_date=shown.transaction_date if shown else None,
    )


def _failed(row: Row, facts: Facts, failures: Sequence[Evidence]) -> Row:
    best = failures[0]
    if best.kind is Kind.PUSH_REFUSED:
        code, reason = best.code, best.reason
    elif best.kind is Kind.SILENCE:
        code, reason = None, NO_ANSWER
    else:
        known = meaning(best.code or "")
        code, reason = best.code, known.reason if known else None
    only_asked = all(piece.kind is Kind.QUERY for piece in failures)
    return replace(
        row,
        status=Status.FAILED,
        locked_until=facts.expires_at if only_asked else 0,
        failure_code=code,
        failure_reason=reason,
        failed_at=min(piece.received_at for piece in failures),
    )


def _first(pieces: Sequence[Evidence], statement_first: bool = False) -> Evidence | None:
    def rank(piece: Evidence) -> tuple[bool, Instant, str]:
        return (statement_first and piece.kind is not Kind.STATEMENT, piece.received_at, piece.id)

    return min(pieces, key=rank, default=None)
