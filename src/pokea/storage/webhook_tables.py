"""The tables of webhooks, as version 3.1 of the schema has them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from pokea.storage.metadata import metadata

IS_OUTSTANDING = "parked_at is null and (acked_version < wanted_version or again <> '')"
"""Of a row of `deliveries`: there is something to send."""

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("merchant_id", Integer, nullable=False),
    Column("url", Text, nullable=False),
    # The patterns of types, with a blank between them.
    Column("types", Text, nullable=False),
    Column("description", Text),
    Column("is_latest_only", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # Absent while it is enabled; how often it was disabled numbers its events.
    Column("disabled_at", BigInteger),
    Column("reason", Text),
    Column("times_disabled", Integer, nullable=False),
    # The breaker: failures in a row, the probes since it opened (0: closed), when the next is due, since when it fails.
    Column("failures", Integer, nullable=False),
    Column("probes", Integer, nullable=False),
    Column("probe_at", BigInteger, nullable=False),
    Column("failing_since", BigInteger),
    # Nothing is sent before: the receiver asked for it.
    Column("held_until", BigInteger, nullable=False),
    # How many may be in flight.
    Column("window", Integer, nullable=False),
    # The process that sends to it, until its lease ends.
    Column("lease", Text),
    Column("lease_until", BigInteger, nullable=False),
)

endpoint_secrets = Table(
    "endpoint_secrets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("endpoint_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # Absent for the newest.
    Column("expires_at", BigInteger),
    Index("endpoint_secrets_of", "endpoint_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("endpoint_id", Text, primary_key=True),
    Column("object_id", Text, primary_key=True),
    Column("acked_version", Integer, nullable=False),
    Column("wanted_version", Integer, nullable=False),
    # Versions up to the acked one that are sent again, in their order, with a comma between them.
    Column("again", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("parked_at", BigInteger),
    # The last attempt: when, the version, the status of the answer (0: there was none), and what an admin is shown.
    Column("tried_at", BigInteger),
    Column("tried_version", Integer),
    Column("answer_status", Integer),
    Column("answer", Text),
    Index(
        "deliveries_due",
        "endpoint_id",
        "due_at",
        postgresql_where=text(IS_OUTSTANDING),
        sqlite_where=text(IS_OUTSTANDING),
    ),
)
