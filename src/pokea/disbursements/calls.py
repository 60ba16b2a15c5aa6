"""A person's call about money out: who calls, once by its key, and how a call finds what an earlier one has done."""

from typing import NamedTuple

from sqlalchemy import Connection

from pokea.clock import Instant
from pokea.disbursements.model import Disbursement
from pokea.scope import Scope
from pokea.storage.idempotency import IdempotencyKey, find, reserve


class OutCall(NamedTuple):
    """A call: `id` is that of the object which it makes, or of the call itself where it makes none.

    `nonce` goes into the digest of what the call asks for, so that each change voids the approvals before it.
    """

    id: str
    scope: Scope
    subject: str
    is_admin: bool
    key: IdempotencyKey
    nonce: str
    now: Instant


class Made(NamedTuple):
    """A disbursement as it stands, and whether an earlier call with the same key did what this one asked for."""

    row: Disbursement
    replayed: bool = False


def first_call(connection: Connection, call: OutCall) -> str | None:
    """The id of the first call with the key, where there was one. The caller has taken the merchant's turn.

    It did what is asked for: a key is bound in the transaction of the work. It is this call's own id where an earlier
    run of the same change was made after all. Raises ApiError `idempotency_key_reused`.
    """
    return find(connection, call.key, call.now)


def bind(connection: Connection, call: OutCall) -> None:
    """Bind the key to this call, in the transaction of its work."""
    reserve(connection, call.key, call.id, call.now)
