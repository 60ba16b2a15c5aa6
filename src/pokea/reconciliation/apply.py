"""What a statement proves goes to the settler as evidence, like everything else that Pokea learns."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from pokea.clock import Clock, Instant
from pokea.operations.evidence import Evidence, from_statement
from pokea.reconciliation.match import Differing, Matched, Reconciliation

SUBMITTED_TOGETHER: Final = 256
"""So many pieces wait at once for the settler, which takes them in batches of its own."""

Submit = Callable[[Evidence], Awaitable[object]]


def evidence_of(found: Reconciliation, received_at: Instant) -> list[Evidence]:
    """A piece of evidence for each line that is a payment's: none where a gate is shut.

    A line with another amount is evidence too, unless the statement's own sums contradict its amounts: it raises
    `amount_differs` and has the difference posted (law: money).
    """
    return [
        from_statement(each.payment_id, line.receipt, line.paid_in_cents, line.provider_time, received_at)
        for each in _believed(found)
        for line in (each.line,)
    ]


def pieces_of(found: Reconciliation) -> int:
    """How many pieces of evidence there are in it."""
    return len(_believed(found))


def _believed(found: Reconciliation) -> list[Matched | Differing]:
    if found.gates:
        return []
    # A difference is posted once and never taken back: an amount that was mistyped in a spreadsheet must not be it.
    return [*found.matched, *(found.differing if found.adds_up else ())]


async def apply(submit: Submit, found: Reconciliation, clock: Clock, advance: Callable[[int], None]) -> None:
    """Submit it all; `advance` is called for every few that are durable. Raises Unavailable."""
    pieces = evidence_of(found, clock.now())
    for start in range(0, len(pieces), SUBMITTED_TOGETHER):
        together = pieces[start : start + SUBMITTED_TOGETHER]
        await asyncio.gather(*(submit(piece) for piece in together))
        advance(len(together))
