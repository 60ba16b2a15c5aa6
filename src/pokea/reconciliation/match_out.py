"""What a statement says of money out. Pure (law: statements).

A withdrawn line with the receipt of a sending is that sending, and so is the reversal of the payment that a reversal of
ours takes back. A payout without a receipt that we know is a candidate for a person, never a proof. From what is absent
follows something only in a `CompleteStatement`, and for a sending only where no line could be it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from pokea.clock import Instant
from pokea.disbursements.model import AttemptStatus, Way
from pokea.reconciliation.absence import AFTER, BEFORE
from pokea.reconciliation.completeness import CompleteStatement, gaps
from pokea.reconciliation.lines import LineKind, StatementLine, mask_fits
from pokea.reconciliation.receiving import ReceivingAccount
from pokea.reconciliation.statement import Statement

_UNPROVED: Final = (AttemptStatus.SENDING, AttemptStatus.ACCEPTED, AttemptStatus.UNKNOWN)
_PAID: Final = (AttemptStatus.COMPLETED, AttemptStatus.RETURNED)


class OutCandidate(Struct, frozen=True, kw_only=True):
    """A sending as matching sees it.

    `owned` are its receipts, `named` those that proved messages about it have named and that nothing else owns.
    """

    attempt_id: str
    disbursement_id: str
    way: str
    status: str
    amount_cents: int
    recipient: str
    original_receipt: str | None
    created_at: Instant
    owned: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()

    @property
    def is_unproved(self) -> bool:
        """Whether it is not known if it paid."""
        return self.status in _UNPROVED

    @property
    def has_paid(self) -> bool:
        """Whether it is proved that it paid."""
        return self.status in _PAID

    def could_be(self, line: StatementLine) -> bool:
        """Whether the line has the sending's amount, in its time, and no other digits of the recipient's number."""
        begin, end = self.created_at - BEFORE, self.created_at + AFTER
        is_near = begin <= line.at + line.blur and line.at <= end
        return is_near and line.withdrawn_cents == self.amount_cents and _fits(line, self)


class OutMatched(Struct, frozen=True):
    """A line that is what this sending paid, or of `returned` lines what came back of it."""

    attempt: OutCandidate
    line: StatementLine


class WhyOut(StrEnum):
    """Why a line belongs to no sending for certain."""

    AMOUNT = "another amount than was sent"
    RECIPIENT = "another recipient than it was sent to"
    EARLY = "earlier than it was sent"
    SEVERAL_LINES = "several lines have its receipt, or take the same payment back"
    SEVERAL_ATTEMPTS = "several sendings fit"
    RECEIPT_UNKNOWN = "its receipt is not known, and all else fits one sending"
    WORDING = "its wording is not known"
    NOT_OURS = "no sending of ours fits"
    NOT_COMPLETED = "it is not completed, and its receipt is that of a sending that has paid"
    RETURN_DIFFERS = "it gives back another amount than was paid"


class OutNoticed(Struct, frozen=True):
    """A line that a person must look at, why, and the sendings that it may be."""

    line: StatementLine
    why: WhyOut
    attempts: tuple[OutCandidate, ...] = ()


class OutUndecided(Struct, frozen=True):
    """A sending that the statement does not show, while lines that could be it lie in its time."""

    attempt: OutCandidate
    lines: tuple[int, ...]


class OutReconciliation(Struct, frozen=True, kw_only=True):
    """What a statement says of money out.

    `differing` are lines with the receipt of a sending and another amount. `missing` are sendings that have paid, and
    `not_paid` unproved ones, which a complete statement covers and does not show; `unresolved` are the unproved ones of
    which nothing is concluded.
    """

    matched: Sequence[OutMatched] = ()
    returned: Sequence[OutMatched] = ()
    differing: Sequence[OutMatched] = ()
    noticed: Sequence[OutNoticed] = ()
    missing: Sequence[OutCandidate] = ()
    not_paid: Sequence[OutCandidate] = ()
    undecided: Sequence[OutUndecided] = ()
    unresolved: Sequence[OutCandidate] = ()

    @property
    def explained(self) -> frozenset[int]:
        """The rows that are money out of ours, or its return."""
        return frozenset(each.line.number for each in (*self.matched, *self.returned, *self.differing))


class OtherOwners(NamedTuple):
    """Receipts that belong to payments, and whether withdrawals of which we know nothing are told at all."""

    receipts: Collection[str]
    tells_strangers: bool


def match_out(
    statement: Statement,
    attempts: Sequence[OutCandidate],
    account: ReceivingAccount,
    others: OtherOwners,
    *,
    is_complete: bool,
) -> OutReconciliation:
    """What the statement says of these sendings, which are all of this account. No gate of it is shut.

    `is_complete`: nothing that was found about payments speaks against its completeness.
    """
    found = _Sendings(attempts)
    strangers = found.identify(statement.lines, others)
    found.fit(strangers, tells_strangers=others.tells_strangers)
    absence = _Absence(
        [], [], [], [each for each in attempts if each.is_unproved and each.attempt_id not in found.seen]
    )
    if is_complete and not gaps(statement, account, found.misdated):
        complete = CompleteStatement(statement, account, found.misdated)
        absence = _conclude(complete, statement.lines, attempts, found)
    return OutReconciliation(
        matched=found.matched,
        returned=found.returned,
        differing=found.differing,
        noticed=sorted(found.noticed, key=lambda each: each.line.number),
        missing=absence.missing,
        not_paid=absence.not_paid,
        undecided=absence.undecided,
        unresolved=absence.unresolved,
    )


class _Sendings:
    """Takes one line after another; `seen` are the sendings of which a line says anything by its receipt."""

    def __init__(self, attempts: Sequence[OutCandidate]) -> None:
        self._attempts = attempts
        self._by_receipt = {receipt: each for each in attempts for receipt in (*each.named, *each.owned)}
        self._by_original: dict[str, list[OutCandidate]] = defaultdict(list)
        for each in attempts:
            if each.way == Way.REVERSAL and each.original_receipt and each.status != AttemptStatus.FAILED:
                self._by_original[each.original_receipt].append(each)
        self.matched: list[OutMatched] = []
        self.returned: list[OutMatched] = []
        self.differing: list[OutMatched] = []
        self.noticed: list[OutNoticed] = []
        self.misdated: list[StatementLine] = []
        self.seen: set[str] = set()

    def identify(self, lines: Sequence[StatementLine], others: OtherOwners) -> list[StatementLine]:
        """Take the lines that name a sending; answers the withdrawals that name none."""
        strangers: list[StatementLine] = []
        claimed: list[OutMatched] = []
        for line in lines:
            owner = self._owner(line)
            if line.kind is LineKind.UNFINISHED:
                if owner is not None and owner.has_paid:
                    self._notice(line, WhyOut.NOT_COMPLETED, owner)
            elif line.kind is LineKind.CHARGE or not line.withdrawn_cents:
                continue
            elif owner is not None:
                self.seen.add(owner.attempt_id)
                claimed.append(OutMatched(owner, line))
            elif line.receipt not in others.receipts and line.kind is not LineKind.TRANSFER:
                strangers.append(line)
        times = Counter(each.attempt.attempt_id for each in claimed)
        for each in claimed:
            if times[each.attempt.attempt_id] > 1:
                self._notice(each.line, WhyOut.SEVERAL_LINES, each.attempt)
            else:
                self._weigh(each)
        self._take_returns(lines)
        return strangers

    def _owner(self, line: StatementLine) -> OutCandidate | None:
        owner = self._by_receipt.get(line.receipt)
        if owner is not None or line.kind is not LineKind.REVERSAL or not line.withdrawn_cents:
            return owner
        named = {each.attempt_id: each for receipt in line.linked for each in self._by_original.get(receipt, ())}
        # One that has a receipt of its own is another movement than this.
        open_ones = [each for each in named.values() if not each.owned]
        return open_ones[0] if len(open_ones) == 1 else None

    def _weigh(self, claim: OutMatched) -> None:
        attempt, line = claim.attempt, claim.line
        is_owned = line.receipt in attempt.owned
        is_early = line.at + line.blur < attempt.created_at - BEFORE
        if not _fits(line, attempt):
            self._notice(line, WhyOut.RECIPIENT, attempt)
        elif line.withdrawn_cents != attempt.amount_cents:
            self.differing.append(claim)
        elif is_early and attempt.way == Way.B2C:
            if is_owned:
                self.misdated.append(line)
            self._notice(line, WhyOut.EARLY, attempt)
        else:
            self.matched.append(claim)

    def _take_returns(self, lines: Sequence[StatementLine]) -> None:
        """Money that came back of what was paid: the line names the receipt of the sending."""
        paid = {each.line.receipt: each.attempt for each in self.matched}
        paid |= {receipt: each for each in self._attempts if each.has_paid for receipt in each.owned}
        for line in lines:
            if line.kind is not LineKind.REVERSAL or not line.paid_in_cents:
                continue
            attempt = next((paid[receipt] for receipt in line.linked if receipt in paid), None)
            if attempt is None:
                continue
            if line.paid_in_cents == attempt.amount_cents:
                self.returned.append(OutMatched(attempt, line))
            else:
                self._notice(line, WhyOut.RETURN_DIFFERS, attempt)

    def fit(self, strangers: Sequence[StatementLine], *, tells_strangers: bool) -> None:
        """Name to a person what may be a sending of which no receipt is known, and what is none of ours."""
        waiting = [each for each in self._attempts if each.is_unproved and each.attempt_id not in self.seen]
        for line in strangers:
            fitting = tuple(each for each in waiting if each.could_be(line))
            if not fitting:
                # What takes a payment back is told with the payments.
                if tells_strangers and line.kind is not LineKind.REVERSAL:
                    is_known = line.kind is LineKind.PAYOUT
                    self._notice(line, WhyOut.NOT_OURS if is_known else WhyOut.WORDING)
            elif len(fitting) > 1:
                self._notice(line, WhyOut.SEVERAL_ATTEMPTS, *fitting)
            else:
                is_way = line.kind is _KIND_OF_WAY[Way(fitting[0].way)]
                self._notice(line, WhyOut.RECEIPT_UNKNOWN if is_way else WhyOut.WORDING, *fitting)

    def _notice(self, line: StatementLine, why: WhyOut, *attempts: OutCandidate) -> None:
        self.noticed.append(OutNoticed(line, why, attempts))


_KIND_OF_WAY: Final[Mapping[Way, LineKind]] = {Way.B2C: LineKind.PAYOUT, Way.REVERSAL: LineKind.REVERSAL}


def _fits(line: StatementLine, attempt: OutCandidate) -> bool:
    """Whether nothing that the line shows of the other side is another's."""
    if line.payer and not mask_fits(line.payer, attempt.recipient):
        return False
    return attempt.way == Way.B2C or not line.linked or attempt.original_receipt in line.linked


