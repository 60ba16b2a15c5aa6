"""Version 1.5: a table of alerts, one row for each thing that a person must hear of.

It only adds. Versions before this one run on it and leave the table alone: while one of them is alive it tells what it
finds by a critical line of its own log.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and its index, and write the version down."""
    op.create_table(
        "alerts",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.Column("last_seen_at", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code", "subject", name="pk_alerts"),
    )
    due = sa.text("due_at is not null")
    op.create_index("alerts_due", "alerts", ["due_at"], postgresql_where=due, sqlite_where=due)
    op.execute("update schema_version set minor = 5")
