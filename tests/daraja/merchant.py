"""A merchant to test with: its credentials, an order, and its client on a real transport and a real database."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pokea.clock import Clock, Instant, SystemClock, seconds
from pokea.daraja.client import Credentials, DarajaClient, PushOrder, PushOutcome, QueryOutcome
from pokea.daraja.initiator import Initiator
from pokea.daraja.out_client import OutClient
from pokea.daraja.out_outcomes import B2COrder, BalanceQuestion, OutAddresses, ReverseOrder, StatusQuestion
from pokea.redact import Secret
from pokea.storage.database import Database
from pokea.storage.oauth_tokens import DatabaseTokens
from pokea.transport import HttpTransport
from tests.daraja.server import DarajaServer
from tests.ground.sealing import certificate

CONSUMER_KEY = "merchant-key-0123456789"
CONSUMER_SECRET = "merchant-secret-0123456789"
PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
CALLBACK_URL = "https://pay.example/stk/callback/0123456789abcdef0123456789abcdef0123456789abcdef"
ORDER = PushOrder("254712345678", 500, CALLBACK_URL, "BKG-1", "Booking fee")
CHECKOUT_ID = "ws_CO_040520262104102377712345678"
SECRET_KEY = Secret("k" * 32)
INITIATOR = "apiop37"
INITIATOR_PASSWORD = "Duka#2026"
ADDRESSES = OutAddresses(
    "https://pay.example/api/v1/out/result/0123456789abcdef0123456789abcdef0123456789abcdef",
    "https://pay.example/api/v1/out/timeout/fedcba9876543210fedcba9876543210fedcba9876543210",
)
ORIGINATOR_ID = "68e22406-b710-4500-9228-227df8bde0d9"
B2C_ORDER = B2COrder(ORIGINATOR_ID, "254712345678", 500, ADDRESSES)
REVERSE_ORDER = ReverseOrder("UE4JS31RBV", 500, ADDRESSES)
STATUS_QUESTION = StatusQuestion("b2c", ADDRESSES, original_conversation_id=ORIGINATOR_ID)
BALANCE_QUESTION = BalanceQuestion("b2c", ADDRESSES)


class SetClock:
    """A clock that stands where it was put."""

    def __init__(self, now: Instant) -> None:
        self.present = now

    def now(self) -> Instant:
        """The present instant."""
        return self.present

    def advance(self, count: float) -> None:
        """Go on by `count` seconds."""
        self.present += seconds(count)


def credentials(base_url: str) -> Credentials:
    """A paybill at the Daraja of `base_url`."""
    return Credentials(
        consumer_key=Secret(CONSUMER_KEY),
        consumer_secret=Secret(CONSUMER_SECRET),
        passkey=Secret(PASSKEY),
        shortcode="174379",
        party_b="174379",
        transaction_type="CustomerPayBillOnline",
        base_url=base_url,
    )


class CountingBytes:
    """A source of bytes that is never the same twice, and the same in every run."""

    def __init__(self, start: int = 0) -> None:
        self._count = start

    def __call__(self, length: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(length, "big")


@asynccontextmanager
async def merchant(
    base_url: str,
    database: Database,
    clock: Clock | None = None,
    push_timeout_seconds: float = 45,
    query_timeout_seconds: float = 20,
    **changes: Any,
) -> AsyncIterator[DarajaClient]:
    """A client as the service has it, which shares its token with every other on the same database.

    `changes` are to its credentials.
    """
    own, transport = replace(credentials(base_url), **changes), HttpTransport()
    tokens = DatabaseTokens(database, own.app_name(), SECRET_KEY, secrets.token_bytes)
    try:
        yield DarajaClient(own, transport, tokens, clock or SystemClock(), push_timeout_seconds, query_timeout_seconds)
    finally:
        await transport.close()


async def push_once(daraja: DarajaServer, database: Database, push_timeout_seconds: float = 45) -> PushOutcome:
    """What one push comes to."""
    async with merchant(daraja.address, database, push_timeout_seconds=push_timeout_seconds) as client:
        return await client.push(ORDER)


async def query_once(daraja: DarajaServer, database: Database) -> QueryOutcome:
    """What one question comes to."""
    async with merchant(daraja.address, database) as client:
        return await client.query(CHECKOUT_ID)


async def its_certificate() -> bytes:
    """The certificate of the key that the tests can open."""
    return certificate()


@asynccontextmanager
async def paymaster(
    base_url: str,
    database: Database,
    payout_shortcode: str = "",
    initiator: Initiator | None = None,
    *,
    answer_seconds: float = 60,
    whole_seconds: float = 85,
    **changes: Any,
) -> AsyncIterator[OutClient]:
    """The client of money out as the service has it; `changes` are to the merchant's credentials."""
    own = initiator or Initiator(INITIATOR, Secret(INITIATOR_PASSWORD), its_certificate)
    async with merchant(base_url, database, **changes) as client:
        yield OutClient(client.calls, own, payout_shortcode, answer_seconds, whole_seconds)
