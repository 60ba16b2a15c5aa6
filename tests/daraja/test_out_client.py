"""Money out over a real wire: what leaves, once, and what came of it (law: sending)."""

import asyncio
import base64
import re
import socket
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from pokea.clock import Deadline, SystemClock, seconds
from pokea.daraja.access_token import TOKEN_PATH
from pokea.daraja.account_balance import BALANCE_PATH
from pokea.daraja.b2c import B2C_PATH
from pokea.daraja.initiator import Initiator
from pokea.daraja.out_client import OutClient
from pokea.daraja.out_outcomes import (
    Asked,
    AskOutcome,
    B2COrder,
    BalanceQuestion,
    NotAsked,
    OutAccepted,
    OutAddresses,
    OutOutcome,
    OutRefused,
    OutUnknown,
    ReverseOrder,
    StatusQuestion,
)
from pokea.daraja.reversal import REVERSAL_PATH
from pokea.daraja.transaction_status import STATUS_PATH
from pokea.redact import Secret
from pokea.storage.database import Database
from tests.daraja.merchant import (
    ADDRESSES,
    B2C_ORDER,
    BALANCE_QUESTION,
    INITIATOR,
    INITIATOR_PASSWORD,
    ORIGINATOR_ID,
    REVERSE_ORDER,
    STATUS_QUESTION,
    paymaster,
)
from tests.daraja.server import ACKNOWLEDGED, FIREWALL_PAGE, HTML, OUT_PATHS, Act, DarajaServer, answer, error, token
from tests.ground.sealing import private_key

CALLS = {
    B2C_PATH: B2C_ORDER,
    REVERSAL_PATH: REVERSE_ORDER,
    STATUS_PATH: STATUS_QUESTION,
    BALANCE_PATH: BALANCE_QUESTION,
}
MONEY = (B2C_PATH, REVERSAL_PATH)
QUESTIONS = (STATUS_PATH, BALANCE_PATH)
TIMEOUT_URL, RESULT_URL = ADDRESSES.timeout_url, ADDRESSES.result_url
SAID = {
    B2C_PATH: {
        "OriginatorConversationID": ORIGINATOR_ID,
        "InitiatorName": INITIATOR,
        "CommandID": "BusinessPayment",
        "Amount": "500",
        "PartyA": "600997",
        "PartyB": "254712345678",
        "Remarks": "Payment",
        "QueueTimeOutURL": TIMEOUT_URL,
        "ResultURL": RESULT_URL,
    },
    REVERSAL_PATH: {
        "Initiator": INITIATOR,
        "CommandID": "TransactionReversal",
        "TransactionID": "UE4JS31RBV",
        "Amount": "500",
        "ReceiverParty": "174379",
        "RecieverIdentifierType": "11",
        "ResultURL": RESULT_URL,
        "QueueTimeOutURL": TIMEOUT_URL,
        "Remarks": "Refund",
    },
    STATUS_PATH: {
        "Initiator": INITIATOR,
        "CommandID": "TransactionStatusQuery",
        "OriginalConversationID": ORIGINATOR_ID,
        "PartyA": "600997",
        "IdentifierType": "4",
        "ResultURL": RESULT_URL,
        "QueueTimeOutURL": TIMEOUT_URL,
        "Remarks": "Status",
    },
    BALANCE_PATH: {
        "Initiator": INITIATOR,
        "CommandID": "AccountBalance",
        "PartyA": "600997",
        "IdentifierType": "4",
        "Remarks": "Status",
        "QueueTimeOutURL": TIMEOUT_URL,
        "ResultURL": RESULT_URL,
    },
}
REFUSED_TOKEN = error(404, "404.001.03", "Invalid Access Token")


async def call(client: OutClient, order: Any, **more: Any) -> OutOutcome | AskOutcome:
    """What one request of any of the four kinds comes to."""
    match order:
        case B2COrder():
            return await client.pay_b2c(order, **more)
        case ReverseOrder():
            return await client.reverse(order, **more)
        case StatusQuestion():
            return await client.ask_status(order)
        case BalanceQuestion():
            return await client.ask_balance(order)
    raise AssertionError(order)


def opened(credential: str) -> str:
    """The password in a SecurityCredential, by the key that only Safaricom has."""
    return private_key().decrypt(base64.b64decode(credential, validate=True), PKCS1v15()).decode()


