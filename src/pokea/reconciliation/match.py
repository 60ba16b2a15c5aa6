"""What a statement says of our payments. Pure.

Identity comes before wording: a line belongs to the payment that owns its receipt, whatever its Details say, unless
amount and payer are both another's: then a person looks at it. A line of no receipt of ours is a payment's where
account reference, amount, time and masked number agree, and with one payment alone. Where two fit, a person decides:
money is never guessed. From what the statement does *not* show follows something only where it is a
`CompleteStatement`, and for a payment only where no money that is left unexplained could be its own.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from pokea.bookings.rules import fold_reference
from pokea.clock import SECOND, Instant
from pokea.operations.decision import Status
from pokea.reconciliation.completeness import (
    CONTRADICTING_SUMS,
    CompleteStatement,
    Coverage,
    Gap,
    coverage_of,
    gaps,
    shut_gates,
)
from pokea.reconciliation.lines import LineKind, StatementLine, UnreadableLine, mask_fits
from pokea.reconciliation.receiving import ReceivingAccount
from pokea.reconciliation.statement import Statement

EARLY: Final[Instant] = 60 * SECOND
"""How far M-PESA's clock may be behind ours."""
LATE: Final[Instant] = 180 * SECOND
"""How long after a prompt's end its money may still be booked, for a line to be taken for its payment."""
ABSENT_EARLY: Final[Instant] = 300 * SECOND
ABSENT_LATE: Final[Instant] = 600 * SECOND
"""From so long before a push until so long after its prompt's end nothing may be unknown for its money to be absent.

It is wider than the time in which a line is matched: to look too far costs a later answer, and to look too short a
payment that was made.
"""

_SHOWN_DIGITS: Final = 2
"""A masked number shows so many of its last digits at least (texts: columns)."""


class Candidate(Struct, frozen=True, kw_only=True):
    """A payment as matching sees it, with the receipts that it owns.

    `is_unanswered`: Daraja named no id for its push, and nothing has said what became of it.
    """

    payment_id: str
    status: str
    amount_cents: int
    account_reference: str
    msisdn: str
    created_at: Instant
    expires_at: Instant
    is_unanswered: bool = False
    receipts: frozenset[str] = frozenset()

    @property
    def absent_between(self) -> tuple[Instant, Instant]:
        """The time in which its money, if any, must have moved."""
        return self.created_at - ABSENT_EARLY, self.expires_at + ABSENT_LATE


class Matched(Struct, frozen=True):
    """A line that is this payment's money."""

    payment_id: str
    line: StatementLine


class Differing(Struct, frozen=True):
    """A line with a receipt of this payment, and another amount than the one that was asked for."""

    payment_id: str
    line: StatementLine
    asked_cents: int


class Undoing(Struct, frozen=True):
    """A line that takes money back; of a payment of ours where `payment_id` is not None."""

    line: StatementLine
    original: str | None
    payment_id: str | None


class Why(StrEnum):
    """Why a line of money belongs to no payment."""

    NO_PAYMENT = "no payment fits"
    SEVERAL_PAYMENTS = "several payments fit"
    SEVERAL_LINES = "several lines fit one payment"
    WORDING = "its wording is not known"
    RECEIPT_TWICE = "its receipt stands in several lines with different amounts"
    NOT_COMPLETED = "it is not completed, and its receipt is that of a payment"
    OF_ANOTHER = "its receipt is that of a payment, which has another amount and another payer"


class Unexplained(Struct, frozen=True):
    """A line that a person must look at, and why."""

    line: StatementLine
    why: Why
    payment_ids: tuple[str, ...] = ()


class Undecided(Struct, frozen=True):
    """A payment that the statement does not show, while unexplained money of its amount lies in its time."""

    payment_id: str
    lines: tuple[int, ...]


