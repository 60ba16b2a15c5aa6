"""What the money of a completing payment does (law: money): held, due back, or set aside for a person."""

from pokea.ledger.entries import Money


def destination(fee_status: str, amount_in_doubt: bool) -> Money:
    """`held` for the first payment of an unpaid fee, `refund_due` when the fee needs no money any more.

    A payment of which M-PESA also named another amount goes to `suspense`, and its booking stays as it was (law:
    evidence).
    """
    if amount_in_doubt:
        return Money.SUSPENSE
    return Money.HELD if fee_status == "unpaid" else Money.REFUND_DUE
