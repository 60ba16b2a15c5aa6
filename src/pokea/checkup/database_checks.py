"""The checks of the database: that it fits and is durable, what is overdue, and how callbacks arrive."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, exists, func, select, text

from pokea.alerts.alert import read_alerts
from pokea.alerts.routes import OPEN_FOR
from pokea.audit.rule import IdRange, Rule, RuleScope, Violation, violations
from pokea.checkup.findings import Finding, fail, ok, warn
from pokea.clock import HOUR, SECOND, Instant, iso
from pokea.operations.evidence import Source
from pokea.storage.migrate import CURRENT, SchemaVersion
from pokea.storage.statements import in_one_snapshot
from pokea.storage.tables import evidence, metadata, open_payments, payments

OVERDUE: Final[Instant] = 300 * SECOND
_NEWEST: Final = 1_000
_ENDED_WITHIN: Final[Instant] = 180 * SECOND
_FEW: Final = 0.95
_VERY_FEW: Final = 0.5
_ENOUGH: Final = 5
_MOST_ALERTS: Final = 100


class Arrivals(NamedTuple):
    """Of the newest prompts that Daraja accepted: how many, how many brought a callback, and when the last came."""

    prompts: int
    heard: int
    last_at: Instant | None


def count_rows(connection: Connection, ground: RuleScope) -> int:
    """How many rows a whole check passes along this ground."""
    return connection.execute(select(func.count()).select_from(metadata.tables[ground])).scalar_one()


def find_broken(connection: Connection, now: Instant, rules: Sequence[Rule], part: IdRange) -> list[Violation]:
    """Where the rules are broken in this part, as it stood at one moment."""
    in_one_snapshot(connection)
    return violations(connection, now, rules, [part])


def check_schema(found: SchemaVersion | None) -> Finding:
    """Whether the schema fits this version."""
    if found is None:
        return warn("schema", "The database is empty: `pokea migrate` or the first `pokea serve` makes the schema.")
    if found < CURRENT:
        return fail("schema", f"It is at version {found} and this Pokea needs {CURRENT}: run `pokea migrate`.")
    return ok("schema", f"Version {found}.")


def check_durability(connection: Connection, is_production: bool) -> Finding:
    """Whether what is acknowledged survives a power cut."""
    if connection.dialect.name == "sqlite":
        says = "SQLite, which waits for the disk at every commit."
        return warn("durability", f"{says} For production use PostgreSQL.") if is_production else ok("durability", says)
    wanted = ("fsync", "synchronous_commit", "full_page_writes")
    found = {name: str(connection.execute(text(f"show {name}")).scalar()) for name in wanted}
    off = [name for name, value in found.items() if value == "off"]
    if off:
        return fail("durability", f"PostgreSQL has {off[0]} off: an acknowledged callback may be lost. Turn it on.")
    return ok("durability", f"PostgreSQL waits for the disk (synchronous_commit is {found['synchronous_commit']}).")


def check_pooler(connection: Connection, prepares: bool) -> Finding:
    """Whether statements may be prepared: not where a pooler gives each transaction another session."""
    raw: Any = connection.connection.driver_connection
    # A pooler tells its client of a process that it has made up.
    is_direct = connection.execute(text("select pg_backend_pid()")).scalar_one() == raw.info.backend_pid
    if is_direct:
        return ok("pooler", "PostgreSQL is reached without a pooler.")
    if prepares:
        return warn(
            "pooler", "A pooler stands before PostgreSQL: set POKEA_PREPARE=off, or callbacks are refused by chance."
        )
    return ok("pooler", "A pooler stands before PostgreSQL, and nothing is prepared (POKEA_PREPARE=off).")


def check_notices(is_heard: bool) -> Finding:
    """Whether a page that another process serves is updated at once."""
    if is_heard:
        return ok("notices", "What one process sends arrives.")
    return warn(
        "notices",
        "What is sent does not arrive, as through a pooler of transactions: pages are polled once a second. "
        "Set POKEA_NOTICES_URL to an address of PostgreSQL itself.",
    )


def check_overdue(connection: Connection, now: Instant) -> Finding:
    """Whether a process does the work that falls due."""
    late = select(func.count(), func.min(open_payments.c.next_action_at)).where(
        open_payments.c.next_action_at < now - OVERDUE
    )
    count, oldest = connection.execute(late).one()
    stored = select(func.count()).where(evidence.c.applied.is_(False), evidence.c.received_at < now - OVERDUE)
    unapplied = connection.execute(stored).scalar_one()
    if count:
        hours = (now - oldest) / HOUR
        says = f"{count} payments wait, the longest for {hours:.1f} h: run `pokea serve` or `pokea work`."
        return fail("due work", f"{says} If one runs, Daraja's limit may be too low (POKEA_QUERY_RATE).")
    if unapplied:
        return fail("due work", f"{unapplied} pieces of evidence are not settled: look for payments flagged `stuck`.")
    return ok("due work", "Nothing is overdue.")


def check_alerts(connection: Connection, now: Instant) -> Finding:
    """Whether something was found within the last day of which a person must hear."""
    found = read_alerts(connection, _MOST_ALERTS, now - OPEN_FOR)
    if not found:
        return ok("open alerts", "Nothing was raised within a day.")
    more = "at least " if len(found) == _MOST_ALERTS else ""
    unsent = sum(each.sent_at is None for each in found)
    waiting = f", {unsent} not sent" if unsent else ""
    says = f"{more}{len(found)} within a day{waiting}; the last at {iso(found[0].last_seen_at)}: {found[0].text}"
    return warn("open alerts", says)


def read_arrivals(connection: Connection, now: Instant) -> Arrivals:
    """How callbacks arrived for the newest prompts that are old enough to have one."""
    columns = payments.c
    newest = (
        select(columns.id)
        .where(columns.created_at < now - _ENDED_WITHIN, columns.request_id.is_not(None))
        .order_by(columns.created_at.desc(), columns.id.desc())
        .limit(_NEWEST)
        .subquery()
    )
    called = and_(evidence.c.operation_id == newest.c.id, evidence.c.source == Source.CALLBACK.value)
    prompts = connection.execute(select(func.count()).select_from(newest)).scalar_one()
    heard = connection.execute(
        select(func.count()).select_from(newest).where(exists(select(evidence.c.id).where(called)))
    ).scalar_one()
    last_at = connection.execute(select(func.max(evidence.c.received_at)).join(newest, called)).scalar()
    return Arrivals(prompts, heard, last_at)


def check_arrivals(found: Arrivals) -> Finding:
    """Whether callbacks find their way."""
    if not found.prompts:
        return ok("callbacks", "No prompt is old enough to have brought one: make a test payment with a real phone.")
    share = found.heard / found.prompts
    says = (
        f"{found.heard} of the last {found.prompts} prompts brought one ({share:.0%}), the last {iso(found.last_at)}."
    )
    if found.prompts >= _ENOUGH and share < _VERY_FEW:
        return fail(
            "callbacks", f"{says} See `callback address` and `callback reachable`; Pokea asks Daraja meanwhile."
        )
    if found.prompts >= _ENOUGH and share < _FEW:
        return warn("callbacks", f"{says} Look for refusals in what stands before the service.")
    return ok("callbacks", says)
