"""Version 1.1: counts of payments, kept as they settle, and an index of those that are not paid.

It only adds. Version 1.0 runs on it, and does not count what it settles: run `pokea recount` once no process of 1.0 is
left. So does a database that had payments before this step.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of deltas and totals and the index, and write the version down."""
    op.create_table("owner_deltas", *_owner_columns())
    op.create_table("owner_counts", *_owner_columns(), sa.PrimaryKeyConstraint("owner", "day", name="pk_owner_counts"))
    op.create_table(
        "counter_deltas",
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "counters",
        sa.Column("span", sa.Text, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("span", "start", "name", name="pk_counters"),
    )
    unpaid = sa.text("status <> 'completed'")
    op.create_index(
        "payments_unpaid", "payments", ["status", "created_at", "id"], postgresql_where=unpaid, sqlite_where=unpaid
    )
    op.execute("update schema_version set minor = 1")


def _owner_columns() -> list[sa.Column[int] | sa.Column[str]]:
    return [
        sa.Column("owner", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.Integer, nullable=False)
            for name in ("day", "initiated", "pending", "completed", "failed")
        ),
    ]
