"""The SQL of endpoints and their secrets: each statement a function with one sentence."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from pokea.clock import Instant
from pokea.scope import Scope
from pokea.storage.statements import insert_if_new
from pokea.storage.tables import deliveries, endpoint_secrets, endpoints
from pokea.webhooks.model import Endpoint

_COLUMNS = endpoints.c
_SECRETS = endpoint_secrets.c


class SealedSecret(NamedTuple):
    """A secret's row; the fields are the table's columns, in their order."""

    id: str
    endpoint_id: str
    sealed: bytes
    created_at: Instant
    expires_at: Instant | None = None


def find_endpoint(connection: Connection, scope: Scope, endpoint_id: str) -> Endpoint | None:
    """The merchant's endpoint of this id."""
    own = select(endpoints).where(_COLUMNS.id == endpoint_id, _COLUMNS.merchant_id == scope.merchant_id)
    row = connection.execute(own).first()
    return Endpoint(*row) if row else None


def lock_endpoint(connection: Connection, scope: Scope, endpoint_id: str) -> Endpoint | None:
    """The same, locked until the transaction ends."""
    own = select(endpoints).where(_COLUMNS.id == endpoint_id, _COLUMNS.merchant_id == scope.merchant_id)
    row = connection.execute(own.with_for_update()).first()
    return Endpoint(*row) if row else None


def page_of_endpoints(connection: Connection, scope: Scope, before: str, most: int) -> list[Endpoint]:
    """The merchant's newest endpoints whose ids are before this one."""
    page = select(endpoints).where(_COLUMNS.merchant_id == scope.merchant_id, _COLUMNS.id < before)
    return [Endpoint(*row) for row in connection.execute(page.order_by(_COLUMNS.id.desc()).limit(most))]


def count_endpoints(connection: Connection, merchant_id: int) -> int:
    """How many endpoints the merchant has."""
    counted = select(func.count()).select_from(endpoints).where(_COLUMNS.merchant_id == merchant_id)
    return int(connection.execute(counted).scalar_one())


def insert_endpoint(connection: Connection, endpoint: Endpoint) -> None:
    """Insert a new endpoint, unless it is there."""
    insert_if_new(connection, endpoints, endpoint._asdict())


def update_endpoint(connection: Connection, endpoint: Endpoint) -> None:
    """Write an endpoint that is locked."""
    connection.execute(update(endpoints).where(_COLUMNS.id == endpoint.id).values(**endpoint._asdict()))


def delete_endpoint(connection: Connection, endpoint_id: str) -> None:
    """Delete the endpoint, its secrets, and what is known of its deliveries."""
    connection.execute(delete(deliveries).where(deliveries.c.endpoint_id == endpoint_id))
    connection.execute(delete(endpoint_secrets).where(_SECRETS.endpoint_id == endpoint_id))
    connection.execute(delete(endpoints).where(_COLUMNS.id == endpoint_id))


def insert_secret(connection: Connection, secret: SealedSecret) -> None:
    """Insert a new secret, unless it is there."""
    insert_if_new(connection, endpoint_secrets, secret._asdict())


def secrets_of(connection: Connection, endpoint_ids: Collection[str], now: Instant) -> list[SealedSecret]:
    """The secrets of these endpoints that sign now, the newest of each first."""
    signing = select(endpoint_secrets).where(
        _SECRETS.endpoint_id.in_(list(endpoint_ids)), _SECRETS.expires_at.is_(None) | (_SECRETS.expires_at > now)
    )
    ordered = signing.order_by(_SECRETS.endpoint_id, _SECRETS.created_at.desc(), _SECRETS.id.desc())
    return [SealedSecret(*row) for row in connection.execute(ordered)]


def has_secret(connection: Connection, secret_id: str) -> bool:
    """Whether there is a secret of this id."""
    return connection.execute(select(_SECRETS.id).where(_SECRETS.id == secret_id)).first() is not None


def end_secrets(connection: Connection, endpoint_id: str, at: Instant) -> None:
    """Let every secret of the endpoint end at this time, or before if it does already."""
    ending = update(endpoint_secrets).where(
        _SECRETS.endpoint_id == endpoint_id, _SECRETS.expires_at.is_(None) | (_SECRETS.expires_at > at)
    )
    connection.execute(ending.values(expires_at=at))


def forget_secrets(connection: Connection, endpoint_id: str, now: Instant) -> None:
    """Delete the endpoint's secrets that sign no more."""
    connection.execute(delete(endpoint_secrets).where(_SECRETS.endpoint_id == endpoint_id, _SECRETS.expires_at <= now))
