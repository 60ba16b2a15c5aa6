"""Version 1.3: an index of what is due, by status, so that the worker finds the next question without sorting.

It only adds. Versions before it run on it and do not use it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index, and write the version down."""
    is_due = sa.text("due_at is not null")
    op.create_index(
        "payments_queue", "payments", ["status", "due_at", "id"], postgresql_where=is_due, sqlite_where=is_due
    )
    op.execute("update schema_version set minor = 3")
