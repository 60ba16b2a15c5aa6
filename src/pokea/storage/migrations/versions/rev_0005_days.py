"""Version 1.4: an index of customers' counts by day, for counting a day again.

It only adds, and only the fold keeps it: versions before this one run on it as they are.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index, and write the version down."""
    op.create_index("owner_counts_day", "owner_counts", ["day"])
    op.execute("update schema_version set minor = 4")
