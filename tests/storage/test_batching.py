"""Reads that are gathered: one round trip for all who ask while others are being read, and each gets his own row."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from sqlalchemy import Column, Connection, MetaData, Table, Text, text

from pokea.errors import Unavailable
from pokea.operations.store import insert_payments
from pokea.storage import batching
from pokea.storage.batching import BatchedReads, GroupCommit
from pokea.storage.database import Database
from pokea.storage.statements import AMONG, select_in, selection_among
from pokea.storage.tables import payments
from tests.payment_rows import new_payment

NAME = Table("names", MetaData(), Column("name", Text)).c.name


class Asked:
    """A query that notes what it was asked together."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def query(self, _connection: Connection, keys: Sequence[str]) -> Mapping[str, str]:
        """Every key but `nothing` has a row."""
        self.batches.append(list(keys))
        return {key: f"row of {key}" for key in keys if key != "nothing"}


def test_whoever_asks_meanwhile_shares_the_next_read(database: Database) -> None:
    """A hundred callers at once need few reads, and each gets the row that he asked for."""

    async def run() -> tuple[list[str | None], list[list[str]]]:
        asked = Asked()
        reads = BatchedReads(database, asked.query)
        found = await asyncio.gather(*(reads.find(f"key {number % 50}") for number in range(100)))
        return found, asked.batches

    found, batches = asyncio.run(run())
    assert found == [f"row of key {number % 50}" for number in range(100)]
    assert len(batches) <= 2
    assert sorted(key for batch in batches for key in batch) == sorted({f"key {number}" for number in range(50)})


def test_who_asks_after_a_read_began_is_read_anew(database: Database) -> None:
    """The same key asked again is read again: nobody is answered with what was read before he asked."""

    async def run() -> list[list[str]]:
        asked = Asked()
        reads = BatchedReads(database, asked.query)
        await reads.find("key")
        await reads.find("key")
        return asked.batches

    assert asyncio.run(run()) == [["key"], ["key"]]