class Reconciliation(Struct, frozen=True, kw_only=True):
    """What a statement says of our payments.

    Where a gate is shut, nothing else is said and nothing may be settled. `missing` are completed payments, and
    `not_paid` pushes without an answer, that a complete statement covers and does not show; while `gaps` has any both
    are empty. `unresolved` are the pushes without an answer of which nothing is concluded.
    """

    gates: Sequence[Gap] = ()
    gaps: Sequence[Gap] = ()
    coverage: Coverage | None = None
    matched: Sequence[Matched] = ()
    differing: Sequence[Differing] = ()
    undoings: Sequence[Undoing] = ()
    unknown: Sequence[Unexplained] = ()
    unreadable: Sequence[UnreadableLine] = ()
    missing: Sequence[str] = ()
    not_paid: Sequence[str] = ()
    undecided: Sequence[Undecided] = ()
    unresolved: Sequence[str] = ()

    @property
    def adds_up(self) -> bool:
        """Whether no sum of the statement contradicts its amounts. Sums that it does not state contradict nothing."""
        return not any(gap.kind in CONTRADICTING_SUMS for gap in self.gaps)


def match(statement: Statement, candidates: Sequence[Candidate], receiving: ReceivingAccount) -> Reconciliation:
    """What the statement says of these payments."""
    shut = shut_gates(statement, receiving)
    if shut:
        return Reconciliation(gates=shut, gaps=gaps(statement, receiving, ()))
    owners = {receipt: each for each in candidates for receipt in each.receipts}
    identified = _by_identity(statement.lines, owners)
    # An owner of a receipt whose line is not its own may have been named the wrong one: the right line is elsewhere.
    sure = {each.payment_id for each in identified.matched} - {each.payment_id for each in identified.contradicted}
    fitted = _by_fit(identified.strangers, [each for each in candidates if each.payment_id not in sure])
    matched = [*identified.matched, *fitted.matched]
    unknown = sorted([*identified.unknown, *fitted.left], key=lambda each: each.line.number)
    # A payment and what takes it back may be in one file, and its receipt may be known from this file alone.
    owned = {receipt: each.payment_id for receipt, each in owners.items()}
    owned |= {each.line.receipt: each.payment_id for each in fitted.matched}
    undoings = [_undoing(line, owned) for line in identified.undoing]
    seen = identified.seen | {each.payment_id for each in matched}
    seen |= {each.payment_id for each in undoings if each.payment_id is not None}
    unseen = [each for each in candidates if each.payment_id not in seen]
    lacking = gaps(statement, receiving, identified.misdated)
    absence = Absence([], [], [])
    if not lacking:
        complete = CompleteStatement(statement, receiving, identified.misdated)
        # What is booked to the owner of a receipt may all the same be another's money, where the two do not agree.
        doubtful = [each.line for each in identified.differing] + [each.line for each in identified.contradicted]
        unexplained = [*(each.line for each in unknown), *identified.credits_undone, *doubtful]
        absence = conclude_absence(complete, unseen, unexplained, fitted.doubts)
    concluded = set(absence.not_paid)
    return Reconciliation(
        gaps=lacking,
        coverage=coverage_of(statement),
        matched=matched,
        differing=identified.differing,
        undoings=undoings,
        unknown=unknown,
        unreadable=statement.unreadable,
        missing=absence.missing,
        not_paid=absence.not_paid,
        undecided=absence.undecided,
        unresolved=[each.payment_id for each in unseen if each.is_unanswered and each.payment_id not in concluded],
    )


class Absence(NamedTuple):
    """What follows from what is absent."""

    missing: list[str]
    not_paid: list[str]
    undecided: list[Undecided]


def conclude_absence(
    complete: CompleteStatement,
    unseen: Sequence[Candidate],
    unexplained: Iterable[StatementLine],
    doubts: Mapping[str, Sequence[int]],
) -> Absence:
    """What follows for payments that a complete statement does not show.

    `unexplained` is money in it that belongs to no payment; `doubts` are numbers of lines that may be a payment's after
    all.
    """
    by_amount: dict[int, list[StatementLine]] = defaultdict(list)
    for line in unexplained:
        by_amount[line.paid_in_cents].append(line)
    found = Absence([], [], [])
    for each in unseen:
        is_completed = each.status == Status.COMPLETED
        begin, end = each.absent_between
        if not (is_completed or each.is_unanswered) or not complete.coverage.holds(begin, end):
            continue
        could_be = [line.number for line in by_amount[each.amount_cents] if _lies(line, begin, end)]
        could_be += doubts.get(each.payment_id, ())
        if could_be:
            found.undecided.append(Undecided(each.payment_id, tuple(could_be)))
        elif is_completed:
            found.missing.append(each.payment_id)
        else:
            found.not_paid.append(each.payment_id)
    return found