@pytest.mark.parametrize("path", OUT_PATHS)
def test_request_carries_what_daraja_asks_for(path: str, token_database: Database) -> None:
    """Each API gets the fields of the reference and no other, and the password sealed by the certificate."""

    async def run() -> None:
        async with DarajaServer() as daraja, paymaster(daraja.address, token_database, "600997") as client:
            await call(client, CALLS[path])
            sent = daraja.received(path)[0]
        message = sent.message
        assert opened(message.pop("SecurityCredential")) == INITIATOR_PASSWORD
        assert message == SAID[path]
        assert (sent.method, sent.headers["authorization"]) == ("POST", f"Bearer {token(1)}")

    asyncio.run(run())


def test_shortcodes_of_a_till_and_of_payouts(token_database: Database) -> None:
    """A till is given back from the till, and each question is about the shortcode that the money went from."""

    async def run() -> list[str]:
        changes: dict[str, Any] = {
            "shortcode": "600100",
            "party_b": "600200",
            "transaction_type": "CustomerBuyGoodsOnline",
        }
        async with DarajaServer() as daraja, paymaster(daraja.address, token_database, **changes) as client:
            await client.reverse(REVERSE_ORDER)
            await client.ask_status(StatusQuestion("reversal", ADDRESSES, receipt="UE4JS31RBV"))
            await client.pay_b2c(B2C_ORDER)
            return [
                daraja.received(REVERSAL_PATH)[0].message["ReceiverParty"],
                daraja.received(STATUS_PATH)[0].message["PartyA"],
                daraja.received(STATUS_PATH)[0].message["TransactionID"],
                daraja.received(B2C_PATH)[0].message["PartyA"],
            ]

    assert asyncio.run(run()) == ["600200", "600100", "UE4JS31RBV", "600100"]


@pytest.mark.parametrize("path", OUT_PATHS)
def test_what_was_taken_has_its_ids(path: str, token_database: Database) -> None:
    """The acknowledgement's ids are what the Result is known by (daraja: B2C acknowledgement)."""

    async def run() -> OutOutcome | AskOutcome:
        async with DarajaServer() as daraja, paymaster(daraja.address, token_database) as client:
            return await call(client, CALLS[path])

    kind = OutAccepted if path in MONEY else Asked
    ours = ORIGINATOR_ID if path == B2C_PATH else ACKNOWLEDGED["OriginatorConversationID"]
    assert asyncio.run(run()) == kind(ACKNOWLEDGED["ConversationID"], ours)


@pytest.mark.parametrize("path", OUT_PATHS)
@pytest.mark.parametrize(
    "act",
    [
        answer(ACKNOWLEDGED, cut=True),
        answer(ACKNOWLEDGED, 202),
        error(500, "500.001.1001", "Internal Server Error"),
        error(500, "500.002.1001", "System internal error."),
        error(503, "500.003.02", "Error Occurred: Spike Arrest Violation"),
        Act(503, FIREWALL_PAGE, HTML),
        Act(200, b"upstream connect error", "text/plain"),
        Act(403, FIREWALL_PAGE, HTML),
        Act(302, b"", ""),
        Act(307, b"", ""),
        Act(200, b"x" * 300_000, "text/plain"),
    ],
)
def test_misbehaving_daraja_is_asked_once(path: str, act: Act, token_database: Database) -> None:
    """Whatever comes that is not in the table: unknown for money, not asked for a question, and one request."""

    async def run() -> None:
        async with DarajaServer() as daraja, paymaster(daraja.address, token_database) as client:
            daraja.plan(path, act)
            outcome = await call(client, CALLS[path])
            assert isinstance(outcome, OutUnknown if path in MONEY else NotAsked)
            assert [daraja.count(each) for each in OUT_PATHS] == [each == path for each in OUT_PATHS]

    asyncio.run(run())


@pytest.mark.parametrize("path", MONEY)
def test_daraja_that_never_answers_leaves_it_unknown_in_time(path: str, token_database: Database) -> None:
    """When the time for an answer is over the outcome is unknown, after one request."""

    async def run() -> None:
        async with (
            DarajaServer() as daraja,
            paymaster(daraja.address, token_database, answer_seconds=1, whole_seconds=2) as client,
        ):
            daraja.plan(path, Act(silent=True))
            async with asyncio.timeout(20):
                assert isinstance(await call(client, CALLS[path]), OutUnknown)
            assert daraja.count(path) == 1

    asyncio.run(run())


