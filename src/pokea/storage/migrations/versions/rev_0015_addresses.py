"""Version 3.3: the callback addresses of new payments name them, so that no token's digest is stored or indexed.

Digests that are there stay, with an index of their own: a payment that was made before is found by its token for ever.
A process of version 3.2 takes a new address for a bare one: it keeps the callback as a claim, and asks Daraja. So no
such process should take callbacks once pushes are sent by this version.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let digests be absent, index those that are there, and write the version down."""
    op.drop_index("payments_callback", "payments")
    with op.batch_alter_table("payments") as payments:
        payments.alter_column("callback_digest", nullable=True)
    if op.get_bind().dialect.name == "sqlite":
        # The table was made anew, and SQLite takes the older of two indexes that it takes to be equally good: a
        # customer's payments are to be found by `payments_owner`.
        op.drop_index("payments_created", "payments")
        op.create_index("payments_created", "payments", ["merchant_id", "created_at", "id"])
    present = sa.text("callback_digest is not null")
    op.create_index(
        "payments_callback",
        "payments",
        ["callback_digest"],
        postgresql_where=present,
        sqlite_where=present,
    )
    op.execute("update schema_version set minor = 3")