def _lies(line: StatementLine, begin: Instant, end: Instant) -> bool:
    """Whether the line may have been in this time."""
    return begin <= line.at + line.blur and line.at <= end


class _Identified(NamedTuple):
    """Lines told by the receipts that payments own; `strangers` have none of them.

    `contradicted` are those among the matched whose reference or number is not the payment's.
    """

    matched: list[Matched]
    differing: list[Differing]
    undoing: list[StatementLine]
    unknown: list[Unexplained]
    strangers: list[StatementLine]
    seen: set[str]
    misdated: list[StatementLine]
    credits_undone: list[StatementLine]
    contradicted: list[Matched]


def _by_identity(lines: Sequence[StatementLine], owners: Mapping[str, Candidate]) -> _Identified:
    found = _Identified([], [], [], [], [], set(), [], [], [])
    amounts: dict[str, set[int]] = defaultdict(set)
    credits_to_us = []
    for line in lines:
        owner = owners.get(line.receipt)
        if owner is not None:
            found.seen.add(owner.payment_id)
        if line.kind is LineKind.UNFINISHED:
            if owner is not None and owner.status == Status.COMPLETED:
                found.unknown.append(Unexplained(line, Why.NOT_COMPLETED, (owner.payment_id,)))
        elif line.paid_in_cents:
            amounts[line.receipt].add(line.paid_in_cents)
            credits_to_us.append(line)
        elif line.kind is LineKind.REVERSAL or (owner is not None and line.kind is not LineKind.CHARGE):
            found.undoing.append(line)
    seen_receipts: set[str] = set()
    for line in credits_to_us:
        if len(amounts[line.receipt]) > 1 and line.kind is not LineKind.TRANSFER:
            owner = owners.get(line.receipt)
            found.unknown.append(Unexplained(line, Why.RECEIPT_TWICE, (owner.payment_id,) if owner else ()))
        elif line.receipt not in seen_receipts:
            seen_receipts.add(line.receipt)
            _add_credit(found, line, owners)
    return found


def _add_credit(found: _Identified, line: StatementLine, owners: Mapping[str, Candidate]) -> None:
    owner = owners.get(line.receipt)
    if owner is not None:
        _add_owned(found, owner, line)
    elif line.kind is LineKind.REVERSAL:
        found.undoing.append(line)
        found.credits_undone.append(line)
    elif line.kind is LineKind.UNKNOWN:
        found.unknown.append(Unexplained(line, Why.WORDING))
    elif line.kind is LineKind.PAYMENT:
        found.strangers.append(line)


def _add_owned(found: _Identified, owner: Candidate, line: StatementLine) -> None:
    if not _lies(line, *owner.absent_between):
        found.misdated.append(line)
    if line.paid_in_cents == owner.amount_cents:
        found.matched.append(Matched(owner.payment_id, line))
        if _contradicts(line, owner):
            found.contradicted.append(Matched(owner.payment_id, line))
    elif _is_of_another(line, owner):
        # The callback has named a receipt that is another payment's: its amount is no difference of this one.
        found.unknown.append(Unexplained(line, Why.OF_ANOTHER, (owner.payment_id,)))
    else:
        found.differing.append(Differing(owner.payment_id, line, owner.amount_cents))


def _contradicts(line: StatementLine, owner: Candidate) -> bool:
    """Whether the line shows another reference or number than the payment has."""
    if line.payer and not mask_fits(line.payer, owner.msisdn):
        return True
    return bool(line.account) and fold_reference(line.account) != fold_reference(owner.account_reference)


