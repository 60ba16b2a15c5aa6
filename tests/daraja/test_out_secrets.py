"""Nothing that moves money out is in an outcome, a log, or a printed value."""

import asyncio
import logging
from dataclasses import replace

import pytest

from pokea.daraja.initiator import Initiator
from pokea.daraja.out_client import OutClient
from pokea.redact import Secret
from pokea.storage.database import Database
from tests.daraja.merchant import (
    ADDRESSES,
    B2C_ORDER,
    BALANCE_QUESTION,
    CONSUMER_KEY,
    CONSUMER_SECRET,
    INITIATOR,
    INITIATOR_PASSWORD,
    PASSKEY,
    REVERSE_ORDER,
    STATUS_QUESTION,
    paymaster,
)
from tests.daraja.server import OUT_PATHS, Act, DarajaServer, error

READY = "U2FmYXJpY29tOTk5ISohJnNlYWxlZCBhdCBub29uIG9uIGEgc3VubnkgZGF5"
TOKENS = tuple(url.rsplit("/", 1)[-1] for url in (ADDRESSES.result_url, ADDRESSES.timeout_url))
SECRETS = (CONSUMER_KEY, CONSUMER_SECRET, PASSKEY, INITIATOR_PASSWORD, READY, *TOKENS)
"""What no line may repeat, besides the access token of the request itself."""


async def everything_goes_wrong(daraja: DarajaServer, client: OutClient) -> str:
    """What all outcomes print when Daraja repeats every secret in every answer."""
    printed = []
    tale = " ".join(SECRETS)
    for status in (200, 400, 401, 403, 404, 429, 500, 503):
        for code in ("401.002.01", "404.001.03", "500.002.1001", "403.002.1001"):
            for path in OUT_PATHS:
                repeated = error(status, code, f"Duplicate OriginatorConversationID {tale}")
                daraja.plan(path, repeated, repeated)
            for outcome in (
                await client.pay_b2c(B2C_ORDER),
                await client.reverse(REVERSE_ORDER),
                await client.ask_status(STATUS_QUESTION),
                await client.ask_balance(BALANCE_QUESTION),
            ):
                printed.append(repr(outcome))
    daraja.plan(OUT_PATHS[0], Act(200, tale.encode(), tale))
    printed.append(repr(await client.pay_b2c(B2C_ORDER)))
    return "\n".join(printed)


def test_secrets_are_in_no_outcome_and_no_log(token_database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Even a Daraja that repeats password, credential and tokens gets none of them into an outcome or a log."""

    async def run() -> str:
        own = Initiator(INITIATOR, Secret(INITIATOR_PASSWORD), None, Secret(READY))
        async with (
            DarajaServer() as daraja,
            paymaster(daraja.address, token_database, initiator=own) as client,
        ):
            return await everything_goes_wrong(daraja, client)

    with caplog.at_level(logging.DEBUG):
        printed = asyncio.run(run(), debug=True)
    assert all(kind in printed for kind in ("OutRefused", "OutUnknown", "NotAsked"))
    assert [secret for secret in (*SECRETS, B2C_ORDER.msisdn) if secret in printed + caplog.text] == []


def test_orders_print_no_phone_and_no_address() -> None:
    """Who is paid and where the Result goes stay out of what is printed."""
    printed = f"{B2C_ORDER!r} {REVERSE_ORDER!r} {STATUS_QUESTION!r} {BALANCE_QUESTION!r}"
    assert [each for each in (*TOKENS, "712345678") if each in printed] == []


def test_a_credential_that_is_empty_hides_nothing_by_accident(token_database: Database) -> None:
    """An operator without a password still gets Daraja's words whole."""

    async def run() -> str:
        own = replace(Initiator(INITIATOR, Secret(""), None), ready=Secret("c2VhbGVk"))
        async with (
            DarajaServer() as daraja,
            paymaster(daraja.address, token_database, initiator=own) as client,
        ):
            daraja.plan(OUT_PATHS[0], error(400, "400.002.02", "Bad Request - Invalid PartyB"))
            return repr(await client.pay_b2c(B2C_ORDER))

    assert "Bad Request - Invalid PartyB" in asyncio.run(run())
