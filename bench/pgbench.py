"""`pgbench` settling one callback a transaction, with the settle as shipped: the same tables, indexes and rows.

It is spared what a service cannot be: HTTP, the reading of a body, the proof of a token, and any decision but that a
fee is unpaid. It finds each payment by its number. A colon would be a variable, so names of counters are without.
"""

import re
import resource
import subprocess
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.made import FEE_SHILLINGS, Made, callback_request
from bench.servers import cost_of
from bench.stage import Bench
from pokea.analytics.counting import day_of, hour_of
from pokea.clock import SystemClock
from pokea.events.outbox import encode_state
from pokea.events.states import BookingState, PaymentState
from pokea.scope import DEFAULT_SCOPE

CLIENTS: Final = 16
_ONE: Final = """
with locked as materialized (select * from payments where id = 'pay_' || lpad(:n::text, 22, '0') for update),
opened as materialized (select * from open_payments where id = (select id from locked) for update),
known as materialized (
    select count(*) from evidence where operation_id = (select id from locked) and source = 'push_accepted'
),
told as (
    insert into evidence (operation_id, id, source, received_at, proved, code, amount_cents, receipt,
        request_id, originator_id, provider_time, body, applied)
    select id, 'callback:' || md5(id), 'callback', {now}, true, '0', amount_cents, 'UB' || lpad(:n::text, 8, '0'),
        request_id, originator_id, '20260504210428', '{body}'::bytea, true
    from locked where (select * from known) = 1 on conflict do nothing
),
owned as (
    insert into receipts select merchant_id, 'UB' || lpad(:n::text, 8, '0'), id from locked
    on conflict do nothing returning receipt, operation_id
),
fee as materialized (select id from bookings where id = (select booking_id from locked) for update),
held as (
    update bookings set status = 'matching', fee_status = 'held', fee_payment_id = owned.operation_id, paid_at = {now},
        version = bookings.version + 1
    from owned, fee where bookings.id = fee.id and fee_status = 'unpaid'
),
settled as (
    update payments set version = payments.version + 1, status = 'completed', completed_at = {now},
        completed_by = 'callback', receipt = owned.receipt, provider_time = '20260504210428', disposition = 'held',
        inquiries = opened.inquiries, last_inquiry_at = opened.last_inquiry_at
    from owned, opened where payments.id = owned.operation_id
),
closed as (delete from open_payments using opened where open_payments.id = opened.id),
posted as (
    insert into postings select id, given.kind, 0, merchant_id, given.account, null, given.side * amount_cents, {now}
    from locked, (values ('received', 'mpesa_clearing', 1), ('held', 'fees_held', -1)) as given(kind, account, side)
    on conflict do nothing
),
counted_by_owner as (insert into owner_deltas select merchant_id, owner, {day}, 0, -1, 1, 0 from locked),
counted as (
    insert into counter_deltas select merchant_id, {hour}, given.name, given.amount from locked, (values
        ('pending', -1), ('completed', 1), ('gross', 50000), ('net', 50000), ('waited', 1500000), ('wait_5', 1),
        ('by_callback', 1)) as given(name, amount)
)
insert into outbox
select id, version + 1, merchant_id, 'payment.completed', {now}, '{paid}' from locked
union all select booking_id, 2, merchant_id, 'booking.held', {now}, '{held}' from locked;
"""
_MANY: Final = """
begin;
select * from payments where id = 'pay_' || lpad(:n::text, 22, '0') for update;
select * from open_payments where id = 'pay_' || lpad(:n::text, 22, '0') for update;
select * from evidence where operation_id = 'pay_' || lpad(:n::text, 22, '0');
insert into evidence (operation_id, id, source, received_at, proved, code, amount_cents, receipt,
    request_id, originator_id, provider_time, body, applied)
values ('pay_' || lpad(:n::text, 22, '0'), 'callback:' || md5(:n::text), 'callback', {now}, true, '0', 50000,
    'UB' || lpad(:n::text, 8, '0'), 'ws_CO_25112026' || lpad(:n::text, 12, '0'), '29115-' || :n || '-1',
    '20260504210428', '{body}'::bytea, true) on conflict do nothing;
insert into receipts values ({merchant}, 'UB' || lpad(:n::text, 8, '0'), 'pay_' || lpad(:n::text, 22, '0'))
    on conflict do nothing;
select * from bookings where id = 'bkg_' || lpad(:n::text, 22, '0') for update;
update bookings set status = 'matching', fee_status = 'held', fee_payment_id = 'pay_' || lpad(:n::text, 22, '0'),
    paid_at = {now}, version = 2 where id = 'bkg_' || lpad(:n::text, 22, '0') and fee_status = 'unpaid';
update payments set version = 3, status = 'completed', completed_at = {now}, completed_by = 'callback',
    receipt = 'UB' || lpad(:n::text, 8, '0'), provider_time = '20260504210428', disposition = 'held'
    where id = 'pay_' || lpad(:n::text, 22, '0');
delete from open_payments where id = 'pay_' || lpad(:n::text, 22, '0');
insert into postings values
    ('pay_' || lpad(:n::text, 22, '0'), 'received', 0, {merchant}, 'mpesa_clearing', null, 50000, {now}),
    ('pay_' || lpad(:n::text, 22, '0'), 'held', 0, {merchant}, 'fees_held', null, -50000, {now})
    on conflict do nothing;
insert into owner_deltas values ({merchant}, 'customer-' || :n % 97, {day}, 0, -1, 1, 0);
insert into counter_deltas values ({merchant}, {hour}, 'pending', -1), ({merchant}, {hour}, 'completed', 1),
    ({merchant}, {hour}, 'gross', 50000), ({merchant}, {hour}, 'net', 50000), ({merchant}, {hour}, 'waited', 1500000),
    ({merchant}, {hour}, 'wait_5', 1), ({merchant}, {hour}, 'by_callback', 1);
insert into outbox values
    ('pay_' || lpad(:n::text, 22, '0'), 3, {merchant}, 'payment.completed', {now}, '{paid}'),
    ('bkg_' || lpad(:n::text, 22, '0'), 2, {merchant}, 'booking.held', {now}, '{held}');
commit;
"""
_REFERENCE: Final = "BKG-00000001"
_PAID: Final = PaymentState(
    booking_id=f"bkg_{1:022d}",
    reference=_REFERENCE,
    status="completed",
    amount=FEE_SHILLINGS,
    receipt="UB00000001",
    review=[],
)
_HELD: Final = BookingState(
    reference=_REFERENCE, status="matching", fee_status="held", amount=FEE_SHILLINGS, payment_id=f"pay_{1:022d}"
)
WAYS: Final = {"pgbench, one statement": _ONE, "pgbench, a statement each": _MANY}
_NUMBER: Final = "\\set k :k + 1\n\\set n :first + :client_id * :each + :k\n"


