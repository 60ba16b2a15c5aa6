"""A query over a real wire: what went out, and what came of it."""

import asyncio
import base64
import socket
from datetime import UTC, datetime

import pytest

from pokea.clock import from_datetime
from pokea.daraja.access_token import TOKEN_PATH
from pokea.daraja.client import QUERY_PATH, Answered, Silent
from pokea.storage.database import Database
from tests.daraja.merchant import CHECKOUT_ID, PASSKEY, SetClock, merchant, query_once
from tests.daraja.server import FIREWALL_PAGE, HTML, Act, DarajaServer, answer, error, query_answer, token

FAULT = {"fault": {"faultstring": "Spike arrest violation.", "detail": {"errorcode": "policies.ratelimit.X"}}}


def test_query_carries_what_daraja_asks_for(token_database: Database) -> None:
    """A query has the four fields of the reference, with one timestamp in both places."""

    async def run() -> None:
        clock = SetClock(from_datetime(datetime(2026, 5, 4, 18, 4, 10, tzinfo=UTC)))
        async with DarajaServer() as daraja, merchant(daraja.address, token_database, clock) as client:
            assert await client.query(CHECKOUT_ID) == Answered("0", "done", CHECKOUT_ID)
            sent = daraja.received(QUERY_PATH)[0]
        assert sent.method == "POST"
        assert sent.headers["authorization"] == f"Bearer {token(1)}"
        assert sent.message == {
            "BusinessShortCode": "174379",
            "Password": base64.b64encode(f"174379{PASSKEY}20260504210410".encode()).decode(),
            "Timestamp": "20260504210410",
            "CheckoutRequestID": CHECKOUT_ID,
        }

    asyncio.run(run())


@pytest.mark.parametrize(
    ("act", "limited"),
    [
        (answer(FAULT, 429), True),
        (error(500, "500.003.02", "Error Occurred: Spike Arrest Violation"), True),
        (error(500, "500.001.1001", "The transaction is being processed"), False),
        (Act(503, FIREWALL_PAGE, HTML), False),
        (Act(403, FIREWALL_PAGE, HTML), False),
        (answer(query_answer(CHECKOUT_ID, "4999", "The transaction is still under processing")), False),
        (answer(query_answer("ws_CO_other")), False),
        (answer(query_answer(CHECKOUT_ID), cut=True), False),
        (Act(302, b"", ""), False),
    ],
)
def test_everything_but_an_answer_is_silence(act: Act, limited: bool, token_database: Database) -> None:
    """Faults, HTML, cuts and answers about others are silence, after one request."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            daraja.plan(QUERY_PATH, act)
            outcome = await query_once(daraja, token_database)
            assert daraja.count(QUERY_PATH) == 1
        assert isinstance(outcome, Silent)
        assert outcome.limited == limited

    asyncio.run(run())


def test_wrong_passkey_is_told(token_database: Database) -> None:
    """The answer by which a wrong passkey shows itself is told apart from "not yet" (daraja: push errors)."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            daraja.plan(QUERY_PATH, answer(query_answer(CHECKOUT_ID, "4999", "Wrong credentials"), 500))
            outcome = await query_once(daraja, token_database)
        assert isinstance(outcome, Silent)
        assert outcome.wrong_credentials

    asyncio.run(run())


def test_query_that_is_never_answered_is_silence_in_time(token_database: Database) -> None:
    """A query without an answer ends as silence within its own time."""

    async def run() -> None:
        async with (
            DarajaServer() as daraja,
            merchant(daraja.address, token_database, query_timeout_seconds=2) as client,
        ):
            daraja.plan(QUERY_PATH, Act(silent=True))
            async with asyncio.timeout(6):
                assert isinstance(await client.query(CHECKOUT_ID), Silent)
            assert daraja.count(QUERY_PATH) == 1

    asyncio.run(run())


def test_nobody_at_the_address_is_silence(token_database: Database) -> None:
    """Where nobody listens a query is silence, and we are not told to slow down."""

    async def run() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            async with merchant(f"http://127.0.0.1:{taken.getsockname()[1]}", token_database) as client:
                outcome = await client.query(CHECKOUT_ID)
        assert isinstance(outcome, Silent)
        assert not outcome.limited

    asyncio.run(run())


def test_limit_on_tokens_slows_queries_down(token_database: Database) -> None:
    """When OAuth itself says that we ask too often, a query is silence and says so."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            daraja.plan(TOKEN_PATH, answer(FAULT, 429))
            outcome = await query_once(daraja, token_database)
            assert daraja.count(QUERY_PATH) == 0
        assert isinstance(outcome, Silent)
        assert outcome.limited

    asyncio.run(run())


def test_refused_token_is_replaced_and_the_question_asked_once_more(token_database: Database) -> None:
    """A query that the gateway stopped for its token is asked once more with a fresh one, and not a third time."""

    async def run() -> None:
        refusal = error(400, "400.003.01", "Invalid Access Token")
        async with DarajaServer() as daraja:
            daraja.plan(QUERY_PATH, refusal)
            assert isinstance(await query_once(daraja, token_database), Answered)
            daraja.plan(QUERY_PATH, refusal, refusal)
            assert isinstance(await query_once(daraja, token_database), Silent)
            assert (daraja.count(QUERY_PATH), daraja.count(TOKEN_PATH)) == (4, 3)

    asyncio.run(run())


def test_hundred_questions_share_one_token(token_database: Database) -> None:
    """Queries and pushes have one token between them, however many begin at once."""

    async def run() -> None:
        async with DarajaServer(strict_tokens=True) as daraja, merchant(daraja.address, token_database) as client:
            outcomes = await asyncio.gather(*(client.query(f"ws_CO_{number}") for number in range(100)))
            assert [outcome.checkout_request_id for outcome in outcomes if isinstance(outcome, Answered)] == [
                f"ws_CO_{number}" for number in range(100)
            ]
            assert daraja.count(TOKEN_PATH) == 1

    asyncio.run(run())
