"""Idempotency keys: which object the first call with a key made, for 24 hours (law 8)."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from pokea.clock import HOUR, Instant
from pokea.errors import Refusal
from pokea.storage.statements import insert_if_new
from pokea.storage.tables import idempotency_keys

KEPT_FOR: Instant = 24 * HOUR


class IdempotencyKey(NamedTuple):
    """A key as one caller used it on one route, and the digest of the body that came with it."""

    subject: str
    route: str
    key: str
    body_digest: str


def reserve(connection: Connection, key: IdempotencyKey, object_id: str, now: Instant) -> str | None:
    """Bind the key to the object that this call is about to make.

    None means that it is bound to `object_id` now, also when an earlier run of the same change bound it; else the
    object of the first call is returned. Raises Refusal `idempotency_key_reused` when the first call had another body.
    """
    values = {"body_digest": key.body_digest, "object_id": object_id, "created_at": now}
    row = {"subject": key.subject, "route": key.route, "key": key.key, **values}
    if insert_if_new(connection, idempotency_keys, row):
        return None
    too_old = idempotency_keys.c.created_at <= now - KEPT_FOR
    renewed = update(idempotency_keys).where(_is(key), too_old).values(values).returning(idempotency_keys.c.key)
    if connection.execute(renewed).first() is not None:
        return None
    first = find(connection, key, now)
    return None if first == object_id else first


def find(connection: Connection, key: IdempotencyKey, now: Instant) -> str | None:
    """The object of the first call with this key, if there was one.

    Raises Refusal `idempotency_key_reused` when that call had another body.
    """
    columns = idempotency_keys.c
    statement = select(columns.body_digest, columns.object_id).where(_is(key), columns.created_at > now - KEPT_FOR)
    first = connection.execute(statement).first()
    if first is None:
        return None
    if first.body_digest != key.body_digest:
        raise Refusal(
            "idempotency_key_reused",
            "This Idempotency-Key was used with another body; use a new key for a new request.",
        )
    return str(first.object_id)


def forget_old(connection: Connection, now: Instant) -> int:
    """Delete the keys that count as absent; says how many there were."""
    statement = delete(idempotency_keys).where(idempotency_keys.c.created_at <= now - KEPT_FOR)
    return connection.execute(statement).rowcount


def _is(key: IdempotencyKey) -> ColumnElement[bool]:
    table = idempotency_keys
    return and_(table.c.subject == key.subject, table.c.route == key.route, table.c.key == key.key)
