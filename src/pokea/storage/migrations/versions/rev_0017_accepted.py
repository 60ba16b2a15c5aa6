"""Version 3.5: a payment that Daraja accepts is changed in place as well, and enters fewer indexes.

Daraja's id of a push stood in an index of the payments, so an acceptance entered the payment's row in every index anew.
The evidence of the acceptance, which is written once, has the index now (decision 51). The times at which open payments
are due stand by their status in `open_payments_queue`: an index of them alone gives way. Entries of the ledger are
found by their account only where it is not one of the two that each payment touches.

It changes indexes alone: version 3.4 runs on it as it is, and finds a payment by Daraja's id slowly.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the indexes, and write the version down."""
    accepted = sa.text("source = 'push_accepted'")
    op.create_index("evidence_accepted", "evidence", ["request_id"], postgresql_where=accepted, sqlite_where=accepted)
    op.drop_index("payments_request", "payments")
    op.drop_index("open_payments_due", "open_payments")
    aside = sa.text("account not in ('mpesa_clearing', 'fees_held')")
    op.create_index(
        "postings_aside", "postings", ["merchant_id", "account"], postgresql_where=aside, sqlite_where=aside
    )
    op.drop_index("postings_account", "postings")
    op.execute("update schema_version set minor = 5")
