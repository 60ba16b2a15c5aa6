"""Beginning a disbursement again whose attempt is proved failed, or whose approval has lapsed: by a person, and anew.

It is another request: with a new digest, and to be approved by another person than all who have asked for it.
"""

from typing import NamedTuple

from sqlalchemy import Connection

from pokea.clock import Instant
from pokea.disbursements.approving import Case, Target, approve_by_time, cap_or_none, check_step, open_case
from pokea.disbursements.calls import Made, OutCall, bind, first_call
from pokea.disbursements.checks import (
    check_payable,
    check_refund_sum,
    chosen_way,
    digest_of_row,
    has_doubtful_receipt,
)
from pokea.disbursements.limits import OutRules
from pokea.disbursements.locks import lock_booking, lock_payment
from pokea.disbursements.model import Disbursement, DisbursementKind, StepKind, Way
from pokea.disbursements.payee_store import lock_payee
from pokea.disbursements.refund_source import standing_of
from pokea.disbursements.saving import add_steps, save
from pokea.disbursements.way import RefundCase, ways_of_refund
from pokea.errors import ApiError, invalid


class RetryRequest(NamedTuple):
    """Why it is begun again, and by which way; None for the way that it had."""

    reason: str
    way: Way | None


def retry(connection: Connection, call: OutCall, target: Target, wanted: RetryRequest, rules: OutRules) -> Made:
    """Ask for a failed or lapsed disbursement again.

    Raises ApiError `not_found`, `already_decided`, `invalid_request`, `not_refundable`, `beyond_payable`.
    """
    case = open_case(connection, call.scope, target)
    first = first_call(connection, call)
    if first is not None:
        return Made(case.row, replayed=first != call.id)
    check_step(case.row, StepKind.RETRIED)
    is_refund = case.row.kind == DisbursementKind.REFUND
    renewed = (
        _refund(connection, case.row, wanted, rules, call.now) if is_refund else _payout(connection, call, case, wanted)
    )
    row = renewed._replace(
        retried_by=call.subject,
        nonce=call.nonce,
        needs_second_person=rules.needs_second_person(renewed.amount_cents),
        approved_by=None,
        approved_at=None,
        is_over_cap=False,
    )
    row = row._replace(digest=digest_of_row(row))
    after, step = case._replace(row=row).after(StepKind.RETRIED, call.subject, wanted.reason, call.now)
    add_steps(connection, [step])
    waiting = cap_or_none(connection, after.row, rules, call.now)
    requested = save(connection, case.row, after.row._replace(waiting=waiting), call.now)
    bind(connection, call)
    return Made(approve_by_time(connection, after._replace(row=requested), rules, call.now))


def _refund(
    connection: Connection, row: Disbursement, wanted: RetryRequest, rules: OutRules, now: Instant
) -> Disbursement:
    payment = lock_payment(connection, row.payment_id or "")
    if payment is None or payment.completed_at is None:
        raise ApiError("not_refundable", "The payment of this refund is not completed.")
    check_refund_sum(connection, row)
    standing = standing_of(connection, payment, lock_booking(connection, payment.booking_id))
    case = RefundCase(
        row.amount_cents,
        standing.moved_cents,
        payment.receipt,
        payment.completed_at,
        is_released=standing.is_released,
        is_receipt_doubtful=has_doubtful_receipt(payment),
    )
    ways = ways_of_refund(case, rules.reversal_days, now)
    return row._replace(way=chosen_way(ways, wanted.way or Way(row.way)).value)


def _payout(connection: Connection, call: OutCall, case: Case, wanted: RetryRequest) -> Disbursement:
    if wanted.way not in (None, Way.B2C):
        raise invalid("way", "A payout goes by `b2c`: leave `way` out.")
    payee = lock_payee(connection, call.scope, case.row.payee_id or "")
    if payee is None:
        raise ApiError("not_found", "There is no such payee any more.")
    check_payable(connection, payee, case.row.amount_cents)
    # The payee may have another number by now, which other people have confirmed.
    return case.row._replace(recipient=payee.msisdn)
