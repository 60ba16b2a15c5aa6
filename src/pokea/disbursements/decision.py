"""An attempt's row is one pure function of its evidence (law: proof of money out), and this is that function.

It is stricter than that of a payment: there a wrong "refused" costs a second prompt, here it costs the money. Nothing
but proof ends an attempt. A code that is not known to be final, an amount or a recipient that is not ours, a notice of
a timeout and an answer that says "does not exist" prove nothing; they raise a flag, or make us ask.
"""

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pokea.clock import Instant
from pokea.daraja.codes.out_codes import REVERSED_ALREADY
from pokea.daraja.codes.types import OutFinality
from pokea.daraja.result_reading import ResultReading
from pokea.disbursements.evidence import DUPLICATE, NOT_PAID, PAID, OutEvidence, OutSource
from pokea.disbursements.model import AttemptStatus, AttemptTerms, OutFlag, Way
from pokea.disbursements.rules import AttemptRules

SUCCESS: Final = "0"
COMPLETED_WORD: Final = "completed"
FAILED_WORDS: Final = frozenset({"cancelled", "declined", "expired", "failed"})


class AttemptDecision(Struct, frozen=True):
    """What follows from an attempt's evidence.

    `decided_by` is the source of what ended it. `is_doubtful`: something arrived that proves nothing, at
    `doubted_at`, and makes us ask. `failing_answer_at` is when a status answer first named a failure.
    """

    status: AttemptStatus
    request_id: str | None = None
    receipt: str | None = None
    receiver_name: str | None = None
    charge_cents: int | None = None
    completed_at: Instant | None = None
    decided_by: OutSource | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    flags: tuple[OutFlag, ...] = ()
    doubted_at: Instant | None = None
    failing_answer_at: Instant | None = None


class ClassifiedAttempt(Struct, frozen=True):
    """An attempt's evidence, sorted by what it is worth."""

    accepted: OutEvidence | None
    is_answered: bool
    successes: Sequence[OutEvidence]
    failures: Sequence[OutEvidence]
    failing_answers: Sequence[OutEvidence]
    returned: Sequence[OutEvidence]
    doubtful: Sequence[OutEvidence]
    flags: frozenset[OutFlag]

    @property
    def wanted_receipts(self) -> list[str]:
        """The receipts that this attempt must own before they may complete it, sorted."""
        return sorted({item.receipt for item in self.successes if item.receipt is not None})


def decide_attempt(
    terms: AttemptTerms,
    rules: AttemptRules,
    evidence: Iterable[OutEvidence],
    foreign_receipts: Collection[str] = (),
) -> AttemptDecision:
    """The decision that the evidence makes, whatever its order and however often an item is repeated.

    `foreign_receipts` are those of `wanted_receipts` that another operation owns.
    """
    return decide_classified_attempt(rules, classify_attempt(terms, rules, evidence, foreign_receipts))


def classify_attempt(
    terms: AttemptTerms,
    rules: AttemptRules,
    evidence: Iterable[OutEvidence],
    foreign_receipts: Collection[str] = (),
) -> ClassifiedAttempt:
    """Sort the evidence by what it is worth."""
    unique: dict[str, OutEvidence] = {}
    for item in sorted(evidence, key=_MOMENT):
        unique.setdefault(item.id, item)
    items = list(unique.values())
    accepted = next((item for item in items if item.source is OutSource.ACCEPTED), None)
    is_unknown = any(item.source is OutSource.UNKNOWN for item in items)
    ours = _Identity(terms, None if accepted is None else accepted.request_id, is_unknown and accepted is None)
    worth = _Worth(ours, rules, foreign_receipts)
    for item in items:
        worth.weigh(item)
    answered = (OutSource.ACCEPTED, OutSource.REFUSED, OutSource.UNKNOWN)
    return ClassifiedAttempt(
        accepted,
        any(item.source in answered for item in items),
        worth.successes,
        worth.failures,
        worth.failing_answers,
        [item for item in items if item.source is OutSource.RETURNED],
        worth.doubtful,
        frozenset(worth.flags),
    )


