"""What is checked at a request, and again at each approval: amounts, ways, payables, repeats. Each raises ApiError."""

from typing import Final

from sqlalchemy import Connection

from pokea.disbursements import sums
from pokea.disbursements.model import Disbursement, Way, digest_of
from pokea.disbursements.payee_store import PayeeRow
from pokea.disbursements.refund_source import MoneyStanding, moved_cents
from pokea.disbursements.way import SENTENCES, Hindrance, RefundWays
from pokea.errors import ApiError, FieldError, invalid
from pokea.money import CENTS, shillings_json
from pokea.operations.decision import Flag, raised_flags
from pokea.operations.store import Payment
from pokea.operations.store import find as find_payment

_OF_RECEIPTS: Final = frozenset({Flag.RECEIPT_CONFLICT, Flag.SEVERAL_RECEIPTS})


def digest_of_row(row: Disbursement) -> str:
    """The digest of what the row asks for, as it stands."""
    return digest_of(
        row.id,
        row.kind,
        amount_cents=row.amount_cents,
        recipient=row.recipient,
        way=row.way,
        source=row.source_of_money,
        nonce=row.nonce,
    )


def refundable_amount(
    connection: Connection, payment: Payment, standing: MoneyStanding, wanted_cents: int | None
) -> int:
    """The amount of a new refund of a payment that is locked: what is wanted, else all that is left.

    Raises ApiError `invalid_request` for more than the payment brought, `already_decided` where others have taken or
    asked for it, and `not_refundable` where its money waits for a decision of another kind.
    """
    brought = min(payment.amount_cents, standing.moved_cents)
    if wanted_cents is not None and wanted_cents > brought:
        raise invalid("amount", f"`amount` is more than the payment brought, KES {shillings_json(brought)}.")
    # A statement may have named cents, and M-PESA pays out none.
    left = (brought - sums.refunded_cents(connection, payment.id)) // CENTS * CENTS
    amount = left if wanted_cents is None else wanted_cents
    if left <= 0 or amount > left:
        raise _taken(left)
    if amount > standing.due_cents + standing.held_cents + standing.released_cents:
        raise _not_at_hand(standing)
    return amount


def has_doubtful_receipt(payment: Payment) -> bool:
    """Whether the payment's receipt may be another's: the evidence named it for two, or two for it, and no person has
    decided about that."""
    return not _OF_RECEIPTS.isdisjoint(raised_flags(payment.flags))


def reverses_in_doubt(connection: Connection, row: Disbursement) -> bool:
    """Whether this is a refund by reversal whose receipt is in doubt by now; the payment is locked."""
    if row.way != Way.REVERSAL:
        return False
    payment = find_payment(connection, row.payment_id or "")
    return payment is None or payment.receipt is None or has_doubtful_receipt(payment)


def check_reversible(connection: Connection, row: Disbursement) -> None:
    """Raises ApiError `not_refundable` for a refund by reversal whose receipt is in doubt by now."""
    if reverses_in_doubt(connection, row):
        reason = SENTENCES[Hindrance.DOUBTFUL_RECEIPT]
        raise ApiError(
            "not_refundable", f"This refund cannot go by `reversal`, because {reason}: reject it, and ask for it anew."
        )


def check_refund_sum(connection: Connection, row: Disbursement) -> None:
    """Raises ApiError `already_decided` where a refund and its payment's others exceed what the payment brought."""
    left = left_to_refund_cents(connection, row)
    if row.amount_cents > left:
        raise _taken(left)


def left_to_refund_cents(connection: Connection, row: Disbursement) -> int:
    """What a refund's payment brought, less its other refunds that are not failed; the payment is locked."""
    payment = find_payment(connection, row.payment_id or "")
    if payment is None:
        return 0
    brought = min(payment.amount_cents, moved_cents(connection, payment.id))
    return brought - sums.refunded_cents(connection, payment.id, besides=row.id)


def _taken(left_cents: int) -> ApiError:
    left = f"KES {shillings_json(left_cents)} of it are left" if left_cents > 0 else "nothing of it is left"
    return ApiError("already_decided", f"The payment is refunded, or is about to be: {left}.")


def _not_at_hand(standing: MoneyStanding) -> ApiError:
    if standing.is_released:
        return ApiError("already_decided", "The fee that this payment paid has been released, and asked back already.")
    return ApiError(
        "not_refundable",
        "The money of this payment stands in suspense until a person decides about its flag; see `review`.",
    )


def chosen_way(ways: RefundWays, wanted: Way | None) -> Way:
    """The way that is wanted, else the usual one.

    Raises ApiError `invalid_request` for a way that is closed, `not_refundable` where there is none at all.
    """
    if wanted is not None:
        hindrance = ways.hindrance(wanted)
        if hindrance is not None:
            raise invalid("way", f"This refund cannot go by `{wanted}`, because {SENTENCES[hindrance]}.")
        return wanted
    if ways.usual is None:
        reasons = [SENTENCES[each] for each in (ways.reversal, ways.b2c) if each is not None]
        raise ApiError("not_refundable", f"The money stays due: {'; and '.join(reasons)}.")
    return ways.usual


def check_payable(connection: Connection, payee: PayeeRow, amount_cents: int, *, besides: str = "") -> None:
    """Raises ApiError `beyond_payable` where the payee is owed less than is asked for in all."""
    payable = sums.payable_cents(connection, payee.merchant_id, payee.id)
    left = payable - sums.wanted_of_payee_cents(connection, payee.id, besides=besides)
    if amount_cents > left:
        message = f"This payee is owed KES {shillings_json(left)} besides what is asked for already."
        raise ApiError("beyond_payable", message, (FieldError("amount", message),))


def check_repeat(connection: Connection, row: Disbursement, *, confirms: bool) -> None:
    """Raises ApiError `looks_like_a_repeat` where the same went to the same recipient within 24 hours."""
    repeat = None if confirms else sums.find_repeat(connection, row)
    if repeat is not None:
        message = f"{repeat} is of the same recipient and amount; send `confirmRepeat` as true if this is another one."
        raise ApiError("looks_like_a_repeat", message, extra={"repeats": repeat})
