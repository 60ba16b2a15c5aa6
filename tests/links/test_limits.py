"""How often a link and an address are used, counted by all processes together."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, select

from pokea.clock import SECOND, Instant
from pokea.errors import ApiError
from pokea.links.limits import LinkLimit, LinkLimits, LinkUse, count_use, forget_uses
from pokea.operations.tokens import PaymentTokens
from pokea.payments.limits import PUSH_WINDOW
from pokea.redact import Secret
from pokea.storage.database import Database, open_database
from pokea.storage.tables import link_uses

NOON: Instant = 1_800_000_000 * SECOND
LINK = "ln_1"
ADDRESS = "203.0.113.7"


def limits(of_link: int = 0, of_address: int = 0) -> LinkLimits:
    """Limits of a service with a key."""
    return LinkLimits(PaymentTokens(Secret("k" * 32)), of_link=of_link, of_address=of_address)


def used(database: Database, met: Sequence[LinkLimit], use_id: str, now: Instant = NOON) -> ApiError | None:
    """Count one use; answers what it was refused with."""
    try:
        asyncio.run(database.write(count_use, met, use_id, now))
    except ApiError as refusal:
        return refusal
    return None


def kept(connection: Connection) -> list[str]:
    """What is counted, use by use."""
    return sorted(connection.execute(select(link_uses.c.counted)).scalars())


def test_a_link_and_an_address_are_counted_apart(database: Database) -> None:
    """Each has its own bound, so has each kind of use, and a use that one refuses counts against none."""
    bounds = limits(of_link=2, of_address=3)
    assert used(database, bounds.met(LinkUse.PROMPT, LINK, ADDRESS), "use_1") is None
    assert used(database, bounds.met(LinkUse.PROMPT, LINK, ADDRESS), "use_2") is None
    refusal = used(database, bounds.met(LinkUse.PROMPT, LINK, ADDRESS), "use_3")
    assert refusal is not None
    assert (refusal.code, refusal.retry_after_seconds) == ("too_many_requests", 600)
    assert "this link within 10 minutes" in refusal.message
    assert used(database, bounds.met(LinkUse.BEGIN, LINK, ADDRESS), "use_3") is None
    assert used(database, bounds.met(LinkUse.PROMPT, "ln_2", ADDRESS), "use_4") is None
    refusal = used(database, bounds.met(LinkUse.PROMPT, "ln_2", ADDRESS), "use_5")
    assert refusal is not None
    assert "this network address" in refusal.message
    assert used(database, bounds.met(LinkUse.PROMPT, "ln_2", "203.0.113.8"), "use_6") is None


def test_an_address_is_not_written_down(database: Database) -> None:
    """What is kept of an address cannot be read back."""
    assert used(database, limits(of_link=1, of_address=1).met(LinkUse.BEGIN, LINK, ADDRESS), "use_1") is None
    of_address, of_link = asyncio.run(database.read(kept))
    assert (of_link, ADDRESS in of_address) == (f"begin link {LINK}", False)


def test_uses_stop_counting(database: Database) -> None:
    """After ten minutes there is room again, what no longer counts is deleted, and what counts is not."""
    met = limits(of_link=1).met(LinkUse.PROMPT, LINK, ADDRESS)
    assert used(database, met, "use_1") is None
    late = used(database, met, "use_2", NOON + PUSH_WINDOW - 30 * SECOND)
    assert late is not None
    assert late.retry_after_seconds == 30
    assert used(database, met, "use_2", NOON + PUSH_WINDOW) is None
    assert asyncio.run(database.write(forget_uses, NOON + PUSH_WINDOW)) == 1
    assert len(asyncio.run(database.read(kept))) == 1


@pytest.mark.parametrize("of_link", [0, 3])
def test_all_processes_count_together(database_url: str, of_link: int) -> None:
    """Twenty that come at once to two processes: as many pass as the bound says; without a bound all do."""
    met = limits(of_link=of_link).met(LinkUse.BEGIN, LINK, ADDRESS)
    processes = [open_database(database_url) for _ in range(2)]

    async def at_once() -> list[object]:
        uses = (processes[number % 2].write(count_use, met, f"use_{number}", NOON) for number in range(20))
        return await asyncio.gather(*uses, return_exceptions=True)

    answers = asyncio.run(at_once())
    for process in processes:
        process.close()
    assert answers.count(None) == (of_link or len(answers))
    assert all(answer is None or isinstance(answer, ApiError) for answer in answers)
