"""Version 3.1: the endpoints of webhooks, their secrets, and what has been delivered to each.

It only adds. Version 3.0 runs on it and leaves the tables alone: what it numbers is followed by no delivery, so stop
every process of 3.0 before the first endpoint is made.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_IS_OUTSTANDING = "parked_at is null and (acked_version < wanted_version or again <> '')"


def upgrade() -> None:
    """Make the tables, and write the version down."""
    _make_endpoints()
    op.create_table(
        "deliveries",
        sa.Column("endpoint_id", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("acked_version", sa.Integer, nullable=False),
        sa.Column("wanted_version", sa.Integer, nullable=False),
        sa.Column("again", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("parked_at", sa.BigInteger),
        sa.Column("tried_at", sa.BigInteger),
        sa.Column("tried_version", sa.Integer),
        sa.Column("answer_status", sa.Integer),
        sa.Column("answer", sa.Text),
        sa.PrimaryKeyConstraint("endpoint_id", "object_id", name="pk_deliveries"),
    )
    op.create_index(
        "deliveries_due",
        "deliveries",
        ["endpoint_id", "due_at"],
        postgresql_where=sa.text(_IS_OUTSTANDING),
        sqlite_where=sa.text(_IS_OUTSTANDING),
    )
    op.execute("update schema_version set minor = 1")


def _make_endpoints() -> None:
    op.create_table(
        "endpoints",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Integer, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("types", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("is_latest_only", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("disabled_at", sa.BigInteger),
        sa.Column("reason", sa.Text),
        sa.Column("times_disabled", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("probes", sa.Integer, nullable=False),
        sa.Column("probe_at", sa.BigInteger, nullable=False),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("held_until", sa.BigInteger, nullable=False),
        sa.Column("window", sa.Integer, nullable=False),
        sa.Column("lease", sa.Text),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_endpoints"),
    )
    op.create_table(
        "endpoint_secrets",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("endpoint_id", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_endpoint_secrets"),
    )
    op.create_index("endpoint_secrets_of", "endpoint_secrets", ["endpoint_id"])
