"""The SQL of disbursements, their steps, attempts, addresses and evidence: each statement a function with one sentence.

These functions find rows by ids and tokens that cannot be guessed. Locks are taken in the order payments,
disbursements, attempts, bookings, each by id, so that no two transactions wait in a circle.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import asdict
from sqlalchemy import (
    ARRAY,
    Connection,
    LargeBinary,
    Select,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from pokea.clock import Instant
from pokea.disbursements.evidence import OutEvidence, OutSource
from pokea.disbursements.model import Disbursement, OutAttempt, OutFlag, OutStep, Waiting
from pokea.scope import Scope
from pokea.storage.sql import execute, execute_many, fetch_all, fetch_one
from pokea.storage.statements import insert_new, select_in
from pokea.storage.tables import (
    attempts,
    disbursement_steps,
    disbursements,
    evidence,
    funds,
    out_addresses,
    payees,
    payments,
    receipts,
)

_DISBURSEMENTS: Final = select(disbursements).order_by(disbursements.c.id)
_ATTEMPTS: Final = select(attempts).order_by(attempts.c.id)
_LOCKED_DISBURSEMENTS: Final = _DISBURSEMENTS.with_for_update()
_LOCKED_ATTEMPTS: Final = _ATTEMPTS.with_for_update()
_LOCKED_PAYMENTS: Final = select(payments.c.id).order_by(payments.c.id).with_for_update()
_STEPS: Final = select(disbursement_steps).order_by(disbursement_steps.c.number)
_PARENTS: Final = (attempts.c.id, attempts.c.disbursement_id)
_ADDRESS: Final = select(out_addresses).where(out_addresses.c.digest == bindparam("of_digest"))
_ADDRESSES: Final = select(out_addresses).where(
    out_addresses.c.digest == func.any(bindparam("of_digests", type_=ARRAY(LargeBinary)))
)
_EVIDENCE: Final = tuple(evidence.c[name] for name in (*OutEvidence.__struct_fields__, "applied"))
_SOURCES: Final = {source.value: source for source in OutSource}


class OutAddress(NamedTuple):
    """What an address that Daraja was given is for; the fields are the table's columns, in their order.

    `owner_id` is an attempt, or names the question about a balance; `question` counts the questions about an attempt.
    """

    digest: bytes
    owner_id: str
    purpose: str
    question: int
    created_at: Instant


class KnownOut(NamedTuple):
    """The evidence of some attempts, and the keys (attempt, id) of what is not in their rows yet."""

    items: dict[str, list[OutEvidence]]
    unapplied: list[tuple[str, str]]


def lock_disbursements(connection: Connection, ids: Collection[str]) -> dict[str, Disbursement]:
    """The disbursements of these ids, locked in the order of their ids until the transaction ends."""
    return {
        row[0]: Disbursement._make(row) for row in _among(connection, _LOCKED_DISBURSEMENTS, disbursements.c.id, ids)
    }


def lock_attempts(connection: Connection, ids: Collection[str]) -> dict[str, OutAttempt]:
    """The attempts of these ids, locked in the order of their ids; their disbursements are locked before them."""
    return {row[0]: OutAttempt._make(row) for row in _among(connection, _LOCKED_ATTEMPTS, attempts.c.id, ids)}


def lock_payments(connection: Connection, ids: Collection[str]) -> None:
    """Lock the payments of these ids, in the order of their ids: before any disbursement is locked."""
    _among(connection, _LOCKED_PAYMENTS, payments.c.id, ids)


def find_disbursement(connection: Connection, disbursement_id: str) -> Disbursement | None:
    """The disbursement of this id."""
    found = _among(connection, _DISBURSEMENTS, disbursements.c.id, [disbursement_id])
    return Disbursement._make(found[0]) if found else None


def find_disbursements(connection: Connection, ids: Collection[str]) -> list[Disbursement]:
    """The disbursements of these ids, as far as there are any, in the order of the ids."""
    return [Disbursement._make(row) for row in _among(connection, _DISBURSEMENTS, disbursements.c.id, ids)]


def disbursements_of(connection: Connection, attempt_ids: Collection[str]) -> set[str]:
    """The disbursements to which these attempts belong."""
    return {parent for _, parent in _among(connection, _PARENTS, attempts.c.id, attempt_ids)}


def attempts_of(connection: Connection, disbursement_ids: Collection[str]) -> dict[str, list[OutAttempt]]:
    """The attempts of these disbursements, in the order of their ids."""
    found: dict[str, list[OutAttempt]] = defaultdict(list)
    for row in _among(connection, _ATTEMPTS, attempts.c.disbursement_id, disbursement_ids):
        attempt = OutAttempt._make(row)
        found[attempt.disbursement_id].append(attempt)
    return found


def steps_of(connection: Connection, disbursement_ids: Collection[str]) -> dict[str, list[OutStep]]:
    """The steps of these disbursements, in the order in which they were made."""
    found: dict[str, list[OutStep]] = defaultdict(list)
    for row in _among(connection, _STEPS, disbursement_steps.c.disbursement_id, disbursement_ids):
        step = OutStep._make(row)
        found[step.disbursement_id].append(step)
    return found


def evidence_of_attempts(connection: Connection, attempt_ids: Collection[str]) -> KnownOut:
    """All evidence of these attempts that this version understands, with the raw messages."""
    known = KnownOut(defaultdict(list), [])
    for row in _among(connection, _EVIDENCE, evidence.c.operation_id, attempt_ids):
        operation_id, item_id, source, received_at, proved, *rest, applied = row
        if source not in _SOURCES:
            continue
        if not applied:
            known.unapplied.append((operation_id, item_id))
        item = OutEvidence(operation_id, item_id, _SOURCES[source], received_at, bool(proved), *rest)
        known.items[operation_id].append(item)
    return known


def answers_of(connection: Connection, owner_id: str) -> list[OutEvidence]:
    """What came to the addresses of one owner's questions, the oldest first."""
    found = evidence_of_attempts(connection, [owner_id]).items[owner_id]
    return sorted(found, key=lambda item: item.received_at)


