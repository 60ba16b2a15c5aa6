"""One token for everybody: fetched once, ahead of its end, and once more when the gateway refuses it (law: keys and
tokens)."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from pokea.clock import Instant, SystemClock, seconds
from pokea.daraja.access_token import TOKEN_PATH
from pokea.daraja.client import PUSH_PATH, Accepted, DarajaClient, PushOutcome, StoredToken, SubmissionRefused, Unknown
from pokea.errors import Fault, Unavailable
from pokea.redact import Secret
from pokea.storage.database import Database, open_database
from pokea.storage.oauth_tokens import DatabaseTokens
from pokea.transport import HttpTransport
from tests.daraja.merchant import ORDER, SECRET_KEY, CountingBytes, SetClock, credentials, merchant, push_once
from tests.daraja.server import FIREWALL_PAGE, HTML, Act, DarajaServer, error, granted, token

START: Instant = 1_800_000_000 * seconds(1)
REFUSED_TOKEN = {
    "404.001.03": error(404, "404.001.03", "Invalid Access Token"),
    "401.002.01": error(401, "401.002.01", f"Error Occurred - Invalid Access Token - {token(1)}"),
    "401.003.01": error(401, "401.003.01", "Error Occurred - Invalid Access Token - no apiproduct match found"),
    "gateway's fault": Act(401, b'{"fault":{"faultstring":"Invalid access token","detail":{"errorcode":"x"}}}'),
}


async def push_many(client: DarajaClient, count: int) -> list[PushOutcome]:
    """What `count` pushes at once come to."""
    return list(await asyncio.gather(*(client.push(ORDER) for _ in range(count))))


def test_two_hundred_pushes_at_once_ask_for_one_token(token_database: Database) -> None:
    """However many pushes begin without a token, one token is fetched and every push goes out with it."""

    async def run() -> None:
        async with DarajaServer(strict_tokens=True) as daraja, merchant(daraja.address, token_database) as client:
            outcomes = await push_many(client, 200)
            assert all(isinstance(outcome, Accepted) for outcome in outcomes)
            assert (daraja.count(TOKEN_PATH), daraja.count(PUSH_PATH)) == (1, 200)

    asyncio.run(run())


def test_two_processes_share_one_token(sqlite_url: str) -> None:
    """Clients that share nothing but the database fetch one token between them, and none voids another's."""

    async def run() -> None:
        async with DarajaServer(strict_tokens=True) as daraja, AsyncExitStack() as stack:
            databases = [open_database(sqlite_url) for _ in range(2)]
            for database in databases:
                stack.callback(database.close)
            clients = [await stack.enter_async_context(merchant(daraja.address, database)) for database in databases]
            outcomes = [
                outcome for many in await asyncio.gather(*(push_many(c, 40) for c in clients)) for outcome in many
            ]
            assert all(isinstance(outcome, Accepted) for outcome in outcomes)
            assert (daraja.count(TOKEN_PATH), daraja.count(PUSH_PATH)) == (1, 80)

    asyncio.run(run())


def test_next_process_uses_the_token_that_is_there(token_database: Database) -> None:
    """A process that starts later, or a command, takes the token from the database and fetches none."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            assert isinstance(await push_once(daraja, token_database), Accepted)
            assert isinstance(await push_once(daraja, token_database), Accepted)
            assert daraja.count(TOKEN_PATH) == 1

    asyncio.run(run())


def test_token_is_refreshed_a_minute_ahead_of_its_end(token_database: Database) -> None:
    """A token serves until a minute before its end, and is replaced from then on."""

    async def run() -> None:
        clock = SetClock(START)
        async with DarajaServer() as daraja, merchant(daraja.address, token_database, clock) as client:
            for advanced, fetched in ((0, 1), (3599 - 61, 1), (1, 2), (3599 - 61, 2)):
                clock.advance(advanced)
                assert isinstance(await client.push(ORDER), Accepted)
                assert daraja.count(TOKEN_PATH) == fetched

    asyncio.run(run())


def test_token_that_lives_too_short_is_used_all_the_same(token_database: Database) -> None:
    """A token that would be over within the minute is used by whoever fetched it, and not fetched for ever."""

    async def run() -> None:
        async with DarajaServer() as daraja, merchant(daraja.address, token_database) as client:
            daraja.plan(TOKEN_PATH, granted(1, expires_in="5"))
            assert isinstance(await client.push(ORDER), Accepted)
            assert daraja.count(TOKEN_PATH) == 1

    asyncio.run(run())


@pytest.mark.parametrize("what", REFUSED_TOKEN)
def test_refused_token_is_replaced_and_the_push_sent_once_more(what: str, token_database: Database) -> None:
    """A push that the gateway stopped for its token goes out once more, with a fresh one."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            daraja.plan(PUSH_PATH, REFUSED_TOKEN[what])
            assert isinstance(await push_once(daraja, token_database), Accepted)
            used = [request.headers["authorization"] for request in daraja.received(PUSH_PATH)]
            assert used == [f"Bearer {token(1)}", f"Bearer {token(2)}"]

    asyncio.run(run())