def test_a_batch_has_a_bound(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """No read takes more keys than its bound."""
    monkeypatch.setattr(batching, "READ_TOGETHER", 10)

    async def run() -> list[int]:
        asked = Asked()
        reads = BatchedReads(database, asked.query)
        await asyncio.gather(*(reads.find(f"key {number}") for number in range(35)))
        return [len(batch) for batch in asked.batches]

    sizes = asyncio.run(run())
    assert max(sizes) == 10
    assert sum(sizes) == 35


def test_what_is_not_there_is_none(database: Database) -> None:
    """A key without a row is answered with None, beside others that have one."""

    async def run() -> list[str | None]:
        reads = BatchedReads(database, Asked().query)
        return list(await asyncio.gather(reads.find("nothing"), reads.find("something")))

    assert asyncio.run(run()) == [None, "row of something"]


def test_a_failure_is_everybody_s_of_that_read_alone(database: Database) -> None:
    """Who shared a read that failed hears of it, and who asks afterwards is answered."""

    async def run() -> tuple[list[object], str | None]:
        failures = [Unavailable("away")]

        def query(_connection: Connection, keys: Sequence[str]) -> Mapping[str, str]:
            if failures:
                raise failures.pop()
            return dict.fromkeys(keys, "row")

        reads = BatchedReads(database, query)
        first = await asyncio.gather(reads.find("a"), reads.find("b"), return_exceptions=True)
        return list(first), await reads.find("c")

    first, later = asyncio.run(run())
    assert [type(each) for each in first] == [Unavailable, Unavailable]
    assert later == "row"


def test_who_goes_away_harms_nobody(database: Database) -> None:
    """A caller that is cancelled while it waits takes nothing from those who asked for the same."""

    async def run() -> str | None:
        reads = BatchedReads(database, Asked().query)
        leaving, staying = asyncio.create_task(reads.find("key")), asyncio.create_task(reads.find("key"))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(run()) == "row of key"


class Wished:
    """A change that notes what was wished for together. What begins with `bad` cannot be made."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    async def change(self, requests: Sequence[str]) -> Sequence[str]:
        """Make them, all or nothing."""
        self.batches.append(list(requests))
        await asyncio.sleep(0.001)
        if any(wish.startswith("bad") for wish in requests):
            raise ValueError("it cannot be made")
        return [f"made {wish}" for wish in requests]


def made(changes: "GroupCommit[str, str]", *requests: str) -> "asyncio.Future[list[str | BaseException]]":
    """What became of the wishes, which are made at once."""
    return asyncio.gather(*map(changes.make, requests), return_exceptions=True)


def test_whoever_wishes_meanwhile_shares_the_next_change() -> None:
    """A hundred wishes at once need few changes, and each is answered for itself, in its order."""

    async def run() -> tuple[list[str | BaseException], list[list[str]]]:
        requested = Wished()
        return await made(GroupCommit(requested.change), *map(str, range(100))), requested.batches

    answers, batches = asyncio.run(run())
    assert answers == [f"made {number}" for number in range(100)]
    assert [len(batch) for batch in batches] == [batching.CHANGED_TOGETHER, 100 - batching.CHANGED_TOGETHER]
    assert [int(wish) for batch in batches for wish in batch] == list(range(100))


def test_a_wish_that_cannot_be_made_harms_nobody() -> None:
    """What fails together is tried alone: only the bad one hears of it."""

    async def run() -> list[str | BaseException]:
        return await made(GroupCommit(Wished().change), "a", "bad", "b")

    first, bad, last = asyncio.run(run())
    assert (first, last) == ("made a", "made b")
    assert isinstance(bad, ValueError)


def test_while_the_database_is_away_all_hear_of_it_and_nothing_piles_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who shares a change that is not known to be made hears so, too many at once are refused, and so is whoever has
    waited too long for his turn; who comes afterwards is served."""
    monkeypatch.setattr(batching, "CHANGED_TOGETHER", 2)
    monkeypatch.setattr(batching, "CHANGES_AT_ONCE", 1)
    monkeypatch.setattr(batching, "LONGEST_QUEUE", 3)
    monkeypatch.setattr(batching, "QUEUED_SECONDS", 0.01)
    tried: list[list[str]] = []

    async def change(requests: Sequence[str]) -> Sequence[str]:
        tried.append(list(requests))
        if "a" in requests:
            await asyncio.sleep(0.05)
            raise Unavailable("away")
        return list(requests)

    async def run() -> tuple[list[str | BaseException], str]:
        changes = GroupCommit(change)
        return await made(changes, "a", "b", "c", "d"), await changes.make("e")

    waited, later = asyncio.run(run())
    assert [type(each) for each in waited] == [Unavailable] * 4
    assert later == "e"
    assert tried == [["a", "b"], ["e"]]


@pytest.mark.parametrize("values", [[], ["pay_1"], ["pay_1", "pay_2", "it's", 'a "quoted" {one}', "\u0e01"]])
def test_among_finds_exactly_these(database: Database, values: list[str]) -> None:
    """A column is compared with any number of values by one parameter, whatever is in them."""
    stored = ["pay_1", "pay_2", "pay_3", "it's", 'a "quoted" {one}', "\u0e01"]

    def find(connection: Connection) -> list[str]:
        connection.execute(text("create temporary table names (name text)"))
        for each in stored:
            connection.execute(text("insert into names values (:name)"), {"name": each})
        return [row.name for row in select_in(connection, (NAME,), NAME, values)]

    assert sorted(asyncio.run(database.write(find))) == sorted(values)


def test_many_payments_are_found_by_their_key(database: Database) -> None:
    """The statement that finds many payments goes by the index of their ids."""
    explain = {"sqlite": "explain query plan ", "postgresql": "explain "}[database.dialect]

    def plan(connection: Connection) -> str:
        insert_payments(connection, [new_payment("pay_1")])
        if database.dialect == "postgresql":
            connection.execute(text("set local enable_seqscan = off"))
        statement = selection_among(database.dialect, (payments.c.id,), payments.c.id)
        sent = ["pay_1", "pay_2"] if database.dialect == "postgresql" else '["pay_1", "pay_2"]'
        written = str(statement.params({AMONG: sent}).compile(connection, compile_kwargs={"literal_binds": True}))
        return "\n".join(str(row) for row in connection.exec_driver_sql(explain + written.replace("%", "%%")))

    found = asyncio.run(database.write(plan)).lower()
    assert "pk_payments" in found or "sqlite_autoindex_payments_1" in found