class Settled(Struct, frozen=True):
    """Transactions a second, and CPU microseconds of each: the database's and the client's."""

    rate: float
    database_us: float
    client_us: float


def settle(bench: Bench, way: str, made: Made) -> Settled:
    """Settle the payments, one a transaction, by sixteen clients; their count is a multiple of that."""
    now = SystemClock().now()
    body = callback_request(made.first).split(b"\r\n\r\n", 1)[1].decode()
    script = bench.new_folder() / "settle.sql"
    values = {"now": now, "day": day_of(now), "hour": hour_of(now), "merchant": DEFAULT_SCOPE.merchant_id, "body": body}
    values |= {"paid": _spaced(_PAID), "held": _spaced(_HELD)}
    script.write_text(_NUMBER + WAYS[way].format(**values))
    each = made.count // CLIENTS
    variables = {"k": -1, "first": made.first, "each": each}
    given = [option for name, value in variables.items() for option in ("-D", f"{name}={value}")]
    before, client_before = cost_of(bench.postgres.pid).cpu_seconds, _children()
    printed = _run(
        bench.postgres.pgbench,
        *("-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-t", str(each), "-f", str(script), *given),
        made.database_url,
    )
    found = re.search(r"tps = ([0-9.]+)", printed)
    assert found is not None, printed
    spent = cost_of(bench.postgres.pid).cpu_seconds - before
    return Settled(float(found[1]), spent * 1e6 / made.count, (_children() - client_before) * 1e6 / made.count)


def _spaced(state: PaymentState | BookingState) -> str:
    """A state as an event has it; what follows a colon at once would be a variable."""
    return encode_state(state).replace(":", ": ")


def _run(program: Path, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
