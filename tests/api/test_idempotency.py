"""The Idempotency-Key: which keys are taken, and which object a key leads to."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select
from starlette.requests import Request

from pokea.api.auth.callers import Caller
from pokea.api.idempotency import idempotency_key
from pokea.clock import HOUR, Instant
from pokea.errors import ApiError
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.database import Database
from pokea.storage.idempotency import KEPT_FOR, Forgetting, IdempotencyKey, forget_old, reserve
from pokea.storage.tables import idempotency_keys
from tests.api.serving import NOON, SetClock

ALICE = Caller("alice", frozenset())
KEY = IdempotencyKey(DEFAULT_SCOPE.merchant_id, "alice", "POST /things", "first", "digest")


def key_of(
    *values: str, body: bytes = b"{}", caller: Caller = ALICE, route: str = "POST /things"
) -> IdempotencyKey | None:
    """The key of a request with these Idempotency-Key headers."""
    headers = [(b"idempotency-key", value.encode("latin-1")) for value in values]
    return idempotency_key(Request({"type": "http", "headers": headers}), caller, route, body)


@pytest.mark.parametrize("value", ["k", "x" * 255, "with space", '"quoted"', "~!@#"])
def test_a_key_is_any_printable_ascii(value: str) -> None:
    """1 to 255 printable ASCII characters are a key, of this caller on this route."""
    key = key_of(value)
    assert key is not None
    assert (key.subject, key.route, key.key) == ("alice", "POST /things", value)


def test_without_the_header_there_is_no_key() -> None:
    """The header is optional."""
    assert key_of() is None


@pytest.mark.parametrize("values", [("",), ("x" * 256,), ("a\tb",), ("a\x7f",), ("é",), ("a", "a")])
def test_any_other_key_is_refused_by_the_headers_name(values: tuple[str, ...]) -> None:
    """An empty, long, unprintable or doubled key is 400 and says what a key is."""
    with pytest.raises(ApiError) as refused:
        key_of(*values)
    assert refused.value.code == "invalid_request"
    assert [error.field for error in refused.value.errors] == ["Idempotency-Key"]
    assert "1 to 255 printable ASCII" in refused.value.message


def test_the_digest_is_of_the_body_as_it_was_sent() -> None:
    """Equal bodies have equal digests, others differ."""
    first, same, other = key_of("k", body=b"{}"), key_of("k", body=b"{}"), key_of("k", body=b"{ }")
    assert first == same
    assert first != other


@given(st.text(st.characters(codec="latin-1"), max_size=300))
def test_any_header_is_a_key_or_refused(value: str) -> None:
    """No header value makes the reader fail in another way."""
    valid = 0 < len(value) <= 255 and all(" " <= character <= "~" for character in value)
    if valid:
        assert key_of(value) is not None
    else:
        with pytest.raises(ApiError):
            key_of(value)


def reserved(database: Database, *changes: Any, object_id: str = "thing_1", now: Instant = NOON) -> str | None:
    """What reserving a key answers; `changes` are fields of KEY and their values, by turns."""
    key = KEY._replace(**dict(zip(changes[::2], changes[1::2], strict=True)))
    return asyncio.run(database.write(reserve, key, object_id, now))


def test_the_first_call_binds_the_key(database: Database) -> None:
    """A new key is bound to the object that the call makes, and later calls are led to it."""
    assert reserved(database) is None
    assert reserved(database, object_id="thing_2") == "thing_1"
    assert reserved(database, object_id="thing_3") == "thing_1"


def test_the_same_change_may_run_again(database: Database) -> None:
    """A change that is repeated after an unknown commit finds the key bound to its own object."""
    assert reserved(database) is None
    assert reserved(database) is None


@pytest.mark.parametrize(("field", "value"), [("subject", "bob"), ("route", "POST /others"), ("key", "second")])
def test_a_key_belongs_to_one_caller_and_one_route(database: Database, field: str, value: str) -> None:
    """Another caller, another route and another key are strangers to the first."""
    assert reserved(database) is None
    assert reserved(database, field, value, "body_digest", "other", object_id="thing_2") is None


def test_a_key_with_another_body_is_refused(database: Database) -> None:
    """The same key with another body is 422, and stays bound to the first."""
    reserved(database)
    with pytest.raises(ApiError) as refused:
        reserved(database, "body_digest", "other", object_id="thing_2")
    assert refused.value.code == "idempotency_key_reused"
    assert reserved(database, object_id="thing_2") == "thing_1"


def test_a_key_is_kept_for_a_day(database: Database) -> None:
    """To the microsecond: just before 24 hours a key leads to its object, at 24 hours it is free for any body."""
    assert KEPT_FOR == 24 * HOUR
    reserved(database)
    assert reserved(database, object_id="thing_2", now=NOON + KEPT_FOR - 1) == "thing_1"
    assert reserved(database, "body_digest", "other", object_id="thing_2", now=NOON + KEPT_FOR) is None
    assert reserved(database, "body_digest", "other", object_id="thing_3", now=NOON + KEPT_FOR + 1) == "thing_2"


def keys(connection: Connection) -> list[str]:
    """The keys that are kept."""
    return list(connection.execute(select(idempotency_keys.c.key)).scalars())


def test_old_keys_are_forgotten(database: Database) -> None:
    """Keys that count as absent are deleted, the others stay."""
    reserved(database, "key", "old")
    reserved(database, "key", "new", now=NOON + 1)
    assert asyncio.run(database.write(forget_old, NOON + KEPT_FOR)) == 1
    assert asyncio.run(database.read(keys)) == ["new"]


def test_a_process_forgets_old_keys_in_its_background(database: Database) -> None:
    """It begins with what is there, so many at once, and comes back for the rest."""
    for number in range(3):
        reserved(database, "key", f"old {number}")
    reserved(database, "key", "new", now=NOON + 1)

    async def forget() -> int:
        first = await database.write(forget_old, NOON + KEPT_FOR, 2)
        forgetting = Forgetting(database, SetClock(NOON + KEPT_FOR))
        await forgetting.start()
        async with asyncio.timeout(20):
            while len(await database.read(keys)) > 1:
                await asyncio.sleep(0.01)
        await forgetting.stop()
        return first

    assert asyncio.run(forget()) == 2
    assert asyncio.run(database.read(keys)) == ["new"]


def test_calls_at_once_agree_on_one_object(database: Database) -> None:
    """Of ten calls with one key that arrive together one makes the object, and the others are led to it."""

    async def together() -> list[str | None]:
        calls = (database.write(reserve, KEY, f"thing_{number}", NOON) for number in range(10))
        return list(await asyncio.gather(*calls))

    answers = asyncio.run(together())
    assert answers.count(None) == 1
    assert set(answers) == {None, f"thing_{answers.index(None)}"}
