"""Version 2.1: the tables of payment links.

It only adds. Version 2.0 runs on it and leaves both tables alone: its links cannot be opened, its payments go on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and write the version down."""
    op.create_table(
        "links",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("amount_cents", sa.BigInteger),
        sa.Column("reference", sa.Text),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("is_once", sa.Boolean, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("booking_id", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
    )
    op.create_index("links_newest", "links", ["merchant_id", "id"])
    op.create_table(
        "link_bookings",
        sa.Column("booking_id", sa.Text, nullable=False),
        sa.Column("link_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("receipt_token", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("booking_id", name="pk_link_bookings"),
        sa.UniqueConstraint("receipt_token", name="uq_link_bookings_receipt_token"),
    )
    op.execute("update schema_version set minor = 1")
