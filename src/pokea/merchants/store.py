"""The merchants' SQL: each statement a function with one sentence."""

from typing import Final

from sqlalchemy import Connection, select

from pokea.scope import Scope
from pokea.storage.sql import fetch_all
from pokea.storage.tables import merchants

_ALL: Final = select(merchants.c.id).order_by(merchants.c.id)


def every_scope(connection: Connection) -> list[Scope]:
    """The scope of each merchant, in the order of their numbers."""
    return [Scope(number) for (number,) in fetch_all(connection, _ALL)]