class _Identity(Struct, frozen=True):
    """By what a body is known to be about this attempt."""

    terms: AttemptTerms
    request_id: str | None
    is_unanswered: bool

    def names(self, originator_id: str | None, request_id: str | None) -> bool:
        """Whether one of these ids is the attempt's."""
        own = self.terms.originator_id
        return (own is not None and own == originator_id) or (
            self.request_id is not None and self.request_id == request_id
        )

    def is_result(self, reading: ResultReading) -> bool:
        """Whether a Result at the attempt's own address is that of its request.

        A reversal has no id of ours. Where its answer was lost, the original receipt names it, at an address that
        nothing else was given. The answer to a status question echoes our id too; it is told apart by its status.
        """
        if reading.transaction_status is not None:
            return False
        if self.names(reading.originator_conversation_id, reading.conversation_id):
            return True
        is_reversal = self.terms.way is Way.REVERSAL
        return is_reversal and self.is_unanswered and reading.original_transaction_id == self.terms.original_receipt

    def is_answer(self, reading: ResultReading) -> bool:
        """Whether our id stands inside the parameters of a status answer."""
        return self.names(reading.asked_originator_id, reading.asked_conversation_id)


class _Worth:
    """Weighs one item after another."""

    def __init__(self, ours: _Identity, rules: AttemptRules, foreign_receipts: Collection[str]) -> None:
        self._ours = ours
        self._rules = rules
        self._foreign = foreign_receipts
        self.successes: list[OutEvidence] = []
        self.failures: list[OutEvidence] = []
        self.failing_answers: list[OutEvidence] = []
        self.doubtful: list[OutEvidence] = []
        self.flags: set[OutFlag] = set()

    def weigh(self, item: OutEvidence) -> None:
        """Put the item where it belongs."""
        match item.source:
            case OutSource.RESULT:
                self._result(item)
            case OutSource.STATUS_ANSWER:
                self._status_answer(item)
            case OutSource.STATEMENT_LINE:
                self._paid(item, item.amount_cents == self._ours.terms.amount_cents)
            case OutSource.FINDING if item.code == PAID:
                # People may name a receipt too that is another movement's.
                self._paid(item, is_amount_ours=True)
            case OutSource.FINDING | OutSource.REFUSED:
                self.failures.append(item)
            case OutSource.UNKNOWN if item.code == DUPLICATE:
                self.flags.add(OutFlag.DUPLICATE_ID)
                self.doubtful.append(item)
            case OutSource.TIMEOUT_NOTICE:
                self.doubtful.append(item)
            case _:
                pass

    def _paid(self, item: OutEvidence, is_amount_ours: bool) -> None:
        if not is_amount_ours:
            self.flags.add(OutFlag.AMOUNT_DIFFERS)
        elif item.receipt in self._foreign:
            self.flags.add(OutFlag.RECEIPT_CONFLICT)
        else:
            self.successes.append(item)
            return
        self.doubtful.append(item)

    def _result(self, item: OutEvidence) -> None:
        reading = item.reading
        if not item.proved or reading is None or not self._ours.is_result(reading):
            self.doubtful.append(item)
            return
        is_final = reading.result_type == SUCCESS
        if is_final and reading.code == SUCCESS:
            self._successful_result(item, reading)
        elif is_final and self._rules.finality(reading.code) is OutFinality.FAILED:
            self.failures.append(item)
        else:
            self.flags.add(_flag_of(self._rules, reading))
            self.doubtful.append(item)

    def _successful_result(self, item: OutEvidence, reading: ResultReading) -> None:
        terms = self._ours.terms
        if terms.way is Way.B2C:
            is_recipient_ours = reading.receiver_msisdn == terms.recipient
        else:
            is_recipient_ours = reading.original_transaction_id == terms.original_receipt
            # M-PESA has given the receipt's payment back, as it was asked to. If that was another customer's, the
            # receipt was not the payment's: a person must hear of it, and nothing more goes out until then.
            if is_recipient_ours and _is_other_number(reading.receiver_msisdn, terms.recipient):
                self.flags.add(OutFlag.RECIPIENT_DIFFERS)
        if reading.transaction_id is None:
            self.flags.add(OutFlag.NOT_FINAL)
            self.doubtful.append(item)
        elif not is_recipient_ours:
            self.flags.add(OutFlag.RECIPIENT_DIFFERS)
            self.doubtful.append(item)
        else:
            self._paid(item, reading.amount_cents == terms.amount_cents)

    def _status_answer(self, item: OutEvidence) -> None:
        """ResultCode 0 of a status question says that the question worked; any other code, 2032 too, is no answer."""
        reading = item.reading
        if not item.proved or reading is None or reading.code != SUCCESS or not self._ours.is_answer(reading):
            return
        word = (reading.transaction_status or "").casefold()
        if word == COMPLETED_WORD:
            if item.receipt is not None:
                self._paid(item, reading.amount_cents == self._ours.terms.amount_cents)
        elif word in FAILED_WORDS:
            self.failing_answers.append(item)


