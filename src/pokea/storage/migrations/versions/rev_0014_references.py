"""Version 3.2: an index of references without regard to case.

It only adds, and the database keeps it: version 3.1 runs on it as it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index, and write the version down."""
    op.create_index("bookings_spelt", "bookings", ["merchant_id", sa.text("lower(reference)")])
    op.execute("update schema_version set minor = 2")