@pytest.mark.parametrize("path", OUT_PATHS)
def test_nobody_at_the_address_means_that_nothing_was_sent(path: str, token_database: Database) -> None:
    """Where no connection is made nothing happened (law: sending)."""

    async def run() -> OutOutcome | AskOutcome:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            async with paymaster(f"http://127.0.0.1:{taken.getsockname()[1]}", token_database) as client:
                return await call(client, CALLS[path])

    outcome = asyncio.run(run())
    assert isinstance(outcome, OutRefused | NotAsked)
    assert outcome.reason == "unreachable"


@pytest.mark.parametrize("path", OUT_PATHS)
def test_refused_token_is_replaced_and_the_same_body_sent_once_more(path: str, token_database: Database) -> None:
    """The one second sending that is allowed: the same bytes with a fresh token, and never a third (law: sending)."""

    async def run() -> None:
        async with DarajaServer() as daraja, paymaster(daraja.address, token_database) as client:
            daraja.plan(path, REFUSED_TOKEN)
            assert isinstance(await call(client, CALLS[path]), OutAccepted | Asked)
            first, second = daraja.received(path)
            assert first.body == second.body
            assert [each.headers["authorization"] for each in (first, second)] == [
                f"Bearer {token(1)}",
                f"Bearer {token(2)}",
            ]
            daraja.plan(path, REFUSED_TOKEN, REFUSED_TOKEN)
            outcome = await call(client, CALLS[path])
            assert isinstance(outcome, OutRefused | NotAsked)
            assert outcome.reason == "access_refused"
            assert daraja.count(path) == 4

    asyncio.run(run())


@pytest.mark.parametrize("after", [Act(503, FIREWALL_PAGE, HTML), answer(ACKNOWLEDGED, cut=True)])
def test_second_sending_may_end_unknown(after: Act, token_database: Database) -> None:
    """That the first was refused does not make a cut of the second one a refusal."""

    async def run() -> None:
        async with DarajaServer() as daraja, paymaster(daraja.address, token_database) as client:
            daraja.plan(B2C_PATH, REFUSED_TOKEN, after)
            assert isinstance(await client.pay_b2c(B2C_ORDER), OutUnknown)
            assert daraja.count(B2C_PATH) == 2

    asyncio.run(run())


@pytest.mark.parametrize(("code", "status"), [("400.003.01", 400), ("400.002.02", 400), ("403.002.1001", 403)])
def test_other_refusals_are_not_sent_again(code: str, status: int, token_database: Database) -> None:
    """Money is sent once more for a refused token alone, in the two forms that the law names."""

    async def run() -> None:
        async with DarajaServer() as daraja, paymaster(daraja.address, token_database) as client:
            daraja.plan(B2C_PATH, error(status, code, "Bad Request"))
            assert isinstance(await client.pay_b2c(B2C_ORDER), OutRefused)
            assert daraja.count(B2C_PATH) == 1

    asyncio.run(run())


def test_duplicate_is_unknown_and_says_so(token_database: Database) -> None:
    """Daraja that knows the id already has perhaps paid: ask, and never send another (law: sending)."""

    async def run() -> OutOutcome:
        async with DarajaServer() as daraja, paymaster(daraja.address, token_database) as client:
            daraja.plan(B2C_PATH, error(500, "500.002.1001", "Duplicate OriginatorConversationID."))
            return await client.pay_b2c(B2C_ORDER)

    outcome = asyncio.run(run())
    assert isinstance(outcome, OutUnknown)
    assert outcome.is_duplicate


@pytest.mark.parametrize("path", MONEY)
def test_nothing_is_sent_after_its_deadline(path: str, token_database: Database) -> None:
    """A lease that has run out before the sending ends it without a byte."""

    async def run() -> None:
        async with DarajaServer() as daraja, paymaster(daraja.address, token_database) as client:
            now = asyncio.get_running_loop().time()
            late = Deadline(now - 1, SystemClock().now() + seconds(60))
            outcome = await call(client, CALLS[path], sent_by=late)
            assert isinstance(outcome, OutRefused)
            assert outcome.reason == "not_sent"
            assert daraja.count(path) == 0

    asyncio.run(run())


