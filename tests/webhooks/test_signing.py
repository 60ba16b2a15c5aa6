"""Signatures as receivers verify them: with the public library, with our client, and by hand; and rotations."""

import asyncio
import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from pokea.client import WebhookRefused, verify_webhook
from pokea.clock import SECOND
from pokea.redact import Secret
from pokea.storage.database import Database
from pokea.webhooks.signing import SECRET_BYTES, key_of, secret_of, signed_headers
from tests.webhooks.scene import PATH, Arrived, answer, receiving, run, shop

AT = 1_764_000_000 * SECOND


def by_hand(secret: str, arrived: Arrived) -> bool:
    """Whether one of the signatures fits, as the specification says it, written anew."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = b".".join([arrived.id.encode(), arrived.headers["webhook-timestamp"].encode(), arrived.body])
    expected = "v1," + base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    return expected in arrived.headers["webhook-signature"].split(" ")


def is_proved(secret: str, arrived: Arrived) -> bool:
    """Whether the library, our client and the hand agree that the secret proves it; else that it does not."""
    try:
        Webhook(secret).verify(arrived.body, dict(arrived.headers))
        with_library = True
    except WebhookVerificationError:
        with_library = False
    try:
        verify_webhook(arrived.headers, arrived.body, secret)
        with_client = True
    except WebhookRefused:
        with_client = False
    found = {with_library, with_client, by_hand(secret, arrived)}
    assert len(found) == 1, found
    return with_library


@given(st.binary(max_size=200), st.binary(min_size=24, max_size=64), st.integers(0, 2**40))
def test_the_library_signs_alike(body: bytes, key: bytes, at: int) -> None:
    """For any body, secret and time the signature is the one that the public library makes."""
    text, moment = body.decode("latin-1"), min(at, 4_000_000_000)
    secret = secret_of(key)
    named = dict(signed_headers("evt_pay_1_1", moment * SECOND + 999_999, text.encode(), [key_of(secret)]))
    library = Webhook(secret.reveal()).sign("evt_pay_1_1", datetime.fromtimestamp(moment, UTC), text)
    assert named["webhook-signature"] == library
    assert named["webhook-timestamp"] == str(moment)


def test_each_key_signs_in_its_turn() -> None:
    """Several keys give several signatures, with blanks between them, in the order of the keys."""
    keys = [bytes([number]) * SECRET_BYTES for number in range(3)]
    whole = dict(signed_headers("evt_1", AT, b"{}", keys))["webhook-signature"].split(" ")
    alone = [dict(signed_headers("evt_1", AT, b"{}", [key]))["webhook-signature"] for key in keys]
    assert whole == alone
    assert all(each.startswith("v1,") for each in whole)


def test_a_secret_has_its_key_inside() -> None:
    """A secret is `whsec_` and its key in base64, and shows itself nowhere."""
    secret = secret_of(bytes(range(SECRET_BYTES)))
    assert key_of(secret) == bytes(range(SECRET_BYTES))
    assert secret.reveal().startswith("whsec_AAECAwQ")
    assert str(secret) == str(Secret("x"))


def test_what_arrives_is_proved(database: Database) -> None:
    """Each delivery carries three headers by which the library, our client and a few lines of code prove it; with one
    byte changed, another id, or another endpoint's secret, none of them does."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            other = await run_.endpoint("https://shop.example/hook", "webhook.ping")
            run_.happen("pay_1", 1, 2)
            await run_.call("POST", f"{PATH}/{endpoint['id']}/ping")
            await receiver.count(3)
            for arrived in receiver.arrived:
                assert is_proved(endpoint["secret"], arrived)
                assert not is_proved(other["secret"], arrived)
                assert not is_proved(endpoint["secret"], arrived._replace(body=arrived.body + b" "))
                renamed = dict(arrived.headers) | {"webhook-id": "evt_pay_9_9"}
                assert not is_proved(endpoint["secret"], arrived._replace(headers=renamed))
                assert arrived.headers["content-type"] == "application/json"
                assert len(arrived.body) <= 4096
                assert b" " not in arrived.body.replace(b"Z", b"")

    run(talk)


