"""A payment as an operation: money comes in, once, and pays a booking's fee (law: money).

What money does is decided when the payment completes, in the order of completion: the first payment of an unpaid fee
is held, one that finds the fee paid is due back, and one of a doubtful amount is set aside for a person.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter

from pokea.bookings.events import booking_data, event_of_fee
from pokea.bookings.rules import STATUS_OF_FEE, FeeEvent, FeeStatus
from pokea.bookings.rules import after as fee_after
from pokea.clock import Instant
from pokea.ledger.entries import Money, Posting, adjustment, arrival
from pokea.operations.decision import Classified, Flag, Status
from pokea.operations.evidence import Source
from pokea.operations.flow import Effects, LockedParents, Transition
from pokea.operations.rules import STK_PUSH
from pokea.operations.store import Payment

Proves = Callable[[str, str], bool]
"""Whether a callback token is that of a payment: `PaymentTokens.proves`."""


class PaymentFlow:
    """Payments, with the secret that proves their callbacks."""

    rules = STK_PUSH

    def __init__(self, proves: Proves) -> None:
        self._proves = proves

    def proves(self, token: str, operation_id: str) -> bool:
        """Whether the token is that of this payment's callback address."""
        return self._proves(token, operation_id)

    def parents(self, payment: Payment, classified: Classified) -> Collection[str]:
        """The payment's booking, if money may move now."""
        return (payment.booking_id,) if classified.successes and payment.disposition is None else ()

    def effects(
        self,
        after: Mapping[str, Payment],
        classified: Mapping[str, Classified],
        parents: LockedParents,
        now: Instant,
    ) -> Effects:
        """What the money of each newly completed payment does, in the order of completion, and what a statement's
        other amount posts."""
        completing = sorted(
            (each for each in after.values() if each.status == Status.COMPLETED and each.disposition is None),
            key=attrgetter("completed_at", "id"),
        )
        fees = dict(parents.fees)
        postings: list[Posting] = []
        transitions: list[Transition] = []
        dispositions: dict[str, str] = {}
        flags: dict[str, frozenset[Flag]] = {}
        for payment in completing:
            fee = FeeStatus(fees[payment.booking_id])
            held = fee_after(fee, FeeEvent.PAID)
            money = destination(payment, is_due=held is not None)
            dispositions[payment.id] = money.value
            postings.extend(arrival(payment.id, payment.merchant_id, payment.amount_cents, money, now))
            if money is Money.REFUND_DUE:
                flags[payment.id] = frozenset({Flag.PAID_TWICE})
            elif money is Money.HELD and held is not None:
                fees[payment.booking_id] = held.value
                transitions.append(_transition(payment, fee, held, now))
        for payment_id, each in classified.items():
            payment = after[payment_id]
            if each.differing and (payment.disposition is not None or payment_id in dispositions):
                postings.extend(_adjustment(payment, each, now))
        return Effects(postings, transitions, dispositions, flags)


def _transition(payment: Payment, before: FeeStatus, after: FeeStatus, now: Instant) -> Transition:
    """The change of the fee of a payment's booking, whose reference and fee are the payment's."""
    status = STATUS_OF_FEE[after]
    data = booking_data(payment.account_reference, status, after, payment.amount_cents, payment.id)
    return Transition(
        payment.booking_id,
        before.value,
        after.value,
        status.value,
        payment.id,
        now,
        event=event_of_fee(after),
        data=data,
    )


def _adjustment(payment: Payment, classified: Classified, now: Instant) -> Sequence[Posting]:
    """The pair for a completed payment of whose receipt a statement names another amount than was posted.

    It is made again at every settle of such a payment, and posted once: a posting's source and kind are its key.
    """
    for item in classified.differing:
        if item.source is Source.STATEMENT and item.receipt == payment.receipt and item.amount_cents is not None:
            return adjustment(payment.id, payment.merchant_id, item.amount_cents - payment.amount_cents, now)
    return ()


def destination(payment: Payment, *, is_due: bool) -> Money:
    """What the money does; `is_due` says whether the fee still waits for it.

    Money of which M-PESA also named another amount is set aside, and the booking stays as it was (law: evidence).
    """
    if Flag.AMOUNT_DIFFERS in payment.raised and payment.completed_by == Source.QUERY:
        return Money.SUSPENSE
    return Money.HELD if is_due else Money.REFUND_DUE
