"""Nothing that this merchant knows in secret is in an outcome, a log, or a printed value."""

import asyncio
import base64
import logging

import pytest

from pokea.daraja.access_token import TOKEN_PATH
from pokea.daraja.client import PUSH_PATH, QUERY_PATH, Accepted, DarajaClient, StoredToken, SubmissionRefused
from pokea.daraja.credentials import credentials_of
from pokea.daraja.wire import push_password
from pokea.redact import Secret
from pokea.settings import Settings
from pokea.storage.database import Database
from tests.daraja.merchant import (
    CALLBACK_URL,
    CHECKOUT_ID,
    CONSUMER_KEY,
    CONSUMER_SECRET,
    ORDER,
    PASSKEY,
    credentials,
    merchant,
)
from tests.daraja.server import Act, DarajaServer, answer, error, query_answer, token

BASIC = base64.b64encode(f"{CONSUMER_KEY}:{CONSUMER_SECRET}".encode()).decode()
PASSWORD = push_password("174379", PASSKEY, "20260504210410")
SECRETS = (CONSUMER_KEY, CONSUMER_SECRET, PASSKEY, BASIC, token(1), token(2), CALLBACK_URL.rsplit("/", 1)[-1])


def tell_tales(status: int) -> Act:
    """An error of Daraja's that repeats all it was sent."""
    return error(status, "401.002.01", "Error Occurred - Invalid Access Token - " + " ".join(SECRETS))


async def everything_goes_wrong(daraja: DarajaServer, client: DarajaClient) -> str:
    """What all outcomes print when Daraja repeats every secret in every answer."""
    told = []
    for path in (TOKEN_PATH, PUSH_PATH, QUERY_PATH):
        for status in (200, 400, 401, 429, 500, 503):
            daraja.plan(path, tell_tales(status), tell_tales(status))
            told += [repr(await client.push(ORDER)), repr(await client.query(CHECKOUT_ID))]
    daraja.plan(QUERY_PATH, answer(query_answer(CHECKOUT_ID, "1", " ".join(SECRETS))))
    told.append(repr(await client.query(CHECKOUT_ID)))
    return "\n".join(told)


def test_secrets_are_in_no_outcome_and_no_log(token_database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Even a Daraja that repeats whatever it was sent gets none of it into an outcome or a log."""

    async def run() -> str:
        async with DarajaServer() as daraja, merchant(daraja.address, token_database) as client:
            return await everything_goes_wrong(daraja, client)

    with caplog.at_level(logging.DEBUG):
        told = asyncio.run(run(), debug=True)
    assert "SubmissionRefused" in told
    assert [secret for secret in (*SECRETS, ORDER.msisdn) if secret in told + caplog.text] == []


def test_values_print_masks() -> None:
    """Credentials, a stored token and the password print as masks."""
    own = credentials("http://daraja.example")
    printed = f"{own!r} {own} {StoredToken(1, Secret(token(1)), 5)!r} {own.password('20260504210410')!r}"
    printed += repr(own.basic_authorization())
    assert [secret for secret in (*SECRETS, PASSWORD) if secret in printed] == []


def test_accepted_push_prints_no_id() -> None:
    """The id of an accepted push ends in the payer's number, and is not printed (daraja: identifiers)."""
    assert "712345678" not in repr(Accepted(CHECKOUT_ID, "1-2-3", "Success"))


def test_password_is_what_the_reference_says() -> None:
    """The password joins shortcode, passkey and timestamp and encodes them, as in the documented sample."""
    password = credentials("").password("20210628092408").reveal()
    assert password == (
        "MTc0Mzc5YmZiMjc5ZjlhYTliZGJjZjE1OGU5N2RkNzFhNDY3Y2QyZTBjODkzMDU5YjEwZjc4ZTZiNzJhZGExZWQyYzkxOTIwMjEwNjI4MDkyNDA4"
    )


def test_credentials_are_those_of_the_settings() -> None:
    """The settings give a paybill, or a till with its store number, as the reference pairs them (daraja: paybill and
    till)."""
    paybill = credentials_of(Settings(mpesa_environment="simulator"))
    assert (paybill.shortcode, paybill.party_b, paybill.transaction_type) == (
        "174379",
        "174379",
        "CustomerPayBillOnline",
    )
    assert paybill.consumer_key == Secret("simulator-key")
    till = credentials_of(
        Settings(
            mpesa_environment="simulator",
            mpesa_transaction_type="CustomerBuyGoodsOnline",
            mpesa_till="174380",
        )
    )
    assert (till.shortcode, till.party_b, till.transaction_type) == ("174379", "174380", "CustomerBuyGoodsOnline")


def test_empty_secret_hides_nothing_by_accident(token_database: Database) -> None:
    """A merchant without a passkey still gets Daraja's words whole."""

    async def run() -> None:
        async with DarajaServer() as daraja, merchant(daraja.address, token_database, passkey=Secret("")) as client:
            daraja.plan(PUSH_PATH, error(400, "400.002.02", "Bad Request - Invalid PhoneNumber"))
            outcome = await client.push(ORDER)
        assert isinstance(outcome, SubmissionRefused)
        assert outcome.message == "Bad Request - Invalid PhoneNumber"

    asyncio.run(run())