def _is_of_another(line: StatementLine, owner: Candidate) -> bool:
    """Whether the line shows another payer than the payment has; where it shows none, another reference."""
    return not mask_fits(line.payer, owner.msisdn) if line.payer else _contradicts(line, owner)


def _undoing(line: StatementLine, owners: Mapping[str, str]) -> Undoing:
    original = next((receipt for receipt in (*line.linked, line.receipt) if receipt in owners), None)
    if original is None:
        return Undoing(line, line.linked[0] if line.linked else None, None)
    return Undoing(line, original, owners[original])


class _Fitted(NamedTuple):
    """Lines that are a payment's without a receipt yet, those that are nobody's, and for other payments in whose wider
    time a matched line lies the numbers of such lines: it could be theirs, if M-PESA was very late."""

    matched: list[Matched]
    left: list[Unexplained]
    doubts: dict[str, list[int]]


def _by_fit(lines: Sequence[StatementLine], candidates: Sequence[Candidate]) -> _Fitted:
    index = _Index(candidates)
    found = _Fitted([], [], defaultdict(list))
    claims: dict[str, list[StatementLine]] = defaultdict(list)
    for line in lines:
        near = index.near(line)
        fitting = [each for each in near if not each.receipts and _is_in_time(line, each)]
        rivals = [each for each in near if _could_be_in_time(line, each)]
        if not fitting:
            found.left.append(Unexplained(line, Why.NO_PAYMENT))
        elif len(rivals) > 1:
            ids = tuple(each.payment_id for each in rivals)
            found.left.append(Unexplained(line, Why.SEVERAL_PAYMENTS, ids))
        else:
            claims[fitting[0].payment_id].append(line)
            for each in near:
                if each is not fitting[0]:
                    found.doubts[each.payment_id].append(line.number)
    for payment_id, claimed in claims.items():
        if len(claimed) == 1:
            found.matched.append(Matched(payment_id, claimed[0]))
        else:
            found.left.extend(Unexplained(line, Why.SEVERAL_LINES, (payment_id,)) for line in claimed)
    return found


def _is_in_time(line: StatementLine, candidate: Candidate) -> bool:
    return _lies(line, candidate.created_at - EARLY, candidate.expires_at + LATE)


def _could_be_in_time(line: StatementLine, candidate: Candidate) -> bool:
    """Whether it would be in time if our clock were ahead of M-PESA's: then a line seems to come before its push."""
    return _lies(line, candidate.created_at - ABSENT_EARLY, candidate.expires_at + LATE)


class _Index:
    """Payments whose line is not known, by amount, by what a line shows of reference or number, and by time."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._longest = max((each.expires_at - each.created_at for each in candidates), default=0)
        self._found: dict[tuple[int, bool, str], list[Candidate]] = defaultdict(list)
        for each in sorted(candidates, key=lambda each: each.created_at):
            self._found[each.amount_cents, True, fold_reference(each.account_reference)].append(each)
            self._found[each.amount_cents, False, each.msisdn[-_SHOWN_DIGITS:]].append(each)
        self._times = {key: [each.created_at for each in found] for key, found in self._found.items()}

    def near(self, line: StatementLine) -> list[Candidate]:
        """Those with the line's amount, reference and number in whose time, taken widely, it lies."""
        # A till's line has no account: only amount, time and number together are enough.
        shown = fold_reference(line.account) if line.account else line.payer[-_SHOWN_DIGITS:]
        key = line.paid_in_cents, bool(line.account), shown
        if not shown or key not in self._times:
            return []
        first = bisect_left(self._times[key], line.at - self._longest - ABSENT_LATE)
        last = bisect_right(self._times[key], line.at + line.blur + ABSENT_EARLY)
        return [each for each in self._found[key][first:last] if self._agrees(line, each)]

    def _agrees(self, line: StatementLine, candidate: Candidate) -> bool:
        if line.payer and not mask_fits(line.payer, candidate.msisdn):
            return False
        return _lies(line, *candidate.absent_between)
