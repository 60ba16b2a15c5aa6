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
    if op.get_bind().dialect.name == "sqlite":
        _let_digests_be_absent_on_sqlite()
    else:
        op.alter_column("payments", "callback_digest", nullable=True)
    present = sa.text("callback_digest is not null")
    op.create_index(
        "payments_callback",
        "payments",
        ["callback_digest"],
        postgresql_where=present,
        sqlite_where=present,
    )
    op.execute("update schema_version set minor = 3")


def _let_digests_be_absent_on_sqlite() -> None:
    """Make the table anew, and its indexes as they were, in their order: of two that it takes to be equally good SQLite
    takes the older."""
    written = sa.text(
        "select name, sql from sqlite_master where tbl_name = 'payments' and type = 'index' order by rowid"
    )
    indexes = [each for each in op.get_bind().execute(written) if each.sql is not None]
    with op.batch_alter_table("payments") as payments:
        payments.alter_column("callback_digest", nullable=True)
    for each in indexes:
        op.drop_index(each.name, "payments")
        op.execute(each.sql)
