"""The tables of events: what happened, before and after it has its number."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from pokea.storage.metadata import metadata

# Events as their transactions wrote them, without a key: one background step takes them away as it numbers them.
outbox = Table(
    "outbox",
    metadata,
    Column("object_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("merchant_id", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # The object as it was at this version: a JSON object without what the other columns say.
    Column("data", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("object_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("merchant_id", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    # Its place in the list of all events; null for a message that is one endpoint's alone.
    Column("sequence", BigInteger, unique=True),
)

event_stream = Table(
    "event_stream",
    metadata,
    # One row, which is locked while events are numbered.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_sequence", BigInteger, nullable=False),
    # Objects that were made since then have an event for each of their versions.
    Column("complete_since", BigInteger, nullable=False),
)