def test_the_time_is_that_of_the_attempt(database: Database) -> None:
    """An event that is sent again later is signed anew, at the time of that attempt; its id and its body stay."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            receiver.reply = lambda _: answer(500)
            run_.happen("pay_1", 1)
            await receiver.count(1)
            await run_.failed(endpoint, "pay_1", 1)
            receiver.reply = lambda _: answer(204)
            await run_.pass_seconds(100)
            await receiver.count(2)
            first, second = receiver.arrived
            assert (first.id, first.body) == (second.id, second.body)
            times = [int(each.headers["webhook-timestamp"]) for each in (first, second)]
            assert 100 <= times[1] - times[0] < 160
            assert first.headers["webhook-signature"] != second.headers["webhook-signature"]

    run(talk)


def test_a_rotation_has_no_failure_at_the_receiver(database: Database) -> None:
    """While both secrets sign, a receiver that knows the old one and one that knows the new one take each message; the
    newest signature stands first. When the old one has ended it signs no more."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            old = endpoint["secret"]
            rotated = await run_.call("POST", f"{PATH}/{endpoint['id']}/rotate", {"expireInSeconds": 600})
            new = rotated.body["webhook"]["secret"]
            run_.happen("pay_1", 1)
            await receiver.count(1)
            both = receiver.arrived[0]
            assert is_proved(old, both)
            assert is_proved(new, both)
            first = both.headers["webhook-signature"].split(" ")[0]
            assert by_hand(new, both._replace(headers=dict(both.headers) | {"webhook-signature": first}))
            await run_.pass_seconds(601)
            run_.happen("pay_1", 2)
            await receiver.count(2)
            late = receiver.arrived[1]
            assert by_hand(new, late)
            assert not by_hand(old, late)
            assert " " not in late.headers["webhook-signature"]

    run(talk)


def test_a_rotation_may_end_the_old_secret_at_once(database: Database) -> None:
    """With 0 seconds the old secret signs nothing any more."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            rotated = await run_.call("POST", f"{PATH}/{endpoint['id']}/rotate", {"expireInSeconds": 0})
            run_.happen("pay_1", 1)
            await receiver.count(1)
            assert is_proved(rotated.body["webhook"]["secret"], receiver.arrived[0])
            assert not is_proved(endpoint["secret"], receiver.arrived[0])

    run(talk)


def test_a_secret_that_cannot_be_opened_sends_nothing_unsigned(database: Database) -> None:
    """With another POKEA_SECRET_KEY nothing is sent, and the deliveries say what to do; with the key of before as the
    previous one, everything is."""

    async def talk() -> None:
        async with receiving() as receiver:
            async with shop(database) as run_:
                endpoint = await run_.endpoint(receiver.url)
            changed = "another key of the tests that has enough characters"
            async with shop(database, pokea_secret_key=changed) as run_:
                run_.happen("pay_1", 1)
                await run_.failed(endpoint, "pay_1", 1)
                (pair,) = await run_.deliveries(endpoint)
                assert "Rotate the secret" in pair["answer"]
                assert receiver.arrived == []
            before = "a key of the tests that has enough characters"
            async with shop(database, pokea_secret_key=changed, pokea_previous_secret_key=before) as run_:
                await run_.pass_seconds(60)
                await receiver.count(1)
                assert by_hand(endpoint["secret"], receiver.arrived[0])

    asyncio.run(talk())


@pytest.mark.parametrize("size", [24, 32, 64])
def test_secrets_of_any_allowed_size_sign(size: int) -> None:
    """Secrets of 24 to 64 bytes are keys of the library, too."""
    secret = secret_of(bytes(range(size)))
    moment = datetime.now(UTC).replace(microsecond=0)
    named = dict(signed_headers("evt_1", int(moment.timestamp()) * SECOND, b"{}", [key_of(secret)]))
    assert Webhook(secret.reveal()).verify("{}", named) == {}
