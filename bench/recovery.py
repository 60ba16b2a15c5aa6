"""Recovery: how long a payment's outcome is unknown to us after the customer has answered the prompt.

Time is virtual, so hours of asking take a minute of work and the figures do not depend on the machine. The service is
the real one on SQLite in memory; Daraja answers each question at once, and only the rate of questions matters.
Of ten customers seven pay and three cancel, 3 to 25 s after their prompts, which all came at one moment.
"""

import asyncio
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, insert, select, union_all

from bench.report import Cell, Table
from bench.stage import Bench
from pokea.app import Service
from pokea.clock import SECOND, Instant
from pokea.daraja.access_token import TOKEN_PATH
from pokea.daraja.outcomes import Accepted
from pokea.operations.arrivals import Batch
from pokea.operations.evidence import from_push
from pokea.operations.settle import settle
from pokea.operations.store import insert_payments
from pokea.payments.flow import PaymentFlow
from pokea.storage import tables
from pokea.storage.database import Database
from pokea.transport import Reply
from pokea.universe.disk import Store
from pokea.universe.loop import VirtualLoop
from tests.daraja.server import answer, granted, query_answer
from tests.deliveries import TOKENS, checkout_of, delivery, pushed_payment
from tests.operations.scene import EPOCH, now, service_on
from tests.payment_rows import new_booking

SAYS = "Seconds from a customer's answer to the outcome in our books, with callbacks and without, in virtual time."
_RATES: Final = {"simulator, 20 a second": 20.0, "production, 1 a second": 1.0, "sandbox, 5 a minute": 5 / 60}
_LOST: Final = {"none": 0.0, "a tenth": 0.1, "all": 1.0}
_LOOK_SECONDS: Final = 20.0
_LONGEST_SECONDS: Final = 26 * 3600.0
_NEWCOMER_EVERY_SECONDS: Final = 30
_TURNS: Final = 1_000_000_000


class Wait(NamedTuple):
    """How long outcomes were unknown, in seconds from the customer's answer, sorted."""

    seconds: Sequence[float]

    def percentile(self, percent: int) -> float:
        """So many percent waited no longer."""
        return self.seconds[min(len(self.seconds) - 1, len(self.seconds) * percent // 100)]

    @property
    def figures(self) -> tuple[float, float, float]:
        """The middle one, the 99th of a hundred, and the longest."""
        return self.percentile(50), self.percentile(99), self.seconds[-1]


class Shop:
    """Customers, their phones, and Daraja, which knows what each has answered once he has."""

    def __init__(self, lost: float) -> None:
        self._chance = random.Random(1)  # noqa: S311 - the same customers in every run
        self._lost = lost
        self.answered_at: dict[str, Instant] = {}
        self._code: dict[str, int] = {}
        self.loses: dict[str, bool] = {}

    def come(self, payment_id: str, at: Instant) -> None:
        """A customer is prompted, and answers some time after it."""
        self.answered_at[payment_id] = at + round(self._chance.uniform(3, 25) * SECOND)
        self._code[payment_id] = 0 if self._chance.random() < 0.7 else 1032  # noqa: PLR2004 - seven of ten pay
        self.loses[payment_id] = self._chance.random() < self._lost

    async def call_back(self, service: Service, payment_id: str) -> None:
        """The callback comes a second after the answer."""
        await asyncio.sleep((self.answered_at[payment_id] - now()) / SECOND + 1)
        receipt = f"UE{payment_id.removeprefix('pay_'):0>8}"
        await service.settler.submit(delivery(payment_id, self._code[payment_id], now(), receipt=receipt))

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        *,
        connect_seconds: float | None = None,
    ) -> Reply:
        """Daraja's answer to a question, which is `still processing` until the customer has answered."""
        if TOKEN_PATH in url:
            act = granted(1)
        else:
            checkout = json.loads(body or b"{}")["CheckoutRequestID"]
            payment_id = checkout.removeprefix(checkout_of(""))
            known = self.answered_at[payment_id] <= now()
            act = answer(query_answer(checkout, str(self._code[payment_id]) if known else "4999"))
        return Reply(act.status, act.content_type, act.body)

    async def close(self) -> None:
        """There is nothing to let go of."""


def run(bench: Bench) -> Iterator[Table]:
    """Each rate and loss with few payments open; then ten thousand at once, with new customers among them."""
    rows: list[Sequence[Cell]] = []
    for name, rate in _RATES.items():
        for count in bench.pick((1, 100), (1, 20)):
            for lost, share in _LOST.items():
                bench.say(f"{name}: {count} open, callbacks lost: {lost}")
                rows.append((name, count, lost, *_waits(count, rate, share)[0].figures))
    columns = ("Questions", "open", "callbacks lost", "p50 s", "p99 s", "longest s")
    yield Table("From the customer's answer to a known outcome, simulated seconds", columns, rows)
    yield _crowd(bench, bench.pick(10_000, 50), bench.pick(120, 3))


def _crowd(bench: Bench, count: int, newcomers: int) -> Table:
    """Ten thousand payments at once; where all their callbacks are lost, new customers come meanwhile, and lose theirs.

    The sandbox's five a minute cannot ask about so many in the day that each has.
    """
    rows: list[Sequence[Cell]] = []
    for name, rate in [*_RATES.items()][:2]:
        for lost, share in _LOST.items():
            bench.say(f"{name}: {count} open, callbacks lost: {lost}")
            old, new = _waits(count, rate, share, newcomers if share == 1 else 0)
            rows.append((name, count, "are there before", lost, *old.figures))
            if new is not None:
                rows.append((name, newcomers, "come meanwhile", lost, *new.figures))
    columns = ("Questions", "customers", "who", "callbacks lost", "p50 s", "p99 s", "longest s")
    note = f"While the others wait a new customer comes every {_NEWCOMER_EVERY_SECONDS} s."
    return Table(f"The same with {count:,} payments open at once", columns, rows, notes=[note])


def _waits(count: int, rate: float, lost: float, newcomers: int = 0) -> tuple[Wait, Wait | None]:
    """How long the payments that are there at the beginning wait, and those that come later."""
    database = Database(Store().engine)
    shop = Shop(lost)
    ids = [f"pay_{number}" for number in range(count)]
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(_TURNS)) as runner:
        ended = runner.run(_story(database, shop, ids, rate, newcomers))
    seconds = {name: (ended[name] - at) / SECOND for name, at in shop.answered_at.items()}
    begun = set(ids)
    old = sorted(waited for name, waited in seconds.items() if name in begun)
    new = sorted(waited for name, waited in seconds.items() if name not in begun)
    return Wait(old), Wait(new) if new else None


