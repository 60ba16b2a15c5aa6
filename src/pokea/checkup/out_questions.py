"""Doctor's questions about money out: they go to Daraja from here, and their answers come to the running service, which
keeps them in the database that both share. No money moves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from pokea.checkup import out_checks
from pokea.checkup.findings import Finding
from pokea.clock import Clock
from pokea.daraja.out_client import OutClient
from pokea.daraja.out_outcomes import AskOutcome, BalanceQuestion, NotAsked, OutAddresses, OutWay, StatusQuestion
from pokea.daraja.out_responses import V3_FORBIDDEN
from pokea.daraja.result_reading import ResultReading
from pokea.disbursements import store
from pokea.disbursements.addresses import AddressBook, AddressPair
from pokea.ids import Ids
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.database import Database

WAIT_SECONDS = 90.0
"""A Result was seen to come 85 seconds later (daraja: additions)."""
_LOOK_EVERY_SECONDS = 0.5
_LAST_ATTEMPTS = 200


class OutAccount(NamedTuple):
    """A shortcode that money goes out from, and one of the ways that use it."""

    shortcode: str
    way: OutWay


class _Pending(NamedTuple):
    check: str
    owner_id: str
    is_balance: bool
    outcome: AskOutcome


class OutQuestions:
    """Asks about each account, and waits for what comes."""

    def __init__(
        self,
        client: OutClient,
        database: Database,
        book: AddressBook,
        clock: Clock,
        ids: Ids,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._client = client
        self._database = database
        self._book = book
        self._clock = clock
        self._ids = ids
        self._wait_seconds = wait_seconds

    async def findings(self, accounts: Sequence[OutAccount], float_cents: int) -> AsyncIterator[Finding]:
        """One finding a question, and what the last attempts showed of B2C v3."""
        pending = []
        for account in accounts:
            pending += [await self._ask(account, is_balance) for is_balance in (True, False)]
        until = asyncio.get_running_loop().time() + self._wait_seconds
        for each in pending:
            yield await self._finding(each, until, float_cents)
        refused_at = await self._database.read(store.last_failed_with, DEFAULT_SCOPE, V3_FORBIDDEN, _LAST_ATTEMPTS)
        yield out_checks.v3_finding("B2C v3", refused_at)

    async def _ask(self, account: OutAccount, is_balance: bool) -> _Pending:
        owner_id = self._ids.new("chk")
        pair = self._book.of_check(owner_id, self._clock.now())
        await self._database.write(_remember, pair)
        addresses = OutAddresses(pair.result_url, pair.timeout_url)
        if is_balance:
            outcome = await self._client.ask_balance(BalanceQuestion(account.way, addresses))
            return _Pending(f"balance of {account.shortcode}", owner_id, True, outcome)
        question = StatusQuestion(account.way, addresses, receipt=out_checks.IMPOSSIBLE_RECEIPT)
        outcome = await self._client.ask_status(question)
        return _Pending(f"API operator for {account.shortcode}", owner_id, False, outcome)

    async def _finding(self, pending: _Pending, until: float, float_cents: int) -> Finding:
        if isinstance(pending.outcome, NotAsked):
            return out_checks.not_asked(pending.check, pending.outcome)
        reading = await self._answer(pending.owner_id, until)
        if reading is None:
            return out_checks.no_answer(pending.check, self._wait_seconds)
        if pending.is_balance:
            return out_checks.balance_finding(pending.check, reading, float_cents)
        return out_checks.receipt_finding(pending.check, reading)

    async def _answer(self, owner_id: str, until: float) -> ResultReading | None:
        """The first answer that the service has kept by this time of the loop's clock."""
        loop = asyncio.get_running_loop()
        while True:
            kept = await self._database.read(store.answers_of, owner_id)
            reading = next((item.reading for item in kept if item.reading is not None), None)
            if reading is not None or loop.time() >= until:
                return reading
            await asyncio.sleep(_LOOK_EVERY_SECONDS)


def _remember(connection: Connection, pair: AddressPair) -> None:
    store.add_addresses(connection, pair.rows)
