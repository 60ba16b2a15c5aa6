"""The token's row: generations, leases, and a seal that the database alone cannot open (law: keys and tokens)."""

import asyncio
import secrets
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from pokea.clock import Instant, seconds
from pokea.daraja.tokens import StoredToken, TokenStore
from pokea.redact import Secret
from pokea.storage.database import Database, open_database
from pokea.storage.oauth_tokens import DatabaseTokens, claim, store
from pokea.storage.tables import oauth_tokens
from tests.daraja.merchant import SECRET_KEY, CountingBytes, credentials

APP = "app"
NOW: Instant = 1_800_000_000 * seconds(1)
LEASE = seconds(30)
END = NOW + seconds(3599)
TOKEN = Secret("c9SQxWWhmdVRlyh0zh8gZDTkubVF")


def tokens(
    database: Database, key: Secret = SECRET_KEY, previous: Secret | None = None, start: int = 0
) -> DatabaseTokens:
    """One process's store."""
    return DatabaseTokens(database, APP, key, CountingBytes(start), previous)


async def refresh(own: TokenStore, seen: int, token: Secret = TOKEN, now: Instant = NOW) -> bool:
    """Claim and store, as a client does."""
    return await own.claim(seen, now, now + LEASE) and await own.store(seen, token, END)


def test_nothing_is_there_before_the_first_token(database: Database) -> None:
    """An app without a token has none, also while its first one is being fetched."""

    async def run() -> None:
        own = tokens(database)
        assert await own.current() is None
        assert await own.claim(0, NOW, NOW + LEASE)
        assert await own.current() is None

    asyncio.run(run())


def test_stored_token_is_read_back(database: Database) -> None:
    """A stored token is there for every process, as the next generation, with its end."""

    async def run() -> None:
        assert await refresh(tokens(database), 0)
        assert await tokens(database).current() == StoredToken(1, TOKEN, END)
        assert await refresh(tokens(database), 1, Secret("second"))
        assert await tokens(database).current() == StoredToken(2, Secret("second"), END)

    asyncio.run(run())


def test_one_of_many_claims_is_granted(database: Database) -> None:
    """Of processes that ask at the same microsecond exactly one may refresh."""

    async def run() -> None:
        stores = [tokens(database, start=number * 1000) for number in range(12)]
        granted = await asyncio.gather(*(own.claim(0, NOW, NOW + LEASE) for own in stores))
        assert sum(granted) == 1

    asyncio.run(run())


def test_lease_holds_until_its_end(database: Database) -> None:
    """While a lease stands nobody else may refresh, and once it is over somebody may."""

    async def run() -> None:
        first, second = tokens(database), tokens(database, start=1000)
        assert await first.claim(0, NOW, NOW + LEASE)
        assert not await second.claim(0, NOW + LEASE - 1, NOW + 2 * LEASE)
        assert await second.claim(0, NOW + LEASE + seconds(1), NOW + 2 * LEASE)

    asyncio.run(run())


def test_released_lease_is_free_at_once(database: Database) -> None:
    """After a failed refresh the next process may try without waiting."""

    async def run() -> None:
        first, second = tokens(database), tokens(database, start=1000)
        assert await first.claim(0, NOW, NOW + LEASE)
        await first.release(0)
        assert await second.claim(0, NOW, NOW + LEASE)

    asyncio.run(run())


def test_late_release_leaves_another_lease_alone(database: Database) -> None:
    """Who has outstayed a lease cannot end that of the next process."""

    async def run() -> None:
        first, second, third = (tokens(database, start=number * 1000) for number in range(3))
        assert await first.claim(0, NOW, NOW + LEASE)
        later = NOW + LEASE + seconds(1)
        assert await second.claim(0, later, later + LEASE)
        await first.release(0)
        assert not await third.claim(0, later, later + LEASE)

    asyncio.run(run())


def test_token_of_an_old_generation_is_not_stored(database: Database) -> None:
    """A token that comes after another was stored does not replace it."""

    async def run() -> None:
        slow, quick = tokens(database), tokens(database, start=1000)
        assert await slow.claim(0, NOW, NOW + LEASE)
        assert await refresh(quick, 0, Secret("quick"), NOW + 2 * LEASE)
        assert not await slow.store(0, Secret("slow"), END)
        assert await slow.current() == StoredToken(1, Secret("quick"), END)
        assert not await slow.claim(0, NOW + 9 * LEASE, NOW + 10 * LEASE)

    asyncio.run(run())


