"""Idempotency keys: which object the first call with a key made, for 24 hours (law 8)."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, select, update

from pokea.clock import HOUR, Instant
from pokea.errors import Refusal
from pokea.storage.prepared import row_of, rows_of
from pokea.storage.statements import insert_if_new
from pokea.storage.tables import idempotency_keys

KEPT_FOR: Instant = 24 * HOUR


_columns = idempotency_keys.c
_IS = and_(
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


class IdempotencyKey(NamedTuple):
    """A key as one caller used it on one route, and the digest of the body that came with it."""

    subject: str
    route: str
    key: str
    body_digest: str

    @property
    def name(self) -> tuple[str, str, str]:
        """What makes two keys the same, whatever body came with them."""
        return self.subject, self.route, self.key


def reserve(connection: Connection, key: IdempotencyKey, object_id: str, now: Instant) -> str | None:
    """Bind the key to the object that this call is about to make.

    None means that it is bound to `object_id` now, also when an earlier run of the same change bound it; else the
    object of the first call is returned. Raises Refusal `idempotency_key_reused` when the first call had another body.
    """
    if insert_if_new(connection, idempotency_keys, key._asdict() | {"object_id": object_id, "created_at": now}):
        return None
    renewed = {"new_body_digest": key.body_digest, "new_object_id": object_id, "new_created_at": now}
    if rows_of(connection, _RENEW, _known(key, now) | renewed):
        return None
    first = find(connection, key, now)
    return None if first == object_id else first


def find(connection: Connection, key: IdempotencyKey, now: Instant) -> str | None:
    """The object of the first call with this key, if there was one.

    Raises Refusal `idempotency_key_reused` when that call had another body.
    """
    first = row_of(connection, _FIND, _known(key, now))
    if first is None:
        return None
    if first.body_digest != key.body_digest:
        raise reused()
    return str(first.object_id)


def reused() -> Refusal:
    """What a call hears whose key came with another body before."""
    return Refusal(
        "idempotency_key_reused", "This Idempotency-Key was used with another body; use a new key for a new request."
    )


def release(connection: Connection, key: IdempotencyKey, object_id: str) -> None:
    """Let go of a key that was bound to an object which is not made after all."""
    connection.execute(_RELEASE, {**_known(key, 0), "of_object": object_id})


def forget_old(connection: Connection, now: Instant) -> int:
    """Delete the keys that count as absent; says how many there were."""
    statement = delete(idempotency_keys).where(idempotency_keys.c.created_at <= now - KEPT_FOR)
    return connection.execute(statement).rowcount


def _known(key: IdempotencyKey, now: Instant) -> dict[str, Any]:
    return {"of_subject": key.subject, "of_route": key.route, "of_key": key.key, "forgotten": now - KEPT_FOR}