@pytest.mark.parametrize("what", REFUSED_TOKEN)
def test_token_refused_twice_is_a_refusal(what: str, token_database: Database) -> None:
    """After the second refusal there is no third push, and the token that Daraja repeats is not told."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            daraja.plan(PUSH_PATH, REFUSED_TOKEN[what], REFUSED_TOKEN[what])
            outcome = await push_once(daraja, token_database)
            assert (daraja.count(TOKEN_PATH), daraja.count(PUSH_PATH)) == (2, 2)
        assert isinstance(outcome, SubmissionRefused)
        assert (outcome.reason, outcome.fault, outcome.temporary) == ("access_refused", Fault.OURS, False)
        assert token(1) not in outcome.message

    asyncio.run(run())


def test_unknown_outcome_after_a_refused_token_is_not_repeated(token_database: Database) -> None:
    """The second sending is the last one: when its outcome is open it stays open."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            daraja.plan(PUSH_PATH, REFUSED_TOKEN["404.001.03"], Act(503, FIREWALL_PAGE, HTML))
            assert isinstance(await push_once(daraja, token_database), Unknown)
            assert daraja.count(PUSH_PATH) == 2

    asyncio.run(run())


def test_token_that_was_voided_by_another_is_found_in_the_database(token_database: Database) -> None:
    """When a newer generation stands in the database it is used, and no third token voids it."""

    async def run() -> None:
        async with (
            DarajaServer(strict_tokens=True) as daraja,
            merchant(daraja.address, token_database) as first,
            merchant(daraja.address, token_database) as second,
        ):
            assert isinstance(await first.push(ORDER), Accepted)
            daraja.plan(PUSH_PATH, REFUSED_TOKEN["404.001.03"])
            assert isinstance(await second.push(ORDER), Accepted)
            assert isinstance(await first.push(ORDER), Accepted)
            assert daraja.count(TOKEN_PATH) == 2

    asyncio.run(run())


def test_hundred_pushes_with_a_void_token_fetch_one_more(token_database: Database) -> None:
    """A token that is void for a hundred pushes at once is replaced once."""

    async def run() -> None:
        async with DarajaServer(strict_tokens=True) as daraja, merchant(daraja.address, token_database) as client:
            assert isinstance(await client.push(ORDER), Accepted)
            daraja.tokens_granted += 1
            outcomes = await push_many(client, 100)
            assert Counter(type(outcome) for outcome in outcomes) == {Accepted: 100}
            assert daraja.count(TOKEN_PATH) == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    ("act", "reason", "temporary"),
    [
        (Act(400, b"", ""), "access_refused", False),
        (error(400, "400.008.01", "Invalid Authentication passed"), "access_refused", False),
        (Act(503, FIREWALL_PAGE, HTML), "daraja_unavailable", True),
        (Act(200, b'{"access_token": "half', cut=True), "daraja_unavailable", True),
        (Act(200, b"{}"), "daraja_unavailable", True),
        (error(429, "", ""), "daraja_unavailable", True),
    ],
)
def test_without_a_token_nothing_is_pushed(act: Act, reason: str, temporary: bool, token_database: Database) -> None:
    """When OAuth gives no token the push is refused without having been sent, and the next one may ask at once."""

    async def run() -> None:
        async with DarajaServer() as daraja, merchant(daraja.address, token_database) as client:
            daraja.plan(TOKEN_PATH, act)
            outcome = await client.push(ORDER)
            assert daraja.count(PUSH_PATH) == 0
            assert isinstance(outcome, SubmissionRefused)
            assert (outcome.reason, outcome.temporary) == (reason, temporary)
            assert isinstance(await client.push(ORDER), Accepted)

    asyncio.run(run())


