"""Version 1.2: what the check of the books has found, and how far it has come.

Two new tables. A version before this one neither reads nor writes them, and runs on beside it through the deploy.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and write the version down."""
    op.create_table(
        "book_rounds",
        sa.Column("ground", sa.Text, nullable=False),
        sa.Column("position", sa.Text, nullable=False),
        sa.Column("began_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("looked_at", sa.BigInteger),
        sa.Column("hurried", sa.Boolean, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("ground", name="pk_book_rounds"),
    )
    op.create_table(
        "book_violations",
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("ground", sa.Text, nullable=False),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("found_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("rule", "place", name="pk_book_violations"),
    )
    op.execute("update schema_version set minor = 2")
