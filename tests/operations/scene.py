"""A service on a real database, under time that leaps from one thing to the next, beside a Daraja that does as told."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, TypeVar

from pokea.app import Ports, Service
from pokea.bookings.store import Booking
from pokea.clock import SECOND, Instant
from pokea.daraja.access_token import TOKEN_PATH
from pokea.daraja.client import PUSH_PATH, QUERY_PATH
from pokea.operations import store
from pokea.operations.store import SELECT_PAYMENTS, Payment
from pokea.payments.push import PushCommand
from pokea.scope import DEFAULT_SCOPE
from pokea.settings import load_settings
from pokea.storage import tables
from pokea.storage.database import Database
from pokea.transport import NoAnswer, Reply
from pokea.universe.loop import VirtualLoop
from tests.daraja.merchant import CountingBytes
from tests.daraja.server import ACCEPTED, Act, answer, granted, query_answer
from tests.payment_rows import change_payments, new_booking
from tests.properties.tables import begin_with

T = TypeVar("T")
EPOCH: Final[Instant] = 1_738_000_000 * SECOND
"""When the virtual time begins."""
SECRET_KEY: Final = "a-key-for-tests-only-of-32-characters"
JWT_SECRET: Final = "a-secret-for-tests-only-of-32-bytes"
PENDING: Final = "4999"
_MOST_TURNS: Final = 200_000
_ALL_DAY_SECONDS: Final = 100_000.0


def in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; whoever sleeps sleeps no real time, and whoever waits for nothing fails."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(_MOST_TURNS)) as runner:
        return runner.run(work)


def now() -> Instant:
    """The present instant of the running loop."""
    return EPOCH + round(asyncio.get_running_loop().time() * SECOND)


class LoopClock:
    """Tells the running loop's time."""

    def now(self) -> Instant:
        """The present instant."""
        return now()


class Asked(NamedTuple):
    """One request that arrived at Daraja, so many seconds after the beginning."""

    second: float
    path: str
    message: Any


class ToldDaraja:
    """A transport with Daraja at its other end.

    It accepts every push, under an id of its own. To a query it answers the next of `results[id]`, the last of them
    for ever, and that the payment is still being processed as long as there is none. Acts that are planned come first.
    """

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.results: defaultdict[str, list[str]] = defaultdict(list)
        self._plans: defaultdict[str, list[Act]] = defaultdict(list)
        self._pushes = 0

    def plan(self, path: str, *acts: Act) -> None:
        """What happens to the next requests at `path`."""
        self._plans[path].extend(acts)

    def seconds_of(self, path: str) -> list[int]:
        """When requests arrived at `path`, in whole seconds from the beginning."""
        return [int(each.second) for each in self.requests if each.path == path]

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        *,
        connect_seconds: float | None = None,
        may_reuse: bool = False,
    ) -> Reply:
        """One exchange; what is silent or cut is no answer."""
        path = "/" + url.split("/", 3)[3]
        message = json.loads(body) if body else None
        self.requests.append(Asked(asyncio.get_running_loop().time(), path, message))
        act = self._plans[path].pop(0) if self._plans[path] else self._usual(path, message)
        await asyncio.sleep(timeout_seconds if act.silent else act.wait_seconds)
        if act.silent or act.cut:
            raise NoAnswer("silent" if act.silent else "cut")
        return Reply(act.status, act.content_type, act.body)

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _usual(self, path: str, message: Any) -> Act:
        if path == TOKEN_PATH:
            return granted(1)
        if path == PUSH_PATH:
            self._pushes += 1
            return answer(ACCEPTED | {"CheckoutRequestID": checkout(self._pushes)})
        assert path == QUERY_PATH, path
        results = self.results[message["CheckoutRequestID"]]
        code = (results.pop(0) if len(results) > 1 else results[0]) if results else PENDING
        return answer(query_answer(message["CheckoutRequestID"], code))


def checkout(number: int) -> str:
    """The id that Daraja gives to the push of this number, from 1."""
    return f"ws_CO_{number}"


@asynccontextmanager
async def service_on(
    database: Database,
    daraja: ToldDaraja,
    *,
    background: bool = True,
    longest_sleep_seconds: float = _ALL_DAY_SECONDS,
    clock: Any = None,
    **settings: Any,
) -> AsyncIterator[Service]:
    """A service as `app` builds it, begun and in the end stopped."""
    chosen = load_settings(
        _env_file=None,
        **{
            "mpesa_environment": "simulator",
            "pokea_secret_key": SECRET_KEY,
            "pokea_jwt_secret": JWT_SECRET,
            **settings,
        },
    )
    ports = Ports(database, daraja, clock or LoopClock(), CountingBytes())
    service = Service(chosen, ports, background=background, longest_sleep_seconds=longest_sleep_seconds)
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


def begin(database: Database, bookings: Iterable[Booking] = (), payments: Iterable[Payment] = ()) -> None:
    """Write the rows that a test finds; one booking, if it names none."""
    with database.engine.begin() as connection:
        begin_with(connection, list(bookings) or [new_booking()], payments)


def only_payment(database: Database) -> Payment:
    """The one payment that there is."""
    with database.engine.connect() as connection:
        (row,) = connection.execute(SELECT_PAYMENTS).all()
    return Payment._make(row)


def payment_of(database: Database, payment_id: str) -> Payment:
    """The payment as it stands."""
    with database.engine.connect() as connection:
        found = store.find(connection, payment_id)
    assert found is not None
    return found


def change_payment(database: Database, payment_id: str, **values: Any) -> None:
    """Put a payment into a state that would take long to come about."""
    with database.engine.begin() as connection:
        change_payments(connection, tables.payments.c.id == payment_id, **values)


def command(booking_id: str = "bk_1", msisdn: str = "254712345678", **values: Any) -> PushCommand:
    """A customer's wish to be prompted."""
    return PushCommand(DEFAULT_SCOPE, "customer", False, booking_id, msisdn, 50_000, "booking_fee", **values)