async def _story(database: Database, shop: Shop, ids: Sequence[str], rate: float, newcomers: int) -> dict[str, Instant]:
    """Let it all happen; when each payment has ended."""
    _prompt(database, shop, ids, EPOCH)
    async with service_on(database, shop, pokea_query_rate=rate) as service:  # type: ignore[arg-type]  # a Daraja too
        tasks = [asyncio.create_task(shop.call_back(service, name)) for name in ids if not shop.loses[name]]
        for number in range(newcomers):
            await asyncio.sleep(_NEWCOMER_EVERY_SECONDS)
            _prompt(database, shop, [f"pay_{len(ids) + number}"], now())
            service.recovery.wake(now())
        for task in tasks:
            await task
        while asyncio.get_running_loop().time() < _LONGEST_SECONDS and await database.read(_is_any_open):
            await asyncio.sleep(_LOOK_SECONDS)
        return await database.read(_ended)


def _prompt(database: Database, shop: Shop, ids: Sequence[str], at: Instant) -> None:
    """Prompts that Daraja has accepted, as the settler writes them."""
    with database.engine.begin() as connection:
        rows = [
            pushed_payment(name, booking_id=f"bk_{name}", msisdn=name, created_at=at, expires_at=at + 120 * SECOND)
            for name in ids
        ]
        connection.execute(insert(tables.bookings), [new_booking(row.booking_id)._asdict() for row in rows])
        insert_payments(connection, rows)
        accepted = [from_push(name, Accepted(checkout_of(name), "29115-34620561-1", ""), at) for name in ids]
        for start in range(0, len(ids), 100):
            settle(connection, Batch(at, evidence=accepted[start : start + 100]), PaymentFlow(TOKENS.proves))
    for name in ids:
        shop.come(name, at)


def _is_any_open(connection: Connection) -> bool:
    is_open = select(tables.payments.c.id).where(tables.payments.c.status == "pending").limit(1)
    return connection.execute(is_open).first() is not None


def _ended(connection: Connection) -> dict[str, Instant]:
    """When each payment was first told to have ended."""
    ends = (
        select(each.c.object_id, each.c.created_at).where(each.c.type.in_(["payment.completed", "payment.failed"]))
        for each in (tables.outbox, tables.events)
    )
    events = union_all(*ends).subquery().c
    first = select(events.object_id, func.min(events.created_at))
    found: Any = connection.execute(first.group_by(events.object_id)).all()
    return dict(map(tuple, found))
