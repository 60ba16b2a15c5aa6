"""What people change of endpoints, each as one change: made, changed, deleted, and given a new secret.

Everything that is committed before is numbered first, and no other transaction numbers until this one ends: so what
an endpoint gets begins with what happens after its creation, and no event is between two of its states.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from pokea.clock import Instant
from pokea.errors import ApiError
from pokea.events.outbox import encode_state
from pokea.events.states import PingState
from pokea.events.store import number_all
from pokea.events.types import PING
from pokea.scope import Scope
from pokea.storage import idempotency
from pokea.storage.idempotency import IdempotencyKey
from pokea.storage.statements import advisory_lock, insert_if_new
from pokea.storage.tables import deliveries, events
from pokea.webhooks.following import find_followers
from pokea.webhooks.model import MOST_ENDPOINTS, MOST_SECRETS, Endpoint, as_enabled
from pokea.webhooks.store import (
    SealedSecret,
    count_endpoints,
    delete_endpoint,
    end_secrets,
    find_endpoint,
    forget_secrets,
    has_secret,
    insert_endpoint,
    insert_secret,
    lock_endpoint,
    secrets_of,
    update_endpoint,
)

NO_ENDPOINT = "There is no such endpoint."
_GONE = "The endpoint that the first call with this Idempotency-Key made was deleted."


class MadeEndpoint(NamedTuple):
    """An endpoint as it stands, and whether an earlier call with the same key did what this one asked for."""

    endpoint: Endpoint
    replayed: bool = False


def make_endpoint(
    connection: Connection, endpoint: Endpoint, secret: SealedSecret, key: IdempotencyKey | None
) -> MadeEndpoint:
    """Insert the endpoint and its secret, or find the one that the first call with the key made.

    Raises ApiError `idempotency_key_reused`, `not_found` when that one was deleted, or `too_many_webhooks`.
    """
    first = None if key is None else idempotency.reserve(connection, key, endpoint.id, endpoint.created_at)
    if first is not None:
        made = find_endpoint(connection, Scope(endpoint.merchant_id), first)
        if made is None:
            raise ApiError("not_found", _GONE)
        return MadeEndpoint(made, replayed=True)
    advisory_lock(connection, [f"endpoints {endpoint.merchant_id}"])
    if find_endpoint(connection, Scope(endpoint.merchant_id), endpoint.id) is not None:
        # An earlier run of this change was made after all.
        return MadeEndpoint(endpoint)
    if count_endpoints(connection, endpoint.merchant_id) >= MOST_ENDPOINTS:
        raise ApiError("too_many_webhooks", f"There are {MOST_ENDPOINTS} endpoints already; delete one first.")
    number_all(connection, find_followers)
    insert_endpoint(connection, endpoint)
    insert_secret(connection, secret)
    return MadeEndpoint(endpoint)


def change_endpoint(connection: Connection, scope: Scope, endpoint_id: str, changes: Mapping[str, Any]) -> Endpoint:
    """Give columns of the merchant's endpoint new values; one with another address is tried anew at once.

    Raises ApiError `not_found`.
    """
    # In the order in which a turn takes its locks: the endpoint, then the numbers, then the pairs.
    endpoint = locked_endpoint(connection, scope, endpoint_id)
    number_all(connection, find_followers)
    changed = endpoint._replace(**changes)
    if changed.url != endpoint.url and endpoint.disabled_at is None:
        changed = as_enabled(changed)
    update_endpoint(connection, changed)
    return changed


def remove_endpoint(connection: Connection, scope: Scope, endpoint_id: str) -> None:
    """Delete the merchant's endpoint. Raises ApiError `not_found`."""
    endpoint = locked_endpoint(connection, scope, endpoint_id)
    # Nothing is numbered meanwhile, or rows of an endpoint that is gone would be left.
    number_all(connection, find_followers)
    delete_endpoint(connection, endpoint.id)


def rotate_secret(
    connection: Connection,
    scope: Scope,
    secret: SealedSecret,
    old_until: Instant,
    key: IdempotencyKey | None,
) -> MadeEndpoint:
    """Let the endpoint of the secret sign with it, and with its older ones until `old_until` at most.

    Raises ApiError `idempotency_key_reused`, `not_found`, or `too_many_webhooks` while many secrets sign.
    """
    endpoint = locked_endpoint(connection, scope, secret.endpoint_id)
    now = secret.created_at
    first = None if key is None else idempotency.reserve(connection, key, secret.id, now)
    if first is not None:
        return MadeEndpoint(endpoint, replayed=True)
    if has_secret(connection, secret.id):
        # An earlier run of this change was made after all.
        return MadeEndpoint(endpoint)
    if len(secrets_of(connection, [endpoint.id], now)) >= MOST_SECRETS and old_until > now:
        raise ApiError(
            "too_many_webhooks",
            f"{MOST_SECRETS} secrets sign for this endpoint; wait until one ends, or send `expireInSeconds` as 0.",
        )
    end_secrets(connection, endpoint.id, old_until)
    forget_secrets(connection, endpoint.id, now)
    insert_secret(connection, secret)
    return MadeEndpoint(endpoint)


def send_ping(connection: Connection, scope: Scope, endpoint_id: str, ping_id: str, now: Instant) -> Endpoint:
    """Let a message of its own be sent to the endpoint next, whatever it subscribes to; an open breaker lets it pass.

    Raises ApiError `not_found`, or `webhook_disabled`.
    """
    endpoint = locked_endpoint(connection, scope, endpoint_id)
    if endpoint.disabled_at is not None:
        raise ApiError("webhook_disabled", "Nothing is sent to this endpoint; enable it first.")
    data = encode_state(PingState(endpoint_id=endpoint_id))
    event = {"object_id": ping_id, "version": 1, "merchant_id": endpoint.merchant_id, "type": PING}
    insert_if_new(connection, events, event | {"created_at": now, "data": data, "sequence": None})
    if connection.execute(select(deliveries.c.object_id).where(deliveries.c.object_id == ping_id)).first() is None:
        row = {"endpoint_id": endpoint_id, "object_id": ping_id, "acked_version": 0, "wanted_version": 1, "again": ""}
        # It is due before all others.
        connection.execute(insert(deliveries).values(**row, due_at=0, attempts=0))
    pinged = endpoint._replace(probe_at=min(endpoint.probe_at, now))
    update_endpoint(connection, pinged)
    return pinged


def locked_endpoint(connection: Connection, scope: Scope, endpoint_id: str) -> Endpoint:
    """The merchant's endpoint, locked until the transaction ends. Raises ApiError `not_found`."""
    endpoint = lock_endpoint(connection, scope, endpoint_id)
    if endpoint is None:
        raise ApiError("not_found", NO_ENDPOINT)
    return endpoint