_NEWEST: Final = (
    select(attempts.c.failure_code, attempts.c.created_at)
    .where(attempts.c.merchant_id == bindparam("of_merchant"))
    .order_by(attempts.c.id.desc())
    .limit(bindparam("most"))
)


def last_failed_with(connection: Connection, scope: Scope, code: str, among: int) -> Instant | None:
    """When the newest of the merchant's last attempts began that failed with this code; None where none of them did."""
    rows = fetch_all(connection, _NEWEST, {"of_merchant": scope.merchant_id, "most": among})
    return next((created_at for failure_code, created_at in rows if failure_code == code), None)


def add_evidence(connection: Connection, items: Iterable[OutEvidence], *, applied: bool) -> None:
    """Write the evidence that is not there yet."""
    insert_new(connection, evidence, [asdict(item) | {"applied": applied} for item in items])


_APPLY: Final = (
    update(evidence)
    .where(evidence.c.operation_id == bindparam("of_operation"), evidence.c.id == bindparam("of_id"))
    .values(applied=True)
)


def mark_applied(connection: Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Note that evidence which was stored before is in its attempt's row now."""
    execute_many(connection, _APPLY, [{"of_operation": operation, "of_id": item} for operation, item in keys])


UNAPPLIED_OUT: Final = (
    select(evidence.c.operation_id)
    # As the index `evidence_unapplied` says it, word for word: else SQLite goes through all evidence there is.
    .where(literal_column("not evidence.applied"), evidence.c.source.in_([source.value for source in OutSource]))
    .order_by(evidence.c.received_at)
    .limit(bindparam("count"))
)


def unapplied_attempts(connection: Connection, most: int) -> list[str]:
    """Attempts with evidence that is not in their rows yet, the oldest first: those of `most` pieces of evidence."""
    rows = fetch_all(connection, UNAPPLIED_OUT, {"count": most})
    return list(dict.fromkeys(operation_id for (operation_id,) in rows))


def own_receipts(connection: Connection, wanted: Mapping[str, OutAttempt]) -> dict[str, str]:
    """Give each receipt that is free to the attempt that wants it; answers the owner of each."""
    rows = [
        {"merchant_id": each.merchant_id, "receipt": receipt, "operation_id": each.id}
        for receipt, each in sorted(wanted.items())
    ]
    insert_new(connection, receipts, rows)
    merchants = {receipt: each.merchant_id for receipt, each in wanted.items()}
    found = _among(connection, receipts, receipts.c.receipt, list(wanted))
    return {receipt: owner for merchant_id, receipt, owner in found if merchants[receipt] == merchant_id}


_INSERT_ATTEMPT: Final = insert(attempts)


def insert_attempts(connection: Connection, rows: Sequence[OutAttempt]) -> None:
    """Insert attempts; raises the driver's IntegrityError where another one of a disbursement is live."""
    execute_many(connection, _INSERT_ATTEMPT, [row._asdict() for row in rows])


def add_addresses(connection: Connection, addresses: Sequence[OutAddress]) -> None:
    """Remember addresses that Daraja will be given, before it is."""
    insert_new(connection, out_addresses, [each._asdict() for each in addresses])


def find_address(connection: Connection, digest: bytes) -> OutAddress | None:
    """What the address with this token's digest is for."""
    row = fetch_one(connection, _ADDRESS, {"of_digest": digest})
    return OutAddress._make(row) if row else None


def find_addresses(connection: Connection, digests: Collection[bytes]) -> dict[bytes, OutAddress]:
    """The same for many."""
    if connection.dialect.name == "postgresql":
        rows = fetch_all(connection, _ADDRESSES, {"of_digests": sorted(digests)})
        found = [OutAddress._make(row) for row in rows]
    else:
        # SQLite takes no list of bytes, and asks nothing over a wire.
        looked = (find_address(connection, digest) for digest in sorted(digests))
        found = [each for each in looked if each is not None]
    return {bytes(each.digest): each._replace(digest=bytes(each.digest)) for each in found}


_UPDATE_ATTEMPT: Final = (
    update(attempts)
    .where(attempts.c.id == bindparam("of_id"))
    .values({name: bindparam(f"new_{name}") for name in OutAttempt._fields[OutAttempt._fields.index("version") :]})
)
_UPDATE_DISBURSEMENT: Final = (
    update(disbursements)
    .where(disbursements.c.id == bindparam("of_id"))
    .values({name: bindparam(f"new_{name}") for name in Disbursement._fields[1:]})
)


def update_attempts(connection: Connection, rows: Sequence[OutAttempt]) -> None:
    """Write what has changed of attempts that are locked."""
    first = OutAttempt._fields.index("version")
    values = [
        {"of_id": row.id} | {f"new_{name}": getattr(row, name) for name in OutAttempt._fields[first:]} for row in rows
    ]
    execute_many(connection, _UPDATE_ATTEMPT, values)


def update_disbursements(connection: Connection, rows: Sequence[Disbursement]) -> None:
    """Write what has changed of disbursements that are locked."""
    values = [
        {"of_id": row.id} | {f"new_{name}": getattr(row, name) for name in Disbursement._fields[1:]} for row in rows
    ]
    execute_many(connection, _UPDATE_DISBURSEMENT, values)


_FUNDS: Final = select(funds).where(
    funds.c.merchant_id == bindparam("of_merchant"), funds.c.shortcode == bindparam("of_shortcode")
)


class Funds(NamedTuple):
    """What the account that pays out was last named to hold; the fields are the table's columns, in their order."""

    merchant_id: int
    shortcode: str
    available_cents: int | None
    as_of: Instant | None
    asked_at: Instant | None
    questions: int


def find_funds(connection: Connection, merchant_id: int, shortcode: str) -> Funds:
    """The last balance that was named of this account; nothing is known where there is none."""
    row = fetch_one(connection, _FUNDS, {"of_merchant": merchant_id, "of_shortcode": shortcode})
    return Funds._make(row) if row else Funds(merchant_id, shortcode, None, None, None, 0)


_OWN_FUNDS: Final = update(funds).where(
    funds.c.merchant_id == bindparam("of_merchant"), funds.c.shortcode == bindparam("of_shortcode")
)
# Each writes its own columns alone: a balance that comes while another is asked for is not lost.
_NAME: Final = _OWN_FUNDS.where(or_(funds.c.as_of.is_(None), funds.c.as_of <= bindparam("new_as_of"))).values(
    available_cents=bindparam("new_available"), as_of=bindparam("new_as_of")
)
_COUNT_QUESTION: Final = (
    _OWN_FUNDS.where(or_(funds.c.asked_at.is_(None), funds.c.asked_at <= bindparam("longest_ago")))
    .values(asked_at=bindparam("new_asked"), questions=funds.c.questions + 1)
    .returning(funds.c.questions)
)


def name_funds(connection: Connection, merchant_id: int, shortcode: str, available_cents: int, as_of: Instant) -> None:
    """M-PESA named what the account holds; what it named later stands."""
    own = {"of_merchant": merchant_id, "of_shortcode": shortcode}
    if not execute(connection, _NAME, {**own, "new_available": available_cents, "new_as_of": as_of}):
        insert_new(connection, funds, [Funds(merchant_id, shortcode, available_cents, as_of, None, 0)._asdict()])


def claim_balance_question(
    connection: Connection, merchant_id: int, shortcode: str, at_most_every: Instant, now: Instant
) -> int | None:
    """The number of a question about the balance, if none was asked within this time; it counts as asked now."""
    insert_new(connection, funds, [Funds(merchant_id, shortcode, None, None, None, 0)._asdict()])
    own = {"of_merchant": merchant_id, "of_shortcode": shortcode}
    counted = fetch_all(connection, _COUNT_QUESTION, {**own, "longest_ago": now - at_most_every, "new_asked": now})
    return int(counted[0][0]) if counted else None


_POOR: Final = (
    select(disbursements.c.merchant_id, disbursements.c.way)
    .where(disbursements.c.next_action_at.is_not(None), disbursements.c.waiting == Waiting.NEEDS_FUNDS.value)
    .distinct()
)


def waiting_for_funds(connection: Connection) -> frozenset[tuple[int, str]]:
    """Merchants and ways for which an approved disbursement waits until it is known what the account holds."""
    return frozenset((merchant_id, way) for merchant_id, way in fetch_all(connection, _POOR))


def look_at_waiting(connection: Connection, merchant_id: int, now: Instant) -> None:
    """Have what waits for funds looked at now."""
    columns = disbursements.c
    waits = (
        columns.merchant_id == merchant_id,
        columns.next_action_at.is_not(None),
        columns.waiting == Waiting.NEEDS_FUNDS.value,
    )
    # In the order of ids, as every transaction locks them.
    ids = connection.execute(select(columns.id).where(*waits).order_by(columns.id).with_for_update()).scalars().all()
    connection.execute(update(disbursements).where(columns.id.in_(ids)).values(next_action_at=now))


def hold_payees(connection: Connection, merchant_id: int, msisdn: str, now: Instant) -> None:
    """Hold the next payout of payees with this number."""
    own = (payees.c.merchant_id == merchant_id, payees.c.msisdn == msisdn, payees.c.held_since.is_(None))
    connection.execute(update(payees).where(*own).values(held_since=now))


def flag_disbursement(connection: Connection, disbursement_id: str, flag: OutFlag) -> None:
    """Raise a flag on a disbursement that is locked."""
    row = lock_disbursements(connection, [disbursement_id])[disbursement_id]
    flags = ",".join(sorted({*filter(None, row.flags.split(",")), flag.value}))
    connection.execute(update(disbursements).where(disbursements.c.id == disbursement_id).values(flags=flags))


def _among(connection: Connection, selected: Any, column: Any, values: Collection[str]) -> list[Any]:
    if not values:
        return []
    statement: Select[Any] = selected
    return select_in(connection, statement, column, sorted(values))