def test_token_that_comes_too_late_for_an_answer_sends_nothing(token_database: Database) -> None:
    """What is left of a call after the token must be enough for Daraja's answer, or it is not sent."""

    async def run() -> None:
        async with (
            DarajaServer() as daraja,
            paymaster(daraja.address, token_database, answer_seconds=59, whole_seconds=60) as client,
        ):
            daraja.plan(TOKEN_PATH, Act(silent=True))
            outcome = await client.pay_b2c(B2C_ORDER)
            assert isinstance(outcome, OutRefused)
            assert daraja.count(B2C_PATH) == 0

    asyncio.run(run())


@pytest.mark.parametrize("path", OUT_PATHS)
def test_operator_without_a_key_sends_nothing(path: str, token_database: Database) -> None:
    """A certificate that cannot be had refuses the request before a token is asked for."""

    async def run() -> None:
        keyless = Initiator(INITIATOR, Secret(INITIATOR_PASSWORD), None)
        async with (
            DarajaServer() as daraja,
            paymaster(daraja.address, token_database, initiator=keyless) as client,
        ):
            outcome = await call(client, CALLS[path])
            assert isinstance(outcome, OutRefused | NotAsked)
            assert outcome.reason == "no_credential"
            assert daraja.requests == []

    asyncio.run(run())


def test_each_request_has_a_credential_and_a_connection_of_its_own(token_database: Database) -> None:
    """The password is sealed anew for each sending, and no connection is used twice (law: sending)."""

    async def run() -> None:
        async with DarajaServer() as daraja, paymaster(daraja.address, token_database) as client:
            await asyncio.gather(client.pay_b2c(B2C_ORDER), client.pay_b2c(B2C_ORDER))
            credentials = [each.message["SecurityCredential"] for each in daraja.received(B2C_PATH)]
            assert len(set(credentials)) == 2
            assert {opened(each) for each in credentials} == {INITIATOR_PASSWORD}
            assert daraja.count(TOKEN_PATH) == 1

    asyncio.run(run())


def test_digest_is_of_what_is_sent_and_not_of_the_credential(token_database: Database) -> None:
    """The same order has the same digest however often its password is sealed, and another order another one."""

    async def run() -> None:
        async with paymaster("http://127.0.0.1:1", token_database) as client:
            first = client.digest_of(B2C_ORDER)
            assert re.fullmatch(r"[0-9a-f]{64}", first)
            assert client.digest_of(B2C_ORDER) == first
            more = B2COrder(ORIGINATOR_ID, "254712345678", 501, ADDRESSES)
            assert len({first, client.digest_of(more), client.digest_of(REVERSE_ORDER)}) == 3

    asyncio.run(run())


@pytest.mark.parametrize(
    "make",
    [
        lambda: B2COrder("not-a-uuid", "254712345678", 500, ADDRESSES),
        lambda: B2COrder(ORIGINATOR_ID.upper(), "254712345678", 500, ADDRESSES),
        lambda: B2COrder(ORIGINATOR_ID, "0712345678", 500, ADDRESSES),
        lambda: B2COrder(ORIGINATOR_ID, "254712345678", 9, ADDRESSES),
        lambda: B2COrder(ORIGINATOR_ID, "254712345678", 250_001, ADDRESSES),
        lambda: B2COrder(ORIGINATOR_ID, "254712345678", 500, ADDRESSES, remarks="x"),
        lambda: B2COrder(ORIGINATOR_ID, "254712345678", 500, ADDRESSES, occasion="x" * 101),
        lambda: ReverseOrder("", 500, ADDRESSES),
        lambda: ReverseOrder("UE4JS31RBV", 0, ADDRESSES),
        lambda: ReverseOrder("UE4JS31RBV", 500, ADDRESSES, remarks="x" * 101),
        lambda: StatusQuestion("b2c", ADDRESSES),
        lambda: StatusQuestion("b2c", ADDRESSES, receipt="a b"),
        lambda: OutAddresses("", "https://pay.example/t"),
    ],
)
def test_order_that_daraja_does_not_take_is_not_made(make: Any) -> None:
    """An order out of Daraja's bounds is a fault of its maker, found before anything is committed."""
    with pytest.raises(ValueError, match=r"\w"):
        make()
