"""The two secrets of a payment: each proves one payment, neither is stored, and neither opens the other's door."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from pokea.api.callback_address import CALLBACK_PATHS, name_in
from pokea.clock import HOUR, SECOND
from pokea.operations.tokens import (
    CLIENT_SECRET_LIFETIME,
    PaymentTokens,
    callback_digest,
    is_client_secret,
)
from pokea.redact import Secret, mask
from pokea.storage import tables
from pokea.storage.database import Database
from tests.operations.scene import SECRET_KEY, ToldDaraja, begin, command, in_virtual_time, service_on

KEY, OTHER_KEY = Secret("k" * 32), Secret("o" * 32)
TOKENS = PaymentTokens(KEY)


def test_a_callback_token_is_the_one_that_the_law_says() -> None:
    """48 lower-case hexadecimal digits of HMAC-SHA256 of the payment's id: the same in every process and version."""
    assert TOKENS.callback_token("pay_1") == "b36a2a68c38250c4df0d77c5fc0d739ae70b2ca56d9d1ab8"
    assert name_in(f"{CALLBACK_PATHS[0]}/{TOKENS.callback_token('pay_1')}") == TOKENS.callback_token("pay_1")


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_a_token_proves_its_own_payment_only(payment_id: str, other_id: str) -> None:
    """A token proves the payment that it was made for, and no other."""
    token = TOKENS.callback_token(payment_id)
    assert TOKENS.proves(token, payment_id)
    assert TOKENS.proves(token, other_id) == (payment_id == other_id)


@given(st.text(alphabet="0123456789abcdef", min_size=48, max_size=48))
def test_a_guess_proves_nothing(guess: str) -> None:
    """A token of the right form that is not the payment's is no proof."""
    assert not TOKENS.proves(guess, "pay_1")


@pytest.mark.parametrize("text", ["", "be68", "G" * 48, "a" * 47, "a" * 49, "A" * 48, "a" * 47 + "\n", "a" * 48 + "\n"])
def test_what_is_no_token_is_told_by_its_form(text: str) -> None:
    """Only 48 lower-case hexadecimal digits are looked up."""
    assert name_in(f"{CALLBACK_PATHS[0]}/{text}") == ""


def test_the_previous_key_is_accepted_while_it_is_set() -> None:
    """After a rotation of the secret key, prompts that are out still prove themselves; later they do not."""
    rotated = PaymentTokens(OTHER_KEY, previous=KEY)
    old_token, old_secret = TOKENS.callback_token("pay_1"), TOKENS.client_secret("pay_1")
    assert rotated.proves(old_token, "pay_1")
    assert rotated.opens(old_secret, "pay_1", 0, HOUR)
    assert rotated.callback_token("pay_1") != old_token
    assert not PaymentTokens(OTHER_KEY).proves(old_token, "pay_1")
    assert not PaymentTokens(OTHER_KEY).opens(old_secret, "pay_1", 0, HOUR)


def test_a_client_secret_reads_one_payment_for_a_day() -> None:
    """What the customer's page holds opens its own payment until 24 h after it was made."""
    secret = TOKENS.client_secret("pay_1")
    assert is_client_secret(secret)
    assert TOKENS.opens(secret, "pay_1", 5, 5 + CLIENT_SECRET_LIFETIME)
    assert not TOKENS.opens(secret, "pay_1", 5, 6 + CLIENT_SECRET_LIFETIME)
    assert not TOKENS.opens(secret, "pay_2", 5, 5 + SECOND)


def test_neither_secret_opens_the_other_door() -> None:
    """Who reads a payment cannot speak for Daraja, and whoever has the callback's address reads nothing."""
    token, secret = TOKENS.callback_token("pay_1"), TOKENS.client_secret("pay_1")
    assert not TOKENS.proves(secret.removeprefix("pcs_"), "pay_1")
    assert not TOKENS.opens("pcs_" + token, "pay_1", 0, SECOND)
    # A payment whose id looked like the other's message would be the one way to it; ids begin with `pay_`.
    assert TOKENS.callback_token("client:pay_1") == secret.removeprefix("pcs_")


@given(st.text(max_size=80))
def test_any_text_may_be_offered_as_a_secret(text: str) -> None:
    """Whatever a stranger sends opens nothing, and is no error."""
    assert not TOKENS.opens(text, "pay_1", 0, SECOND)


def test_both_secrets_are_masked_in_logs() -> None:
    """A log line that names one of them shows a mask."""
    line = f"POST /callback/{TOKENS.callback_token('pay_1')} with {TOKENS.client_secret('pay_1')}"
    assert mask(line) == "POST /callback/**** with pcs_****"


def test_neither_secret_is_stored(database: Database) -> None:
    """No column of any table holds the callback's token, a digest of it, or the client secret of a payment."""
    begin(database)

    async def story() -> None:
        async with service_on(database, ToldDaraja()) as service:
            await service.prompter.prompt(command())

    in_virtual_time(story())
    with database.engine.connect() as connection:
        stored = repr([connection.execute(select(table)).all() for table in tables.metadata.sorted_tables])
        payment = connection.execute(select(tables.payments)).one()
    tokens = PaymentTokens(Secret(SECRET_KEY))
    token = tokens.callback_token(payment.id)
    assert token not in stored
    assert tokens.client_secret(payment.id) not in stored
    assert repr(callback_digest(token)) not in stored
