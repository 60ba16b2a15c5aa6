"""A payment's row is one pure function of its evidence (law 1), and this is that function.

    no evidence ──accepted, or a proved callback──▶ pending ──trusted failure──▶ failed
        │                                              │                           │
     initiated ────────trusted failure────────▶ failed │                           │
        └──────────────────trusted success─────────────┴──────────────▶ completed ◀┘

Nothing leads out of `completed`: proof that money moved outranks any word that it did not. One thing leads back: where
queries alone have said `failed`, a proved callback that says otherwise and proves nothing makes it `pending` again.
docs/states.md has every cell.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from operator import attrgetter

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


class Heard(Struct, frozen=True):
    """A payment's evidence told apart by what it is worth. `wanted_receipts`: those that it must own to complete."""

    accepted: Sequence[Evidence]
    unknowns: Sequence[Evidence]
    proved: Sequence[Evidence]
    successes: Sequence[Evidence]
    differing: Sequence[Evidence]
    disputed: Sequence[Evidence]
    queries: Sequence[Evidence]
    refusals: Sequence[Evidence]
    silences: Sequence[Evidence]

    @property
    def wanted_receipts(self) -> list[str]:
        """The receipts that this payment must own before they may complete it, sorted."""
        named = {piece.receipt for piece in (*self.successes, *self.differing)}
        return sorted(receipt for receipt in named if receipt is not None)


def wanted_receipts(facts: Facts, evidence: Iterable[Evidence]) -> list[str]:
    """The receipts that this payment must own before they may complete it, sorted."""
    return hear(facts, evidence).wanted_receipts


def row_of(facts: Facts, evidence: Iterable[Evidence], foreign_receipts: Collection[str] = ()) -> Row:
    """The row that the evidence makes, whatever its order and however often a piece is repeated.

    `foreign_receipts` are those of `wanted_receipts` that another payment owns.
    """
    return row_from(facts, hear(facts, evidence, foreign_receipts))


def row_from(facts: Facts, heard: Heard) -> Row:
    """The row that evidence makes which has been told apart already."""
    named = _first(heard.accepted) or _first(heard.proved)
    known = Row(
        status=Status.PENDING if named else Status.INITIATED,
        locked_until=facts.expires_at + LOCK_GRACE,
        push_answered=bool(heard.accepted or heard.refusals or heard.unknowns),
        checkout_request_id=named.checkout_request_id if named else None,
        merchant_request_id=named.merchant_request_id if named else None,
        accepted_at=named.received_at if named else None,
        review=_review(heard),
    )
    if heard.successes:
        return _completed(known, heard)
    failures = _trusted_failures(heard)
    return _failed(known, facts, failures) if failures else known


def hear(facts: Facts, evidence: Iterable[Evidence], foreign_receipts: Collection[str] = ()) -> Heard:
    """Tell the evidence apart."""
    unique: dict[str, Evidence] = {}
    for piece in sorted(evidence, key=_MOMENT):
        unique.setdefault(piece.id, piece)
    kinds: dict[Kind, list[Evidence]] = {}
    for piece in unique.values():
        kinds.setdefault(piece.kind, []).append(piece)
    of_kind = kinds.get
    queries = of_kind(Kind.QUERY, [])
    proved = _proved(kinds) if Kind.CALLBACK in kinds else []
    stated = [piece for piece in of_kind(Kind.STATEMENT, ()) if piece.amount_cents is not None]
    said_paid = [piece for piece in proved if piece.code == SUCCESS and piece.amount_cents is not None]
    # No push asks for a fraction of a shilling: a body that names one proves nothing (law 2). A statement is read to
    # the cent, and one that names a fraction for a receipt of ours differs.
    paid = [*stated, *[piece for piece in said_paid if (piece.amount_cents or 0) % CENTS == 0]]
    agreed = [piece for piece in queries if piece.code == SUCCESS]
    believed, differing, disputed = [], [], []
    for piece in paid:
        is_foreign = piece.receipt in foreign_receipts
        if is_foreign:
            disputed.append(piece)
        if piece.amount_cents != facts.amount_cents:
            differing.append(piece)
        elif piece.receipt is None:
            continue
        elif piece.kind is Kind.STATEMENT or (not is_foreign and (agreed or not facts.confirm)):
            believed.append(piece)
    return Heard(
        accepted=of_kind(Kind.PUSH_ACCEPTED, ()),
        unknowns=of_kind(Kind.PUSH_UNKNOWN, ()),
        proved=proved,
        successes=[*believed, *agreed],
        differing=differing,
        disputed=[*disputed, *of_kind(Kind.RECEIPT_DISPUTE, ())],
        queries=queries,
        refusals=of_kind(Kind.PUSH_REFUSED, ()),
        silences=of_kind(Kind.SILENCE, ()),
    )