def test_change_that_is_run_again_finds_its_own_work(database: Database) -> None:
    """A claim or a store whose commit was in doubt says the same when it is repeated (law: settler, 5)."""

    async def run() -> None:
        for _ in range(2):
            assert await database.write(claim, APP, 0, NOW, NOW + LEASE + 7)
        assert not await database.write(claim, APP, 0, NOW, NOW + LEASE + 8)
        for _ in range(2):
            assert await database.write(store, APP, 0, b"sealed", END)
        assert not await database.write(store, APP, 0, b"other", END)

    asyncio.run(run())


def test_database_does_not_hold_the_token_in_clear(database: Database) -> None:
    """What is written is sealed, and differently each time."""

    async def run() -> None:
        sealed = []
        for generation in range(2):
            assert await refresh(DatabaseTokens(database, APP, SECRET_KEY, secrets.token_bytes), generation)
            row = await database.read(lambda connection: connection.execute(select(oauth_tokens.c.sealed)).one())
            sealed.append(row.sealed)
        assert all(TOKEN.reveal().encode() not in content for content in sealed)
        assert sealed[0] != sealed[1]

    asyncio.run(run())


def test_previous_key_opens_what_it_sealed(database: Database) -> None:
    """After a rotation of the secret key the token is still read while the previous key is set."""

    async def run() -> None:
        assert await refresh(tokens(database), 0)
        rotated = tokens(database, Secret("n" * 32), previous=SECRET_KEY)
        assert await rotated.current() == StoredToken(1, TOKEN, END)
        assert await refresh(rotated, 1, Secret("new"))
        assert await tokens(database, Secret("n" * 32)).current() == StoredToken(2, Secret("new"), END)

    asyncio.run(run())


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 60, None])
def test_token_that_cannot_be_opened_has_ended(damage: bytes | None, database: Database) -> None:
    """A token under a lost key, or damaged, keeps its generation and is over, so that the next can be fetched."""

    async def run() -> None:
        assert await refresh(tokens(database), 0)
        await database.write(lambda connection: connection.execute(update(oauth_tokens).values(sealed=damage)).rowcount)
        assert await tokens(database).current() == StoredToken(1, Secret(""), 0)
        assert await refresh(tokens(database), 1)
        assert await tokens(database).current() == StoredToken(2, TOKEN, END)

    asyncio.run(run())


def test_token_under_a_lost_key_has_ended(database: Database) -> None:
    """Whoever has another secret key reads no token."""

    async def run() -> None:
        assert await refresh(tokens(database), 0)
        assert await tokens(database, Secret("z" * 32)).current() == StoredToken(1, Secret(""), 0)

    asyncio.run(run())


def test_sealed_token_belongs_to_its_app(database: Database) -> None:
    """A sealed token that is moved into another app's row cannot be opened there."""

    async def run() -> None:
        assert await refresh(tokens(database), 0)
        await database.write(lambda connection: connection.execute(update(oauth_tokens).values(app="other")).rowcount)
        moved = DatabaseTokens(database, "other", SECRET_KEY, CountingBytes())
        assert await moved.current() == StoredToken(1, Secret(""), 0)

    asyncio.run(run())


def test_apps_do_not_share_a_row(database: Database) -> None:
    """Another consumer key, or the same key at another Daraja, has a token of its own."""
    sandbox = credentials("https://sandbox.example")
    names = {
        sandbox.app_name(),
        credentials("https://api.example").app_name(),
        replace(sandbox, consumer_key=Secret("another")).app_name(),
    }
    assert len(names) == 3
    assert replace(sandbox, consumer_secret=Secret("new"), passkey=Secret("new")).app_name() in names
    assert not any(sandbox.consumer_key.reveal() in name for name in names)

    async def run() -> None:
        assert await refresh(tokens(database), 0)
        assert await DatabaseTokens(database, "other", SECRET_KEY, CountingBytes()).current() is None

    asyncio.run(run())


def test_token_survives_a_restart(database_url: str) -> None:
    """A token that was stored is there when the database is opened again."""

    async def run() -> None:
        for generation in range(2):
            opened = open_database(database_url)
            try:
                own = tokens(opened, start=generation * 1000)
                known = await own.current()
                assert (known.generation if known else 0) == generation
                assert await refresh(own, generation)
            finally:
                opened.close()

    asyncio.run(run())
