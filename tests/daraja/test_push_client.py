"""A push over a real wire: what went out, how often, and what came of it."""

import asyncio
import base64
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pokea.clock import from_datetime
from pokea.daraja.access_token import TOKEN_PATH
from pokea.daraja.client import PUSH_PATH, Accepted, PushOrder, SubmissionRefused, Unknown
from pokea.errors import Fault
from pokea.storage.database import Database
from tests.daraja.merchant import (
    CALLBACK_URL,
    CONSUMER_KEY,
    CONSUMER_SECRET,
    ORDER,
    PASSKEY,
    SetClock,
    merchant,
    push_once,
)
from tests.daraja.server import ACCEPTED, FIREWALL_PAGE, HTML, Act, DarajaServer, answer, error, token

ACCEPTED_BODY = answer(ACCEPTED).body
FAULT = {"fault": {"faultstring": "Spike arrest violation.", "detail": {"errorcode": "policies.ratelimit.X"}}}
NO_KNOWN_OUTCOME = {
    "503": Act(503, b""),
    "503 in Daraja's form": error(503, "500.003.1001", "Internal Server Error"),
    "500 with one of many meanings": error(500, "500.001.1001", "The transaction is being processed"),
    "firewall page": Act(403, FIREWALL_PAGE, HTML),
    "HTML that says it is fine": Act(200, FIREWALL_PAGE, HTML),
    "HTML with the status of a refusal": Act(400, FIREWALL_PAGE, HTML),
    "gateway in trouble": Act(502, b"<html>Bad Gateway</html>", HTML),
    "redirect": Act(302, b"", ""),
    "empty 200": Act(200, b""),
    "half an answer": Act(200, ACCEPTED_BODY, cut=True),
    "answer too long to be read": Act(200, b" " * 300_000 + ACCEPTED_BODY),
    "accepted without an id": answer(ACCEPTED | {"CheckoutRequestID": ""}),
    "not accepted": answer(ACCEPTED | {"ResponseCode": "1"}),
}


def test_push_carries_what_daraja_asks_for(token_database: Database) -> None:
    """A push has all eleven fields of the reference as text, and one timestamp in East Africa Time in both places."""

    async def run() -> None:
        clock = SetClock(from_datetime(datetime(2026, 5, 4, 21, 4, 10, tzinfo=UTC)))
        async with DarajaServer() as daraja, merchant(daraja.address, token_database, clock) as client:
            await client.push(ORDER)
            sent = daraja.received(PUSH_PATH)[0]
        assert sent.method == "POST"
        assert sent.headers["content-type"] == "application/json"
        assert sent.headers["authorization"] == f"Bearer {token(1)}"
        assert sent.message == {
            "BusinessShortCode": "174379",
            "Password": base64.b64encode(f"174379{PASSKEY}20260505000410".encode()).decode(),
            "Timestamp": "20260505000410",
            "TransactionType": "CustomerPayBillOnline",
            "Amount": "500",
            "PartyA": "254712345678",
            "PartyB": "174379",
            "PhoneNumber": "254712345678",
            "CallBackURL": CALLBACK_URL,
            "AccountReference": "BKG-1",
            "TransactionDesc": "Booking fee",
        }

    asyncio.run(run())


def test_token_is_asked_for_as_daraja_wants_it(token_database: Database) -> None:
    """A token is fetched with GET and the key and secret in a Basic header."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            await push_once(daraja, token_database)
            asked = daraja.received(TOKEN_PATH)[0]
        pair = base64.b64encode(f"{CONSUMER_KEY}:{CONSUMER_SECRET}".encode()).decode()
        assert (asked.method, asked.body) == ("GET", b"")
        assert asked.headers["authorization"] == f"Basic {pair}"

    asyncio.run(run())


def test_accepted_push_brings_both_ids(token_database: Database) -> None:
    """A push that Daraja takes is accepted, with the ids that it gave."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            outcome = await push_once(daraja, token_database)
        assert outcome == Accepted(
            ACCEPTED["CheckoutRequestID"], ACCEPTED["MerchantRequestID"], ACCEPTED["CustomerMessage"]
        )

    asyncio.run(run())


@pytest.mark.parametrize("what", NO_KNOWN_OUTCOME)
def test_push_with_an_unknown_outcome_is_sent_once(what: str, token_database: Database) -> None:
    """Whatever answer leaves the outcome open, the push is unknown and exactly one went out."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            daraja.plan(PUSH_PATH, NO_KNOWN_OUTCOME[what])
            outcome = await push_once(daraja, token_database)
            assert daraja.count(PUSH_PATH) == 1
        assert isinstance(outcome, Unknown)

    asyncio.run(run())


def test_silence_is_unknown_when_the_time_is_over(token_database: Database) -> None:
    """A push that is never answered is unknown when its time is over, token and all, and is not sent again."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            daraja.plan(PUSH_PATH, Act(silent=True))
            began = time.monotonic()
            outcome = await push_once(daraja, token_database, push_timeout_seconds=3)
            assert time.monotonic() - began < 4.5
            assert daraja.count(PUSH_PATH) == 1
        assert isinstance(outcome, Unknown)

    asyncio.run(run())


