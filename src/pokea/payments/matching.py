"""Which payment a line of a statement is: by receipt, else by account reference, amount, time and masked number. Pure.

A line is matched to one payment or to none. Where two payments fit, a person decides: money is never guessed.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from pokea.clock import SECOND, Instant
from pokea.payments.statement import Line, LineKind, Statement

EARLY: Final[Instant] = 60 * SECOND
"""How far M-PESA's clock may be behind ours."""
LATE: Final[Instant] = 180 * SECOND
"""How long after a prompt's end its money may still be booked."""
EDGE: Final[Instant] = 600 * SECOND
"""A payment so near to the end of what a statement covers may stand in the next one."""


class Candidate(Struct, frozen=True):
    """A payment as matching sees it. `receipts` are those that it owns."""

    payment_id: str
    status: str
    amount_cents: int
    account_reference: str
    msisdn: str
    created_at: Instant
    expires_at: Instant
    completed_at: Instant | None
    has_checkout_id: bool
    receipts: frozenset[str] = frozenset()


class Matched(Struct, frozen=True):
    """A line that is this payment's money."""

    payment_id: str
    line: Line


class Matching(Struct, frozen=True):
    """What a statement says about our payments.

    `unknown`: money of which we know nothing, or which several payments fit. `missing`: completed payments that the
    statement covers and does not show. `unpaid`: payments without an answer that it covers and does not show, which
    settles that they were not paid (law 3).
    """

    matched: Sequence[Matched]
    unknown: Sequence[Line]
    missing: Sequence[str]
    unpaid: Sequence[str]


def match(statement: Statement, candidates: Sequence[Candidate]) -> Matching:
    """Every payment line with the payment that it is."""
    by_receipt = {receipt: each for each in candidates for receipt in each.receipts}
    by_amount: dict[int, list[Candidate]] = defaultdict(list)
    for each in candidates:
        by_amount[each.amount_cents].append(each)
    matched: dict[str, Matched] = {}
    lines = {line.receipt: line for line in statement.lines if line.kind is LineKind.PAYMENT}
    unknown = [line for line in statement.lines if line.kind is LineKind.UNKNOWN]
    fits: dict[str, list[Line]] = defaultdict(list)
    for line in lines.values():
        owner = by_receipt.get(line.receipt)
        if owner is not None:
            matched[line.receipt] = Matched(owner.payment_id, line)
            continue
        fitting = [each for each in by_amount[line.paid_in_cents] if _fits(line, each)]
        if len(fitting) == 1:
            fits[fitting[0].payment_id].append(line)
        else:
            unknown.append(line)
    for payment_id, claimed in fits.items():
        if len(claimed) == 1:
            matched[claimed[0].receipt] = Matched(payment_id, claimed[0])
        else:
            unknown.extend(claimed)
    return Matching([*matched.values()], unknown, *_unseen(statement, candidates, matched))


def _fits(line: Line, candidate: Candidate) -> bool:
    """Whether the line may be the money of a payment that has no receipt yet."""
    if candidate.receipts or not candidate.created_at - EARLY <= line.at <= candidate.expires_at + LATE:
        return False
    if line.payer and not mask_fits(line.payer, candidate.msisdn):
        return False
    if line.account:
        return line.account.casefold() == candidate.account_reference.strip().casefold()
    # A till's line has no account: only amount, time and number together are enough.
    return bool(line.payer)


def mask_fits(mask: str, msisdn: str) -> bool:
    """Whether a masked number, in either of its forms (texts 1.3), may be this one."""
    head, _, rest = mask.partition("*")
    tail = rest.lstrip("*")
    number = f"0{msisdn.removeprefix('254')}" if head.startswith("0") else msisdn
    return number.startswith(head) and number.endswith(tail)


def _unseen(
    statement: Statement, candidates: Sequence[Candidate], matched: Mapping[str, Matched]
) -> tuple[list[str], list[str]]:
    since, until = statement.since, statement.until
    if since is None or until is None:
        return [], []
    seen = {each.payment_id for each in matched.values()}
    unseen = [each for each in candidates if each.payment_id not in seen]
    missing = [
        each.payment_id
        for each in unseen
        if each.status == "completed" and since + EDGE <= (each.completed_at or 0) <= until - EDGE
    ]
    unpaid = [
        each.payment_id
        for each in unseen
        if each.status in ("initiated", "failed")
        and not each.has_checkout_id
        and since <= each.created_at - EARLY
        and each.expires_at + LATE <= until
    ]
    return missing, unpaid
