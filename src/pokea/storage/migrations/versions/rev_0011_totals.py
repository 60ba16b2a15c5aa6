"""Version 2.4: an index of counters by name, for the totals of the history.

It only adds, and only the fold keeps it: version 2.3 runs on it as it is.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index, and write the version down."""
    op.create_index("counters_named", "counters", ["merchant_id", "span", "name", "start", "amount"])
    op.execute("update schema_version set minor = 4")
