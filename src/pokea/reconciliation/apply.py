"""What a statement proves goes to the settler as evidence, like everything else that Pokea learns."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, TypeVar

from pokea.clock import Clock, Instant
from pokea.disbursements.evidence import OutEvidence
from pokea.operations.evidence import Evidence, from_statement
from pokea.reconciliation.compare import Compared, out_evidence_of
from pokea.reconciliation.match import Differing, Matched, Reconciliation
from pokea.reconciliation.out_store import post_seen
from pokea.storage.database import Database

SUBMITTED_TOGETHER: Final = 256
"""So many pieces wait at once for the settler, which takes them in batches of its own."""

Submit = Callable[[Evidence], Awaitable[object]]
Piece = TypeVar("Piece")


class StatementPorts(NamedTuple):
    """Where what a statement proves goes: to the settlers of payments and of money out, and to the ledger."""

    database: Database
    submit: Submit
    submit_out: Callable[[OutEvidence], Awaitable[object]]


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


def pieces_of(found: Compared) -> int:
    """How many pieces of evidence there are in it."""
    return len(_believed(found.payments)) + len(out_evidence_of(found, 0))


def _believed(found: Reconciliation) -> list[Matched | Differing]:
    if found.gates:
        return []
    # A difference is posted once and never taken back: an amount that was mistyped in a spreadsheet must not be it.
    return [*found.matched, *(found.differing if found.adds_up else ())]


async def apply(submit: Submit, found: Reconciliation, clock: Clock, advance: Callable[[int], None]) -> None:
    """Submit it all; `advance` is called for every few that are durable. Raises Unavailable."""
    await _submit(submit, evidence_of(found, clock.now()), advance)


async def apply_all(
    ports: StatementPorts, found: Compared, clock: Clock, advance: Callable[[int], None] = lambda _count: None
) -> int:
    """Submit what it proves of payments and of money out, and post what its lines show; answers how many postings
    that are. Raises Unavailable."""
    await apply(ports.submit, found.payments, clock, advance)
    await _submit(ports.submit_out, out_evidence_of(found, clock.now()), advance)
    return await ports.database.write(post_seen, found.lines, clock.now())


async def _submit(
    submit: Callable[[Piece], Awaitable[object]], pieces: Sequence[Piece], advance: Callable[[int], None]
) -> None:
    for start in range(0, len(pieces), SUBMITTED_TOGETHER):
        together = pieces[start : start + SUBMITTED_TOGETHER]
        await asyncio.gather(*(submit(piece) for piece in together))
        advance(len(together))