def _is_other_number(named: str | None, msisdn: str) -> bool:
    """Whether this is a whole number, and another one; one that is written in another form is not told apart."""
    return named is not None and len(named) == len(msisdn) and named != msisdn


def decide_classified_attempt(rules: AttemptRules, classified: ClassifiedAttempt) -> AttemptDecision:
    """Build the decision from classified evidence."""
    known = AttemptDecision(
        status=_open_status(classified),
        request_id=None if classified.accepted is None else classified.accepted.request_id,
        flags=tuple(sorted(classified.flags)),
        doubted_at=max((item.received_at for item in classified.doubtful), default=None),
        failing_answer_at=min((item.received_at for item in classified.failing_answers), default=None),
    )
    if classified.successes:
        return _completed(known, classified)
    failures = _proved_failures(rules, classified)
    return _failed(known, failures[0]) if failures else known


def _open_status(classified: ClassifiedAttempt) -> AttemptStatus:
    if classified.accepted is not None:
        return AttemptStatus.ACCEPTED
    return AttemptStatus.UNKNOWN if classified.is_answered else AttemptStatus.SENDING


def _completed(known: AttemptDecision, classified: ClassifiedAttempt) -> AttemptDecision:
    best = classified.successes[0]
    readings = [item.reading for item in classified.successes]
    named = next((each.receiver_name for each in readings if each is not None and each.receiver_name), None)
    charge = next((each.charge_cents for each in readings if each is not None and each.charge_cents), None)
    has_returned = any(item.receipt for item in classified.returned)
    return replace(
        known,
        status=AttemptStatus.RETURNED if has_returned else AttemptStatus.COMPLETED,
        receipt=best.receipt,
        receiver_name=named,
        charge_cents=charge,
        completed_at=best.received_at,
        decided_by=best.source,
    )


def _proved_failures(rules: AttemptRules, classified: ClassifiedAttempt) -> list[OutEvidence]:
    """What proves that no money went out, the first first."""
    at = [item.received_at for item in classified.failing_answers]
    agreeing = list(classified.failing_answers[-1:]) if rules.agree(at) else []
    return sorted([*classified.failures, *agreeing], key=_MOMENT)


def _failed(known: AttemptDecision, best: OutEvidence) -> AttemptDecision:
    reading = best.reading
    reason = best.reason
    if best.source is OutSource.STATUS_ANSWER and reading is not None:
        reason = reading.transaction_status
    elif reading is not None:
        reason = reading.description
    elif best.code == NOT_PAID:
        reason = "two people found that nothing was paid"
    code = None if best.source in (OutSource.STATUS_ANSWER, OutSource.FINDING) else best.code
    return replace(known, status=AttemptStatus.FAILED, failure_code=code, failure_reason=reason, decided_by=best.source)


def _flag_of(rules: AttemptRules, reading: ResultReading) -> OutFlag:
    if reading.code == REVERSED_ALREADY:
        return OutFlag.REVERSED_ELSEWHERE
    is_unknown = rules.finality(reading.code) is OutFinality.UNKNOWN
    return OutFlag.CODE_UNKNOWN if is_unknown else OutFlag.NOT_FINAL


_MOMENT = attrgetter("received_at", "id")
