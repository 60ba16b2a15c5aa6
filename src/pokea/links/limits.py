"""How often a link, and a network address through any link, may begin a payment and prompt a phone.

The uses are rows, counted by all processes together as prompts are (law: keys and tokens). An address is kept as its
signature, for as long as it counts and little longer.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_

from pokea.clock import Instant
from pokea.operations.tokens import PaymentTokens
from pokea.payments.limits import PUSH_WINDOW, Usage, check_push_limits
from pokea.storage.idempotency import FORGOTTEN_AT_ONCE
from pokea.storage.sql import execute, fetch_one
from pokea.storage.statements import advisory_lock, insert_new
from pokea.storage.tables import link_uses

USE_ID: Final = "use"

_columns = link_uses.c
_NEWEST = (
    select(_columns.created_at)
    .where(
        _columns.counted == bindparam("of"),
        _columns.created_at > bindparam("since"),
        # A change that is run again finds its own use.
        _columns.id != bindparam("own"),
    )
    .order_by(_columns.created_at.desc())
    .limit(bindparam("most"))
    .subquery()
)
_COUNT = select(func.count(), func.min(_NEWEST.c.created_at))
_FORGET = delete(link_uses).where(
    tuple_(_columns.counted, _columns.id).in_(
        select(_columns.counted, _columns.id)
        .where(_columns.created_at <= bindparam("forgotten"))
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
)


class LinkUse(StrEnum):
    """What is counted of a link."""

    BEGIN = "begin"
    PROMPT = "prompt"


class LinkLimit(NamedTuple):
    """One bound that a use meets: what is counted, whom the refusal names, and how many fit into the window."""

    counted: str
    who: str
    most: int


class LinkLimits:
    """The bounds of each link and of each address in PUSH_WINDOW; 0 for none."""

    def __init__(self, tokens: PaymentTokens, *, of_link: int, of_address: int) -> None:
        self._tokens = tokens
        self._of_link = of_link
        self._of_address = of_address

    def met(self, use: LinkUse, link_id: str, address: str) -> list[LinkLimit]:
        """The limits that this use of a link from this address meets."""
        signed = self._tokens.sign("address", address)
        every = (
            LinkLimit(f"{use} link {link_id}", "this link", self._of_link),
            LinkLimit(f"{use} address {signed}", "this network address", self._of_address),
        )
        return [limit for limit in every if limit.most]


def count_use(connection: Connection, limits: Sequence[LinkLimit], use_id: str, now: Instant) -> None:
    """Count one use against all its limits, or against none. Raises ApiError `too_many_requests`."""
    advisory_lock(connection, [limit.counted for limit in limits])
    check_push_limits([_usage(connection, limit, use_id, now) for limit in limits], now)
    rows = [{"counted": limit.counted, "id": use_id, "created_at": now} for limit in limits]
    insert_new(connection, link_uses, rows)


def forget_uses(connection: Connection, now: Instant) -> int:
    """Delete uses that no longer count, as many as go at once; says how many."""
    return execute(connection, _FORGET, {"forgotten": now - PUSH_WINDOW, "most": FORGOTTEN_AT_ONCE})


def _usage(connection: Connection, limit: LinkLimit, use_id: str, now: Instant) -> Usage:
    values = {"of": limit.counted, "since": now - PUSH_WINDOW, "own": use_id, "most": limit.most}
    count, oldest_at = fetch_one(connection, _COUNT, values)
    return Usage(limit.who, limit.most, count, oldest_at)