def _proved(kinds: dict[Kind, list[Evidence]]) -> list[Evidence]:
    """Callbacks with the payment's token and its id.

    While the push is in flight none is: they wait for its answer. If that answer is unknown or a refusal, any id that
    a trusted callback names is the payment's (law 2), and it stays so if a late answer names another.
    """
    trusted = [piece for piece in kinds[Kind.CALLBACK] if piece.trusted and piece.checkout_request_id is not None]
    if Kind.PUSH_UNKNOWN in kinds or Kind.PUSH_REFUSED in kinds:
        return trusted
    accepted = [piece.checkout_request_id for piece in kinds.get(Kind.PUSH_ACCEPTED, ())]
    return [piece for piece in trusted if piece.checkout_request_id in accepted]


def is_final_failure(piece: Evidence) -> bool:
    """Whether the piece's code is one that Daraja never takes back (reference 3.4)."""
    known = meaning(piece.code) if piece.code is not None else None
    return known is not None and known.finality is Finality.UNPAID


def _trusted_failures(heard: Heard) -> list[Evidence]:
    """What proves that no money moved, best first: callback, query, refused push, no answer (law 1)."""
    by_callback = [piece for piece in heard.proved if is_final_failure(piece)]
    said_paid = any(piece.code == SUCCESS for piece in heard.proved)
    by_query = [] if said_paid else _agreeing(heard.queries)
    return [*by_callback, *by_query, *heard.refusals, *heard.silences]


def _agreeing(queries: Sequence[Evidence]) -> list[Evidence]:
    times: dict[str, list[Instant]] = defaultdict(list)
    for piece in queries:
        if piece.code is not None and is_final_failure(piece):
            times[piece.code].append(piece.received_at)
    agreed = {code for code, at in times.items() if max(at) - min(at) >= QUERY_AGREEMENT}
    return [piece for piece in queries if piece.code in agreed]


def _review(heard: Heard) -> tuple[Flag, ...]:
    receipts = {piece.receipt for piece in (*heard.successes, *heard.differing) if piece.receipt is not None}
    raised = [Flag.AMOUNT_DIFFERS] if heard.differing else []
    if any(piece.code is not None and meaning(piece.code) is None for piece in (*heard.proved, *heard.queries)):
        raised.append(Flag.CODE_UNKNOWN)
    if heard.disputed:
        raised.append(Flag.RECEIPT_CONFLICT)
    if len(receipts) > 1:
        raised.append(Flag.SEVERAL_RECEIPTS)
    return tuple(raised)


def _completed(row: Row, heard: Heard) -> Row:
    best = heard.successes[0]
    # A statement is believed also where a callback has given its receipt to another payment, which shows it then.
    owned = [piece for piece in heard.successes if piece.receipt is not None and piece not in heard.disputed]
    with_receipt = _first(owned, statement_first=True)
    shown = with_receipt or _first([piece for piece in heard.differing if piece not in heard.disputed])
    return replace(
        row,
        status=Status.COMPLETED,
        locked_until=0,
        completed_at=min(piece.received_at for piece in heard.successes),
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


_MOMENT = attrgetter("received_at", "id")


def _first(pieces: Sequence[Evidence], statement_first: bool = False) -> Evidence | None:
    """The one that was received first; a statement's before any other where that is asked."""
    if len(pieces) < 2:  # noqa: PLR2004 - nothing to choose
        return pieces[0] if pieces else None
    if not statement_first:
        return min(pieces, key=_MOMENT)
    return min(pieces, key=lambda piece: (piece.kind is not Kind.STATEMENT, piece.received_at, piece.id))