def test_token_that_does_not_come_leaves_time_for_no_push(token_database: Database) -> None:
    """A push whose token took the time that Daraja's answer needs is refused and not sent late."""

    async def run() -> None:
        async with (
            DarajaServer() as daraja,
            merchant(daraja.address, token_database, push_timeout_seconds=1.2) as client,
        ):
            daraja.plan(TOKEN_PATH, Act(silent=True))
            outcome = await client.push(ORDER)
            assert isinstance(outcome, SubmissionRefused)
            assert outcome.temporary
            assert daraja.count(PUSH_PATH) == 0

    asyncio.run(run())


def test_push_whose_token_was_refused_late_is_not_sent_again(token_database: Database) -> None:
    """A second sending that would leave Daraja too little time to answer does not happen, though a token is there."""

    async def run() -> None:
        late = Act(404, REFUSED_TOKEN["404.001.03"].body, wait_seconds=1.6)
        async with DarajaServer() as daraja, merchant(daraja.address, token_database, push_timeout_seconds=3) as client:
            daraja.plan(PUSH_PATH, late, REFUSED_TOKEN["404.001.03"])
            slow = asyncio.create_task(client.push(ORDER))
            while not daraja.count(PUSH_PATH):
                await asyncio.sleep(0.01)
            assert isinstance(await client.push(ORDER), Accepted)
            outcome = await slow
            assert isinstance(outcome, SubmissionRefused)
            assert outcome.temporary
            assert (daraja.count(TOKEN_PATH), daraja.count(PUSH_PATH)) == (2, 3)

    asyncio.run(run())


def test_who_gives_up_waiting_does_not_stop_the_others(token_database: Database) -> None:
    """The fetching of a token belongs to nobody: the first asker may be cancelled and the others get it."""

    async def run() -> None:
        async with DarajaServer() as daraja, merchant(daraja.address, token_database) as client:
            daraja.plan(TOKEN_PATH, Act(200, granted(1).body, wait_seconds=0.3))
            first, second = asyncio.create_task(client.push(ORDER)), asyncio.create_task(client.push(ORDER))
            while not daraja.count(TOKEN_PATH):
                await asyncio.sleep(0.01)
            first.cancel()
            assert isinstance(await second, Accepted)
            assert first.cancelled()
            assert daraja.count(TOKEN_PATH) == 1

    asyncio.run(run())


def test_token_of_a_process_that_died_while_refreshing_is_fetched_after_its_lease(token_database: Database) -> None:
    """Nobody refreshes beside a process that holds the lease, and somebody does once the lease is over."""

    async def run() -> None:
        clock = SetClock(START)
        async with DarajaServer() as daraja:
            own = credentials(daraja.address)
            dead = DatabaseTokens(token_database, own.app_name(), SECRET_KEY, CountingBytes())
            assert await dead.claim(0, START, START + seconds(30))
            async with merchant(daraja.address, token_database, clock, push_timeout_seconds=1.5) as client:
                assert isinstance(await client.push(ORDER), SubmissionRefused)
                assert daraja.count(TOKEN_PATH) == 0
                clock.advance(31)
                await asyncio.sleep(0.6)
                assert isinstance(await client.push(ORDER), Accepted)

    asyncio.run(run())


class _BrokenStore:
    """A token store whose database does not answer."""

    async def current(self) -> StoredToken | None:
        raise Unavailable("gone")

    async def claim(self, seen_generation: int, now: Instant, lease_until: Instant) -> bool:
        raise Unavailable("gone")

    async def store(self, seen_generation: int, token: Secret, expires_at: Instant) -> bool:
        raise Unavailable("gone")

    async def release(self, seen_generation: int) -> None:
        raise Unavailable("gone")


def test_database_that_does_not_answer_is_our_fault() -> None:
    """Without the database that keeps the token nothing is sent, and Daraja is not blamed."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            transport = HttpTransport()
            client = DarajaClient(credentials(daraja.address), transport, _BrokenStore(), SystemClock())
            outcome = await client.push(ORDER)
            await transport.close()
            assert daraja.requests == []
        assert isinstance(outcome, SubmissionRefused)
        assert (outcome.fault, outcome.temporary) == (Fault.OURS, True)

    asyncio.run(run())