def test_slow_answer_is_waited_for(token_database: Database) -> None:
    """An answer within the push's time is taken, since its id would else be lost."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            daraja.plan(PUSH_PATH, answer(ACCEPTED, wait_seconds=1.0))
            outcome = await push_once(daraja, token_database, push_timeout_seconds=6)
        assert isinstance(outcome, Accepted)

    asyncio.run(run())


def test_refused_connection_is_a_temporary_refusal(token_database: Database) -> None:
    """Where nobody listens nothing can have happened: the push is refused, and may be tried later."""

    async def run() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
            async with merchant(nobody, token_database) as client:
                outcome = await client.push(ORDER)
        assert isinstance(outcome, SubmissionRefused)
        assert (outcome.reason, outcome.temporary, outcome.fault) == ("daraja_unavailable", True, Fault.DARAJA)

    asyncio.run(run())


def test_connection_refused_after_the_token_is_a_temporary_refusal(token_database: Database) -> None:
    """A push that finds nobody at its address, with a good token in hand, is refused and not unknown."""

    async def run() -> None:
        async with DarajaServer() as daraja, merchant(daraja.address, token_database) as client:
            assert isinstance(await client.push(ORDER), Accepted)
            await daraja.__aexit__(None, None, None)
            outcome = await client.push(ORDER)
        assert isinstance(outcome, SubmissionRefused)
        assert outcome.temporary

    asyncio.run(run())


@pytest.mark.parametrize(
    ("act", "reason", "temporary"),
    [
        (answer(FAULT, 429), "daraja_unavailable", True),
        (error(500, "500.003.02", "System is busy. Please try again in few minutes."), "daraja_unavailable", True),
        (error(400, "400.002.02", "Bad Request - Invalid PhoneNumber"), "phone_refused", False),
        (error(400, "400.002.02", "Bad Request - Invalid CallBackURL"), "daraja_refused", False),
        (error(500, "500.001.1001", "[MerchantValidate] - Wrong credentials"), "wrong_credentials", False),
        (
            error(
                500,
                "500.001.1001",
                "Unable to lock subscriber, a transaction is already in process for the current subscriber",
            ),
            "subscriber_locked",
            True,
        ),
    ],
)
def test_refused_push_is_not_repeated(act: Act, reason: str, temporary: bool, token_database: Database) -> None:
    """A refusal is told with its reason, after one request and no second."""

    async def run() -> None:
        async with DarajaServer() as daraja:
            daraja.plan(PUSH_PATH, act)
            outcome = await push_once(daraja, token_database)
            assert daraja.count(PUSH_PATH) == 1
        assert isinstance(outcome, SubmissionRefused)
        assert (outcome.reason, outcome.temporary) == (reason, temporary)

    asyncio.run(run())


def test_cancelled_push_stays_cancelled(token_database: Database) -> None:
    """Who cancels a push hears of it, and no outcome is invented."""

    async def run() -> None:
        async with DarajaServer() as daraja, merchant(daraja.address, token_database) as client:
            daraja.plan(PUSH_PATH, Act(silent=True))
            pushing = asyncio.create_task(client.push(ORDER))
            while not daraja.count(PUSH_PATH):
                await asyncio.sleep(0.01)
            pushing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await pushing
            assert daraja.count(PUSH_PATH) == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    "wrong",
    [
        {"msisdn": "0712345678"},
        {"msisdn": "254212345678"},
        {"amount_shillings": 0},
        {"amount_shillings": 250_001},
        {"account_reference": ""},
        {"account_reference": "x" * 13},
        {"description": ""},
        {"description": "x" * 14},
    ],
)
def test_order_that_daraja_would_not_take_cannot_be_made(wrong: dict[str, object]) -> None:
    """An order out of Daraja's bounds is a fault of its maker and is found at once."""
    with pytest.raises(ValueError, match=r"push|reference|description"):
        replace(ORDER, **wrong)  # type: ignore[arg-type] # the names and values are the test's


def test_order_prints_nothing_private() -> None:
    """An order in a log shows neither the phone nor the address that carries the callback's token."""
    printed = repr(PushOrder("254712345678", 1, CALLBACK_URL, "BKG-1", "Booking fee"))
    assert "712345678" not in printed
    assert "0123456789abcdef" not in printed
