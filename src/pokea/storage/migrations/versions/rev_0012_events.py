"""Version 3.0: events are numbered after their commit, and say how their object stood.

The outbox becomes a table without a key, out of which events go, numbered, into the table `events`. A new major,
because what an older version writes into the outbox would reach no list and no webhook: stop every process of 2.x, run
`pokea migrate`, then start this version. The outbox of before is dropped: it said only which versions were reached,
which the payments' rows and their evidence say as well.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_BEGAN = """
insert into event_stream (id, last_sequence, complete_since) select 1, 0, coalesce(max(newest), 0) + 1 from (
    select max(created_at) as newest from payments union all select max(created_at) from bookings
) as made
"""


def upgrade() -> None:
    """Make the tables anew, and write the version down."""
    op.drop_table("outbox")
    op.create_table("outbox", *_columns())
    op.create_table(
        "events",
        *_columns(),
        sa.Column("sequence", sa.BigInteger),
        sa.PrimaryKeyConstraint("object_id", "version", name="pk_events"),
        sa.UniqueConstraint("sequence", name="uq_events_sequence"),
    )
    op.create_table(
        "event_stream",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("complete_since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_stream"),
    )
    op.execute(_BEGAN)
    op.execute("update schema_version set major = 3, minor = 0")


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    ]
