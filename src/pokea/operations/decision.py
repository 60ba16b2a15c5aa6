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

from pokea.clock import Instant
from pokea.daraja.wire import SUCCESS
from pokea.money import CENTS
from pokea.operations.evidence import Evidence, Source
from pokea.operations.rules import PushRules


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


CLOSED = "-"
"""Stands before a flag that a person's decision has closed, in the column `flags`: it is not raised again."""


def raised_flags(column: str) -> tuple[Flag, ...]:
    """The flags of a column `flags` that are raised and not closed."""
    return tuple(Flag(name) for name in column.split(",") if name[:1] != CLOSED) if column else ()


def flags_with(column: str, more: Collection[Flag]) -> str:
    """The column once these are raised too: what is raised stays raised, what a person has closed stays closed."""
    if not more:
        return column
    names = set(column.split(",")) - {""}
    return ",".join(sorted(names | {flag.value for flag in more if CLOSED + flag.value not in names}))


def flags_without(column: str, flag: Flag) -> str:
    """The column once a person has closed the flag."""
    return ",".join(sorted({*column.split(",")} - {"", flag.value} | {CLOSED + flag.value}))


NO_ANSWER = "no_answer"


class Terms(Struct, frozen=True):
    """What was asked for: fixed when the payment is made. `requires_query`: a query must agree with the callback."""

    operation_id: str
    amount_cents: int
    expires_at: Instant
    requires_query: bool = False


class Decision(Struct, frozen=True):
    """What follows from the evidence. `locked_until` is 0 when booking and phone are free.

    `push_answered`: Daraja's answer to the push is known, or known to be unknown: no process waits for it.
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
    """An operation's evidence, sorted by what it is worth. `wanted_receipts` are those that it must own to complete."""

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
        named = {item.receipt for item in (*self.successes, *self.differing)}
        return sorted(receipt for receipt in named if receipt is not None)


def decide(
    terms: Terms, rules: PushRules, evidence: Iterable[Evidence], foreign_receipts: Collection[str] = ()
) -> Decision:
    """The decision that the evidence makes, whatever its order and however often an item is repeated.

    `foreign_receipts` are those of `wanted_receipts` that another payment owns.
    """
    return decide_classified(terms, rules, classify(terms, evidence, foreign_receipts))


def decide_classified(terms: Terms, rules: PushRules, classified: Classified) -> Decision:
    """Build the decision from classified evidence."""
    named = _first(classified.accepted) or _first(classified.proved)
    known = Decision(
        status=Status.PENDING if named else Status.INITIATED,
        locked_until=terms.expires_at + rules.lock_grace,
        push_answered=bool(classified.accepted or classified.refusals or classified.unknowns),
        request_id=named.request_id if named else None,
        originator_id=named.originator_id if named else None,
        accepted_at=named.received_at if named else None,
        flags=_flags(rules, classified),
    )
    if classified.successes:
        return _completed(known, classified)
    failures = _trusted_failures(rules, classified)
    return _failed(known, terms, rules, failures) if failures else known


