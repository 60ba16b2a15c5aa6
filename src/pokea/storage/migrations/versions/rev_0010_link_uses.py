"""Version 2.3: the table by which all processes count together how often a link and an address are used.

It only adds. Version 2.2 runs on it and counts in each process's own memory, as it did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and write the version down."""
    op.create_table(
        "link_uses",
        sa.Column("counted", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("counted", "id", name="pk_link_uses"),
    )
    op.create_index("link_uses_newest", "link_uses", ["counted", "created_at"])
    op.create_index("link_uses_oldest", "link_uses", ["created_at"])
    op.execute("update schema_version set minor = 3")
