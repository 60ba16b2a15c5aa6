"""Idempotency keys: which object the first call with a key made, for 24 hours (law: keys and tokens)."""

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, select, tuple_, update

from pokea.clock import HOUR, Clock, Instant
from pokea.errors import ApiError
from pokea.storage.database import Database
from pokea.storage.json_rows import insertion, rows_of, run_text, to_json
from pokea.storage.sql import execute, fetch_all, fetch_one
from pokea.storage.statements import insert_if_new
from pokea.storage.tables import idempotency_keys
from pokea.storage.worker import Worker

KEPT_FOR: Instant = 24 * HOUR
FORGOTTEN_AT_ONCE: Final = 1_000
"""So many keys are deleted in one transaction."""
_LOOKS_EVERY_SECONDS: Final = 3600.0
_GOES_ON_AFTER_SECONDS: Final = 1.0

_log = logging.getLogger("pokea.idempotency")


_columns = idempotency_keys.c
_IS = and_(
    _columns.merchant_id == bindparam("of_merchant"),
    _columns.subject == bindparam("of_subject"),
    _columns.route == bindparam("of_route"),
    _columns.key == bindparam("of_key"),
)
_FIND = select(_columns.body_digest, _columns.object_id).where(_IS, _columns.created_at > bindparam("forgotten"))
_RENEW = (
    update(idempotency_keys)
    .where(_IS, _columns.created_at <= bindparam("forgotten"))
    .values({name: bindparam(f"new_{name}") for name in ("body_digest", "object_id", "created_at")})
    .returning(_columns.key)
)
_RELEASE = delete(idempotency_keys).where(_IS, _columns.object_id == bindparam("of_object"))
_KEY = tuple_(_columns.merchant_id, _columns.subject, _columns.route, _columns.key)
_FORGET = delete(idempotency_keys).where(
    _KEY.in_(
        select(_columns.merchant_id, _columns.subject, _columns.route, _columns.key)
        .where(_columns.created_at <= bindparam("forgotten"))
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
)


class IdempotencyKey(NamedTuple):
    """A key as one caller used it on one route, and the digest of the body that came with it."""

    merchant_id: int
    subject: str
    route: str
    key: str
    body_digest: str

    @property
    def name(self) -> tuple[int, str, str, str]:
        """What makes two keys the same, whatever body came with them."""
        return self.merchant_id, self.subject, self.route, self.key


class Reservation(NamedTuple):
    """A key to be bound at `now` to the object that a call is about to make."""

    key: IdempotencyKey
    object_id: str
    now: Instant


_NAME: Final = ("merchant_id", "subject", "route", "key")
_RESERVE_ALL: Final = (
    f"{insertion('keys', idempotency_keys)} order by {', '.join(_NAME)} "
    f"on conflict do nothing returning {', '.join(_NAME)}"
)
_FIND_ALL: Final = (
    f"select {', '.join(_NAME)}, known.body_digest, known.object_id "
    f"from {rows_of('keys', idempotency_keys, _NAME)} join idempotency_keys as known using ({', '.join(_NAME)}) "
    "where known.created_at > %(forgotten)s"
)


def reserve(connection: Connection, key: IdempotencyKey, object_id: str, now: Instant) -> str | None:
    """Bind the key to the object that this call is about to make.

    None means that it is bound to `object_id` now, also when an earlier run of the same change bound it; else the
    object of the first call is returned. Raises ApiError `idempotency_key_reused` when the first call had another body.
    """
    if insert_if_new(connection, idempotency_keys, key._asdict() | {"object_id": object_id, "created_at": now}):
        return None
    renewed = {"new_body_digest": key.body_digest, "new_object_id": object_id, "new_created_at": now}
    if fetch_all(connection, _RENEW, _known(key, now) | renewed):
        return None
    first = find(connection, key, now)
    return None if first == object_id else first


def reserve_all(
    connection: Connection, wanted: Sequence[Reservation]
) -> dict[tuple[int, str, str, str], str | ApiError | None]:
    """As `reserve`, for keys of which no two have the same name: what it returns or raises for each, by its name."""
    found: dict[tuple[int, str, str, str], str | ApiError | None] = {}
    rest = wanted
    if connection.dialect.name == "postgresql" and wanted:
        rows = [each.key._asdict() | {"object_id": each.object_id, "created_at": each.now} for each in wanted]
        new = {row[:4] for row in run_text(connection, _RESERVE_ALL, {"keys": to_json(rows)})}
        found = dict.fromkeys(new)
        rest = [each for each in wanted if each.key.name not in new]
    # In one order, so that no two transactions deadlock.
    for each in sorted(rest):
        try:
            found[each.key.name] = reserve(connection, *each)
        except ApiError as refusal:
            found[each.key.name] = refusal
    return found


def find_all(
    connection: Connection, keys: Collection[IdempotencyKey], now: Instant
) -> dict[IdempotencyKey, str | ApiError]:
    """As `find`, for several keys: what it returns or raises for each of which there was a first call."""
    if connection.dialect.name != "postgresql":
        first = ((key, _found(connection, key, now)) for key in keys)
        return {key: answer for key, answer in first if answer is not None}
    if not keys:
        return {}
    given: dict[str, str | int] = {"keys": to_json([key._asdict() for key in keys]), "forgotten": now - KEPT_FOR}
    known = {row[:4]: row[4:] for row in run_text(connection, _FIND_ALL, given)}
    return {
        key: known[key.name][1] if known[key.name][0] == key.body_digest else reused()
        for key in keys
        if key.name in known
    }


def _found(connection: Connection, key: IdempotencyKey, now: Instant) -> str | ApiError | None:
    try:
        return find(connection, key, now)
    except ApiError as refusal:
        return refusal


def find(connection: Connection, key: IdempotencyKey, now: Instant) -> str | None:
    """The object of the first call with this key, if there was one.

    Raises ApiError `idempotency_key_reused` when that call had another body.
    """
    first = fetch_one(connection, _FIND, _known(key, now))
    if first is None:
        return None
    if first.body_digest != key.body_digest:
        raise reused()
    return str(first.object_id)


def reused() -> ApiError:
    """The error for a call whose key came with another body before."""
    return ApiError(
        "idempotency_key_reused", "This Idempotency-Key was used with another body; use a new key for a new request."
    )


def release(connection: Connection, key: IdempotencyKey, object_id: str) -> None:
    """Let go of a key that was bound to an object which is not made after all."""
    connection.execute(_RELEASE, {**_known(key, 0), "of_object": object_id})


def forget_old(connection: Connection, now: Instant, most: int = FORGOTTEN_AT_ONCE) -> int:
    """Delete keys that count as absent, at most so many; says how many."""
    return execute(connection, _FORGET, {"forgotten": now - KEPT_FOR, "most": most})


class Forgetting:
    """Deletes in the background of a process what counts as absent: old keys, and what `more` deletes."""

    def __init__(self, database: Database, clock: Clock, *more: Callable[[Connection, Instant], int]) -> None:
        self._database = database
        self._clock = clock
        self._kinds = (forget_old, *more)
        self._work = Worker(self._step, _log, name="forgetting", waits="old idempotency keys stay for now")

    async def start(self) -> None:
        """Begin to work."""
        await self._work.start()

    async def stop(self) -> None:
        """End; the next process deletes what is left."""
        await self._work.stop()

    async def _step(self) -> None:
        counts = [await self._database.write(forget, self._clock.now()) for forget in self._kinds]
        has_all = max(counts) < FORGOTTEN_AT_ONCE
        await self._work.rest(_LOOKS_EVERY_SECONDS if has_all else _GOES_ON_AFTER_SECONDS)


def _known(key: IdempotencyKey, now: Instant) -> dict[str, Any]:
    return {
        "of_merchant": key.merchant_id,
        "of_subject": key.subject,
        "of_route": key.route,
        "of_key": key.key,
        "forgotten": now - KEPT_FOR,
    }
