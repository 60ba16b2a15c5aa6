"""The simulator without sockets: called as an ASGI application on a clock of the test's, as a universe does."""

import asyncio
import base64
import random
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from pokea.clock import SECOND, Instant
from pokea.daraja.b2c import B2C_PATH
from pokea.daraja.wire import push_password
from pokea.setting_rules import SANDBOX_PASSKEY
from pokea.simulator import Simulator, SimulatorOptions
from pokea.simulator.faults import OAUTH_PATH, PUSH_PATH
from pokea.simulator.initiator import certificate
from pokea.simulator.journal import OrganisationAccount
from pokea.transport import NotSent, Reply

_TIMESTAMP = "20261124120000"
_GOOD = "254708374149"


class _StoppedClock:
    def now(self) -> Instant:
        return 1_790_000_000 * SECOND


class _Letterbox:
    """A network that keeps what is sent and never delivers it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, str], float]] = []
        self.closed = False

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        *,
        connect_seconds: float | None = None,
        may_reuse: bool = False,
    ) -> Reply:
        self.sent.append((method, url, dict(headers), timeout_seconds))
        raise NotSent("nobody lives there")

    async def close(self) -> None:
        self.closed = True


async def _call(simulator: Simulator, method: str, path: str, body: Any = None, authorization: str = "") -> list[Any]:
    """The messages with which the application answers one request."""
    answered: list[Any] = []
    data = b"" if body is None else msgspec.json.encode(body)
    incoming = [{"type": "http.request", "body": data, "more_body": False}]

    async def receive() -> Any:
        if incoming:
            return incoming.pop()
        await asyncio.Event().wait()
        raise AssertionError("the client never leaves")

    async def send(message: Any) -> None:
        answered.append(message)

    target, _, query = path.partition("?")
    headers = [(b"content-type", b"application/json"), (b"authorization", authorization.encode())]
    scope = {
        "type": "http",
        "method": method,
        "path": target,
        "query_string": query.encode(),
        "headers": headers,
        "scheme": "http",
        "server": ("127.0.0.1", 80),
    }
    await simulator.app(scope, receive, send)
    return answered


async def _pushed(simulator: Simulator) -> list[Any]:
    basic = "Basic c2ltdWxhdG9yLWtleTpzaW11bGF0b3Itc2VjcmV0"
    answered = await _call(simulator, "GET", f"{OAUTH_PATH}?grant_type=client_credentials", None, basic)
    token = msgspec.json.decode(answered[1]["body"])["access_token"]
    push = {
        "BusinessShortCode": "174379",
        "Password": push_password("174379", SANDBOX_PASSKEY, _TIMESTAMP),
        "Timestamp": _TIMESTAMP,
        "TransactionType": "CustomerPayBillOnline",
        "Amount": "10",
        "PartyA": _GOOD,
        "PartyB": "174379",
        "PhoneNumber": _GOOD,
        "CallBackURL": "https://shop.example/cb",
        "AccountReference": "BK-1",
        "TransactionDesc": "fee",
    }
    return await _call(simulator, "POST", PUSH_PATH, push, f"Bearer {token}")


def _simulator(letterbox: _Letterbox, seed: int = 1) -> Simulator:
    return Simulator(SimulatorOptions(), letterbox, _StoppedClock(), random.Random(seed))


def test_clock_chance_and_network_are_the_caller_s() -> None:
    """On a stopped clock nothing happens until it is moved; the callback goes to the given transport, once, in 10 s."""

    async def scene() -> None:
        letterbox = _Letterbox()
        simulator = _simulator(letterbox)
        await simulator.start()
        start, body = await _pushed(simulator)
        assert start["status"] == 200
        assert letterbox.sent == []
        await _call(simulator, "POST", "/sim/api/clock", {"advanceSeconds": 1})
        assert letterbox.sent == [
            (
                "POST",
                "https://shop.example/cb",
                {"Content-Type": "application/json;charset=UTF-8", "Businessshortcode": "174379"},
                10.0,
            )
        ]
        (entry,) = simulator.journal.callbacks
        assert entry.status is None
        assert entry.checkout_request_id == msgspec.json.decode(body["body"])["CheckoutRequestID"]
        await simulator.stop()
        await simulator.stop()
        assert letterbox.closed

    asyncio.run(scene())


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Two simulators of one seed say the same, another seed something else."""

    async def scene(seed: int) -> bytes:
        simulator = _simulator(_Letterbox(), seed)
        await simulator.start()
        (_, answer) = await _pushed(simulator)
        await _call(simulator, "POST", "/sim/api/clock", {"advanceSeconds": 5})
        (_, journal) = await _call(simulator, "GET", "/sim/api/journal")
        await simulator.stop()
        both: bytes = answer["body"] + journal["body"]
        return both

    first, second, other = (asyncio.run(scene(seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def _payout() -> dict[str, str]:
    """A payout whose initiator is right."""
    key = load_pem_x509_certificate(certificate().encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    return {
        "OriginatorConversationID": "one",
        "InitiatorName": "testapi",
        "SecurityCredential": base64.b64encode(key.encrypt(b"Safaricom999!*!", PKCS1v15())).decode(),
        "CommandID": "BusinessPayment",
        "Amount": "100",
        "PartyA": "174379",
        "PartyB": _GOOD,
        "Remarks": "work",
        "QueueTimeOutURL": "https://shop.example/timeout",
        "ResultURL": "https://shop.example/result",
    }


async def _paid_out(simulator: Simulator) -> Any:
    """The answer to a payout of a simulator with money in it."""
    await _call(simulator, "POST", "/sim/api/accounts", {"utility": 1_000})
    basic = "Basic c2ltdWxhdG9yLWtleTpzaW11bGF0b3Itc2VjcmV0"
    answered = await _call(simulator, "GET", f"{OAUTH_PATH}?grant_type=client_credentials", None, basic)
    token = msgspec.json.decode(answered[1]["body"])["access_token"]
    (_, body) = await _call(simulator, "POST", B2C_PATH, _payout(), f"Bearer {token}")
    return msgspec.json.decode(body["body"])


def test_money_out_waits_for_the_clock_that_was_passed_in() -> None:
    """On a stopped clock nothing is paid; once it is moved the Result goes to the given transport, once."""

    async def scene() -> None:
        letterbox = _Letterbox()
        simulator = _simulator(letterbox)
        await simulator.start()
        acknowledged = await _paid_out(simulator)
        assert (letterbox.sent, list(simulator.journal.payouts)) == ([], [])
        await _call(simulator, "POST", "/sim/api/clock", {"advanceSeconds": 2})
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        assert letterbox.sent == [("POST", "https://shop.example/result", headers, 10.0)]
        await _call(simulator, "POST", "/sim/api/clock", {"advanceSeconds": 3_600})
        assert len(letterbox.sent) == 1
        await simulator.stop()
        (conversation,) = simulator.conversations()
        assert conversation.conversation_id == acknowledged["ConversationID"]
        assert conversation.status == "Completed"

    asyncio.run(scene())


def test_what_an_oracle_needs_is_on_the_simulator() -> None:
    """The payouts, with what they cost, the reversals with who asked for them, and the balances, as values in cents."""

    async def scene() -> None:
        simulator = Simulator(
            SimulatorOptions(b2c_tariff="withdrawal"), _Letterbox(), _StoppedClock(), random.Random(1)
        )
        await simulator.start()
        acknowledged = await _paid_out(simulator)
        await _call(simulator, "POST", "/sim/api/clock", {"advanceSeconds": 2})
        await simulator.stop()
        (payout,) = simulator.journal.payouts
        assert (payout.originator_conversation_id, payout.conversation_id) == ("one", acknowledged["ConversationID"])
        assert (payout.msisdn, payout.amount_cents, payout.cost_cents) == (_GOOD, 10_000, 1_100)
        assert simulator.journal.balances[OrganisationAccount.UTILITY] == 100_000 - 10_000 - 1_100
        (result,) = simulator.journal.results
        assert (result.conversation_id, result.is_timeout_notice) == (payout.conversation_id, False)

    asyncio.run(scene())


def test_the_same_seed_pays_out_by_the_same_bytes() -> None:
    """Ids, receipts and Results are drawn from the seed; what hides the password is not among them."""

    async def scene(seed: int) -> bytes:
        simulator = _simulator(_Letterbox(), seed)
        await simulator.start()
        await _paid_out(simulator)
        await _call(simulator, "POST", "/sim/api/clock", {"advanceSeconds": 5})
        (_, journal) = await _call(simulator, "GET", "/sim/api/journal")
        await simulator.stop()
        body: bytes = journal["body"]
        return body

    first, second, other = (asyncio.run(scene(seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_a_cut_connection_is_an_answer_that_never_ends_where_there_is_no_socket() -> None:
    """Without a server's socket to close the answer begins and is left unfinished: no client can take it for whole."""

    async def scene() -> None:
        simulator = _simulator(_Letterbox())
        await _call(simulator, "POST", "/sim/api/faults", {"kind": "connection_dropped"})
        start, part = await _pushed(simulator)
        assert start["type"] == "http.response.start"
        assert int(dict(start["headers"])[b"content-length"]) > len(part["body"])
        assert part["more_body"] is True

    asyncio.run(scene())


def test_a_failure_of_the_simulator_itself_is_loud(caplog: Any) -> None:
    """If the task that lets things happen breaks, that is said: it must not look like a lost callback."""

    class BrokenClock(_StoppedClock):
        broken = False

        def now(self) -> Instant:
            if self.broken:
                raise RuntimeError("no time")
            return super().now()

    async def scene() -> None:
        clock = BrokenClock()
        simulator = Simulator(SimulatorOptions(), _Letterbox(), clock, random.Random(1))
        clock.broken = True
        await simulator.start()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await simulator.stop()

    asyncio.run(scene())
    assert "the simulator has stopped" in caplog.text
