"""Version 3.4: a payment that completes, and its booking, are changed in place.

PostgreSQL changes a row without a new entry in each of its indexes where no index reads what changes, and where the
row's page has room (decision 51). So the index of what is not paid, which every payment entered and left, gives way to
one of what has failed; and pages are filled to half when rows are made. Pages that are full already stay so.

It takes one index away, and the database keeps the rest: version 3.3 runs on it as it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the indexes, leave room in new pages, and write the version down."""
    failed = sa.text("failed_at is not null")
    op.create_index(
        "payments_failed",
        "payments",
        ["merchant_id", "created_at", "id"],
        postgresql_where=failed,
        sqlite_where=failed,
    )
    op.drop_index("payments_unpaid", "payments")
    if op.get_bind().dialect.name == "postgresql":
        for table in ("payments", "bookings"):
            op.execute(f"alter table {table} set (fillfactor = 50)")
    op.execute("update schema_version set minor = 4")
