"""Statements in a universe: each as a person brings it, read and matched and applied as `pokea reconcile` does.

The simulator writes what was truly charged. On its way the file is made early, cut, edited, somebody else's, or passed
through a spreadsheet. Whatever it is, no payment that was charged is said to be unpaid, and what is not ours settles
nothing (law: statements).
"""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote

from sqlalchemy import func, select

from pokea.audit.rule import Violation
from pokea.errors import PokeaError
from pokea.operations.evidence import Source
from pokea.reconciliation import store
from pokea.reconciliation.apply import apply
from pokea.reconciliation.match import Reconciliation, match
from pokea.reconciliation.receiving import receiving_account
from pokea.reconciliation.statement import NotAStatement, read_statement
from pokea.reconciliation.workbook_reader import read_workbook
from pokea.scope import DEFAULT_SCOPE
from pokea.simulator.handset import Charge
from pokea.storage.tables import evidence
from pokea.universe.defects import DEFECTS, Parameters
from pokea.universe.disk import Store
from pokea.universe.fleet import TOKENS, Fleet, Running
from pokea.universe.oracle import Books, Taken, read_books

_NOT_OURS: Final = frozenset({"foreign", "other_account"})


class StatementSaid(NamedTuple):
    """What one statement was taken to say of what is absent from it."""

    defect: str
    query: str
    not_paid: Sequence[str]
    missing: Sequence[str]


class Counter(Protocol):
    """Where statements come from, and what is noted of them."""

    async def download(self, path: str) -> tuple[int, bytes]:
        """Status and body of the simulator's answer."""
        ...

    def note(self, who: str, subject: str, what: str) -> None:
        """Write a line of the chronicle."""
        ...

    def count(self, name: str) -> None:
        """Count something for the report."""
        ...


class Statements:
    """Brings statements, one at a time, and remembers what was concluded from them."""

    def __init__(
        self,
        counter: Counter,
        fleet: Fleet,
        store: Store,
        chance: random.Random,
        taken: Callable[[], Sequence[Taken]],
    ) -> None:
        self._taken = taken
        self._counter = counter
        self._fleet = fleet
        self._store = store
        self._chance = chance
        self._turn = asyncio.Lock()
        self._found: list[Violation] = []
        self.said: list[StatementSaid] = []

    def unsettled(self) -> list[Charge]:
        """Charges of payments that the books do not have as completed yet."""
        with self._store.engine.connect() as connection:
            books = read_books(connection, TOKENS.proves)
        status = {name: books.status.get(books.payment_of(name) or "") for name, _ in self._taken()}
        return [charge for name, charge in self._taken() if status[name] != "completed"]

    async def bring(self, defect: str) -> None:
        """Let a process of the service read a statement with this defect, which strikes what is not settled yet."""
        async with self._turn:
            charges = self.unsettled() or [charge for _, charge in self._taken()]
            if charges:
                await self._bring(defect, self._chance.choice(charges))

    async def _bring(self, defect: str, target: Charge) -> None:
        parameters = DEFECTS[defect](self._chance, target)
        query = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
        status, content = await self._counter.download(f"/statement?{query}")
        if status != 200:  # noqa: PLR2004  # such as a row that is not in the period to be damaged
            self._counter.note("a person", "statement", f"{defect}: there is none ({status})")
            return
        self._counter.count(f"statement.{defect}")
        stated = self._stated()
        found = await self._read(defect, content, _name_of(parameters, self._chance))
        if defect in _NOT_OURS and self._stated() != stated:
            self._found.append(Violation("foreign_settles_nothing", f"a statement, {defect}, has settled something"))
        if found is not None:
            self.said.append(StatementSaid(defect, query, found.not_paid, found.missing))
            self._found += _unnamed(found, self._taken()) if defect == "none" else ()

    async def _read(self, defect: str, content: bytes, name: str) -> Reconciliation | None:
        running = await self._fleet.stand()
        task = running.life.run(_reconcile(running, content, name))
        while not task.done() and not running.life.over:
            await asyncio.wait([task], timeout=1)
        if not task.done():
            return None
        try:
            found = task.result()
        except (NotAStatement, PokeaError) as refusal:
            self._counter.note("a person", "statement", f"{defect}: {type(refusal).__name__}: {refusal}")
            return None
        concluded = f"{len(found.matched)} matched, {len(found.unknown)} unknown, {len(found.not_paid)} not paid"
        why = ", ".join(gap.kind for gap in (*found.gates, *found.gaps))
        self._counter.note("a person", "statement", f"{defect}: {concluded} ({why or 'complete'})")
        self._counter.count("statements.complete" if not why else "statements.incomplete")
        return found

    def _stated(self) -> int:
        """How many pieces of evidence are a statement's."""
        wanted = select(func.count()).select_from(evidence).where(evidence.c.source == Source.STATEMENT.value)
        with self._store.engine.connect() as connection:
            return connection.execute(wanted).scalar_one()

    def violations(self, books: Books, taken: Sequence[Taken]) -> Iterator[Violation]:
        """What was concluded and is not so, by all that the phones were charged, until today and later."""
        yield from self._found
        charged = {books.payment_of(name) for name, _ in taken}
        for defect, query, not_paid, missing in self.said:
            for payment_id in charged.intersection(not_paid):
                sentence = f"{payment_id} was charged, and a statement ({defect}: {query}) was taken to deny it"
                yield Violation("charged_is_not_denied", sentence)
            for payment_id in charged.intersection(missing):
                sentence = f"{payment_id} was charged, and a statement ({defect}: {query}) was taken to lack it"
                yield Violation("charged_is_not_denied", sentence)


def _unnamed(found: Reconciliation, taken: Sequence[Taken]) -> Iterator[Violation]:
    """What an undamaged statement shows is a payment's, or a person is told of it."""
    lines = [each.line for each in found.matched]
    lines += [each.line for each in found.differing]
    lines += [each.line for each in found.unknown]
    named = {line.receipt for line in lines}
    named |= {each.original for each in found.undoings if each.original is not None}
    for _, charge in taken:
        if charge.receipt not in named and not found.gates:
            yield Violation("statement_is_told", f"{charge.receipt} is in a statement, and its report is silent of it")


async def _reconcile(running: Running, content: bytes, name: str) -> Reconciliation:
    """What `pokea reconcile FILE` does. Raises NotAStatement and Unavailable."""
    ports = running.ports
    statement = read_statement(content, read_at=ports.clock.now(), name=name, open_workbook=read_workbook)
    candidates = await ports.database.read(store.candidates, DEFAULT_SCOPE, statement)
    found = match(statement, candidates, receiving_account(running.settings))
    await apply(running.service.settler.submit, found, ports.clock, lambda _count: None)
    return found


def _name_of(parameters: Parameters, chance: random.Random) -> str:
    """The file's name, which people change."""
    suffix = parameters.get("format", "csv")
    account = f"{parameters.get('account', 'utility').title()}Account"
    short_code = parameters.get("short_code", "174379")
    return chance.choice((f"statement.{suffix}", f"ORG_{short_code}_{account}_All_20260101000000.{suffix}"))
