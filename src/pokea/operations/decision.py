"""A payment's row is one pure function of its evidence (law: evidence), and this is that function.

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
from pokea.daraja.codes.lookup import Finality, meaning
from pokea.daraja.wire import SUCCESS
from pokea.money import CENTS
from pokea.operations.evidence import Evidence, Source

QUERY_AGREEMENT: Instant = 10 * SECOND
"""Two query answers must be this far apart before they prove a failure (law: evidence)."""
LOCK_GRACE: Instant = 60 * SECOND
"""How long after `expires_at` booking and phone stay locked without a proved end (law: time)."""


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


class Terms(Struct, frozen=True):
    """What was asked for: fixed when the payment is made. `requires_query`: a query must agree with the callback."""

    operation_id: str
    amount_cents: int
    expires_at: Instant
    requires_query: bool = False


class Decision(Struct, frozen=True):
    """What follows from the evidence. `locked_until` is 0 when booking and phone are free.

    `push_answered`: nobody waits for Daraja's answer to the push any more, whatever it was.
    """

    status: Status
    locked_until: Instant
    push_answered: bool = False
    request_id: str | None = None
    originator_id: str | None = None
    accepted_at: Instant | None = None
    completed_at: Instant | None = None
    completed_by: str | None = None
    receipt: str | None = None
    provider_time: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    failed_at: Instant | None = None
    flags: tuple[Flag, ...] = ()


class Classified(Struct, frozen=True):
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


def wanted_receipts(facts: Terms, evidence: Iterable[Evidence]) -> list[str]:
    """The receipts that this payment must own before they may complete it, sorted."""
    return classify(facts, evidence).wanted_receipts


def decide(facts: Terms, evidence: Iterable[Evidence], foreign_receipts: Collection[str] = ()) -> Decision:
    """The row that the evidence makes, whatever its order and however often a piece is repeated.

    `foreign_receipts` are those of `wanted_receipts` that another payment owns.
    """
    return decide_classified(facts, classify(facts, evidence, foreign_receipts))


def decide_classified(facts: Terms, heard: Classified) -> Decision:
    """The row that evidence makes which has been told apart already."""
    named = _first(heard.accepted) or _first(heard.proved)
    known = Decision(
        status=Status.PENDING if named else Status.INITIATED,
        locked_until=facts.expires_at + LOCK_GRACE,
        push_answered=bool(heard.accepted or heard.refusals or heard.unknowns),
        request_id=named.request_id if named else None,
        originator_id=named.originator_id if named else None,
        accepted_at=named.received_at if named else None,
        flags=_flags(heard),
    )
    if heard.successes:
        return _completed(known, heard)
    failures = _trusted_failures(heard)
    return _failed(known, facts, failures) if failures else known


def classify(facts: Terms, evidence: Iterable[Evidence], foreign_receipts: Collection[str] = ()) -> Classified:
    """Tell the evidence apart."""
    unique: dict[str, Evidence] = {}
    for piece in sorted(evidence, key=_MOMENT):
        unique.setdefault(piece.id, piece)
    kinds: dict[Source, list[Evidence]] = {}
    for piece in unique.values():
        kinds.setdefault(piece.source, []).append(piece)
    of_kind = kinds.get
    queries = of_kind(Source.QUERY, [])
    proved = _proved(kinds) if Source.CALLBACK in kinds else []
    stated = [piece for piece in of_kind(Source.STATEMENT, ()) if piece.amount_cents is not None]
    said_paid = [piece for piece in proved if piece.code == SUCCESS and piece.amount_cents is not None]
    # No push asks for a fraction of a shilling: a body that names one proves nothing (law: proof). A statement is read
    # to the cent, and one that names a fraction for a receipt of ours differs.
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
        elif piece.source is Source.STATEMENT or (not is_foreign and (agreed or not facts.requires_query)):
            believed.append(piece)
    return Classified(
        accepted=of_kind(Source.PUSH_ACCEPTED, ()),
        unknowns=of_kind(Source.PUSH_UNKNOWN, ()),
        proved=proved,
        successes=[*believed, *agreed],
        differing=differing,
        disputed=[*disputed, *of_kind(Source.RECEIPT_DISPUTE, ())],
        queries=queries,
        refusals=of_kind(Source.PUSH_REFUSED, ()),
        silences=of_kind(Source.GAVE_UP, ()),
    )


def _proved(kinds: dict[Source, list[Evidence]]) -> list[Evidence]:
    """Callbacks with the payment's token and its id.

    While the push is in flight none is: they wait for its answer. If that answer is unknown or a refusal, any id that
    a trusted callback names is the payment's (law: proof), and it stays so if a late answer names another.
    """
    trusted = [piece for piece in kinds[Source.CALLBACK] if piece.proved and piece.request_id is not None]
    if Source.PUSH_UNKNOWN in kinds or Source.PUSH_REFUSED in kinds:
        return trusted
    accepted = [piece.request_id for piece in kinds.get(Source.PUSH_ACCEPTED, ())]
    return [piece for piece in trusted if piece.request_id in accepted]


def is_final_failure(piece: Evidence) -> bool:
    """Whether the piece's code is one that Daraja never takes back (daraja: finality)."""
    known = meaning(piece.code) if piece.code is not None else None
    return known is not None and known.finality is Finality.UNPAID


def _trusted_failures(heard: Classified) -> list[Evidence]:
    """What proves that no money moved, best first: callback, query, refused push, no answer (law: evidence)."""
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


def _flags(heard: Classified) -> tuple[Flag, ...]:
    receipts = {piece.receipt for piece in (*heard.successes, *heard.differing) if piece.receipt is not None}
    raised = [Flag.AMOUNT_DIFFERS] if heard.differing else []
    if any(piece.code is not None and meaning(piece.code) is None for piece in (*heard.proved, *heard.queries)):
        raised.append(Flag.CODE_UNKNOWN)
    if heard.disputed:
        raised.append(Flag.RECEIPT_CONFLICT)
    if len(receipts) > 1:
        raised.append(Flag.SEVERAL_RECEIPTS)
    return tuple(raised)


def _completed(row: Decision, heard: Classified) -> Decision:
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
        completed_by=best.source.value,
        receipt=shown.receipt if shown else None,
        provider_time=shown.provider_time if shown else None,
    )


def _failed(row: Decision, facts: Terms, failures: Sequence[Evidence]) -> Decision:
    best = failures[0]
    if best.source is Source.PUSH_REFUSED:
        code, reason = best.code, best.reason
    elif best.source is Source.GAVE_UP:
        code, reason = None, NO_ANSWER
    else:
        known = meaning(best.code or "")
        code, reason = best.code, known.reason if known else None
    only_asked = all(piece.source is Source.QUERY for piece in failures)
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
    return min(pieces, key=lambda piece: (piece.source is not Source.STATEMENT, piece.received_at, piece.id))