class _Absence(NamedTuple):
    """What follows from what is absent."""

    missing: list[OutCandidate]
    not_paid: list[OutCandidate]
    undecided: list[OutUndecided]
    unresolved: list[OutCandidate]


def _conclude(
    complete: CompleteStatement, lines: Sequence[StatementLine], attempts: Sequence[OutCandidate], found: _Sendings
) -> _Absence:
    """What follows for sendings that a complete statement covers. Whatever its wording is, a line may be one."""
    owners = {each.line.number: each.attempt.attempt_id for each in (*found.matched, *found.differing)}
    absence = _Absence([], [], [], [])
    for each in attempts:
        begin, end = each.created_at - BEFORE, each.created_at + AFTER
        if each.attempt_id in found.seen or not (each.is_unproved or each.has_paid):
            continue
        if not complete.coverage.holds(begin, end):
            if each.is_unproved:
                absence.unresolved.append(each)
            continue
        could_be = tuple(
            line.number
            for line in lines
            if line.kind is not LineKind.UNFINISHED
            and line.withdrawn_cents == each.amount_cents
            and begin <= line.at + line.blur
            and line.at <= end
            and owners.get(line.number, each.attempt_id) == each.attempt_id
        )
        if could_be:
            absence.undecided.append(OutUndecided(each, could_be))
        else:
            (absence.missing if each.has_paid else absence.not_paid).append(each)
    return absence
