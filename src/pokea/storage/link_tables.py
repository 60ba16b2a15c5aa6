"""The tables of payment links, as version 2.1 of the schema has them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from pokea.storage.metadata import metadata

links = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("merchant_id", Integer, nullable=False),
    Column("title", Text, nullable=False),
    # Absent where the payer types the amount.
    Column("amount_cents", BigInteger),
    Column("reference", Text),
    Column("expires_at", BigInteger),
    Column("is_once", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    # The one booking of a link that is paid once, from its first payer on.
    Column("booking_id", Text),
    Column("created_at", BigInteger, nullable=False),
    Index("links_newest", "merchant_id", "id"),
)

link_bookings = Table(
    "link_bookings",
    metadata,
    Column("booking_id", Text, primary_key=True),
    Column("link_id", Text, nullable=False),
    Column("merchant_id", Integer, nullable=False),
    Column("receipt_token", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
)

link_uses = Table(
    "link_uses",
    metadata,
    # What was used and how, such as `prompt link ln_…`; of an address its signature alone.
    Column("counted", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Index("link_uses_newest", "counted", "created_at"),
    Index("link_uses_oldest", "created_at"),
)