def classify(terms: Terms, evidence: Iterable[Evidence], foreign_receipts: Collection[str] = ()) -> Classified:
    """Sort the evidence by what it is worth (law: evidence; law: proof)."""
    unique: dict[str, Evidence] = {}
    for item in sorted(evidence, key=_MOMENT):
        unique.setdefault(item.id, item)
    kinds: dict[Source, list[Evidence]] = {}
    for item in unique.values():
        kinds.setdefault(item.source, []).append(item)
    of_kind = kinds.get
    queries = of_kind(Source.QUERY, [])
    proved = _proved(kinds) if Source.CALLBACK in kinds else []
    stated = [item for item in of_kind(Source.STATEMENT, ()) if item.amount_cents is not None]
    said_paid = [item for item in proved if item.code == SUCCESS and item.amount_cents is not None]
    # No push asks for a fraction of a shilling: a body that names one proves nothing (law: proof). A statement is read
    # to the cent, and one that names a fraction for a receipt of ours differs.
    paid = [*stated, *[item for item in said_paid if (item.amount_cents or 0) % CENTS == 0]]
    agreed = [item for item in queries if item.code == SUCCESS]
    believed, differing, disputed = [], [], []
    for item in paid:
        is_foreign = item.receipt in foreign_receipts
        if is_foreign:
            disputed.append(item)
        if item.amount_cents != terms.amount_cents:
            differing.append(item)
        elif item.receipt is None:
            continue
        elif item.source is Source.STATEMENT or (not is_foreign and (agreed or not terms.requires_query)):
            believed.append(item)
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

    While the push is in flight no callback is proved: each waits for its answer. If that answer is unknown or a
    refusal, any id that a trusted callback names is the payment's (law: proof), and it stays so if a late answer names
    another.
    """
    trusted = [item for item in kinds[Source.CALLBACK] if item.proved and item.request_id is not None]
    if Source.PUSH_UNKNOWN in kinds or Source.PUSH_REFUSED in kinds:
        return trusted
    accepted = [item.request_id for item in kinds.get(Source.PUSH_ACCEPTED, ())]
    return [item for item in trusted if item.request_id in accepted]


def _trusted_failures(rules: PushRules, classified: Classified) -> list[Evidence]:
    """What proves that no money moved, best first: callback, query, refused push, no answer (law: evidence)."""
    by_callback = [item for item in classified.proved if rules.is_final_failure(item)]
    said_paid = any(item.code == SUCCESS for item in classified.proved)
    by_query = [] if said_paid else _agreeing(rules, classified.queries)
    return [*by_callback, *by_query, *classified.refusals, *classified.silences]


def _agreeing(rules: PushRules, queries: Sequence[Evidence]) -> list[Evidence]:
    times: dict[str, list[Instant]] = defaultdict(list)
    for item in queries:
        if item.code is not None and rules.is_final_failure(item):
            times[item.code].append(item.received_at)
    agreed = {code for code, at in times.items() if rules.agree(at)}
    return [item for item in queries if item.code in agreed]


def _flags(rules: PushRules, classified: Classified) -> tuple[Flag, ...]:
    receipts = {item.receipt for item in (*classified.successes, *classified.differing) if item.receipt is not None}
    raised = [Flag.AMOUNT_DIFFERS] if classified.differing else []
    meaning = rules.meaning
    if any(item.code is not None and meaning(item.code) is None for item in (*classified.proved, *classified.queries)):
        raised.append(Flag.CODE_UNKNOWN)
    if classified.disputed:
        raised.append(Flag.RECEIPT_CONFLICT)
    if len(receipts) > 1:
        raised.append(Flag.SEVERAL_RECEIPTS)
    return tuple(raised)


def _completed(known: Decision, classified: Classified) -> Decision:
    best = classified.successes[0]
    # A statement is believed also where a callback has given its receipt to another payment, which shows it then.
    owned = [item for item in classified.successes if item.receipt is not None and item not in classified.disputed]
    with_receipt = _first(owned, statement_first=True)
    shown = with_receipt or _first([item for item in classified.differing if item not in classified.disputed])
    return replace(
        known,
        status=Status.COMPLETED,
        locked_until=0,
        completed_at=min(item.received_at for item in classified.successes),
        completed_by=best.source.value,
        receipt=shown.receipt if shown else None,
        provider_time=shown.provider_time if shown else None,
    )


def _failed(known: Decision, terms: Terms, rules: PushRules, failures: Sequence[Evidence]) -> Decision:
    best = failures[0]
    if best.source is Source.PUSH_REFUSED:
        code, reason = best.code, best.reason
    elif best.source is Source.GAVE_UP:
        code, reason = None, NO_ANSWER
    else:
        meant = rules.meaning(best.code or "")
        code, reason = best.code, meant.reason if meant else None
    only_asked = all(item.source is Source.QUERY for item in failures)
    return replace(
        known,
        status=Status.FAILED,
        locked_until=terms.expires_at if only_asked else 0,
        failure_code=code,
        failure_reason=reason,
        failed_at=min(item.received_at for item in failures),
    )


_MOMENT = attrgetter("received_at", "id")


def _first(items: Sequence[Evidence], statement_first: bool = False) -> Evidence | None:
    """The one that was received first; a statement's before any other where that is asked."""
    if len(items) < 2:  # noqa: PLR2004 - nothing to choose
        return items[0] if items else None
    if not statement_first:
        return min(items, key=_MOMENT)
    return min(items, key=lambda item: (item.source is not Source.STATEMENT, item.received_at, item.id))
