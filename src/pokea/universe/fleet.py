"""The processes of the service: started, killed, started again on the same database, and replaced by a deploy."""

import asyncio
import random
import traceback
from collections.abc import Callable
from contextvars import Context
from functools import cache
from typing import Any, NamedTuple

from starlette.types import ASGIApp

from pokea.app import Ports, Service
from pokea.clock import SECOND
from pokea.courier import Courier
from pokea.operations.tokens import PaymentTokens
from pokea.redact import Secret
from pokea.settings import Settings, given_settings
from pokea.universe import next_version
from pokea.universe.chronicle import Chronicle
from pokea.universe.disk import INJECTED, Disk, Store, UniverseDatabase
from pokea.universe.fault_plan import FaultPlan
from pokea.universe.loop import VirtualLoop
from pokea.universe.network import LifeTransport, Network, Side, Tap
from pokea.universe.plan import Plan
from pokea.universe.process import LifeClock, Process

SECRET_KEY = "the secret key of every universe that there is"  # noqa: S105 - nothing real is kept with it
NEXT_SECRET_KEY = "the secret key after the one of every universe"  # noqa: S105 - nothing real is kept with it
TOKENS = PaymentTokens(Secret(SECRET_KEY), Secret(NEXT_SECRET_KEY))
"""The tokens of whichever process made them."""
JWT_SECRET = "the secret that signs the tokens of universes"  # noqa: S105 - nothing real is opened with it
_MOST_TRANSACTIONS = 20_000
_DRAINED_WITHIN_SECONDS = 55.0
_STOPPED_WITHIN_SECONDS = 60.0
_STOPPED = "stopped"


class Running(NamedTuple):
    """A life and what it runs."""

    life: Process
    service: Service
    ports: Ports
    settings: Settings


class Fleet:
    """Every process of the service that there is, was and will be, and the balancer in front of them."""

    def __init__(
        self,
        loop: VirtualLoop,
        plan: Plan,
        chance: random.Random,
        chronicle: Chronicle,
        store: Store,
        weather: FaultPlan,
        network: Network,
        daraja: Side,
        tap: Tap,
        courier_of: Callable[[Process], Courier],
    ) -> None:
        self._loop = loop
        self._plan = plan
        self._chance = chance
        self._chronicle = chronicle
        self._store = store
        self._weather = weather
        self._network = network
        self._daraja = daraja
        self._tap = tap
        self._courier_of = courier_of
        self._open: list[Running] = []
        self._retiring: list[Process] = []
        self._spared = False
        self._starting: dict[int, asyncio.Task[Running | None]] = {}
        self.lives: list[Process] = []
        self.complaints: list[str] = []
        self.told_by_successor = 0

    def door(self) -> tuple[ASGIApp | None, Process | None]:
        """Where the next connection goes: one of the processes that listen, if any does."""
        if not self._open:
            return None, None
        chosen = self._open[0] if len(self._open) == 1 else self._chance.choice(self._open)
        return chosen.service.application, chosen.life

    @property
    def newest(self) -> Running | None:
        """The process that was started last, if it listens."""
        return self._open[-1] if self._open else None

    async def begin(self) -> Running | None:
        """Start a process; it listens once it has started. None if it dies before."""
        number = len(self.lives)
        doom = self._plan.dooms[number] if number < len(self._plan.dooms) and not self._spared else None
        skew = self._plan.skew + round(self._chance.uniform(-0.5, 0.5) * SECOND)
        life = Process(self._loop, number + 1, skew, doom)
        self.lives.append(life)
        life.on_death = lambda why: self._died(life, why)
        disk = Disk(life, self._store, self._weather, self._chance, self._chronicle, _MOST_TRANSACTIONS)
        life.disk = disk
        ports = Ports(
            UniverseDatabase(self._store, life, disk, rehearse=self._plan.rehearses),
            LifeTransport(self._network, self._daraja, life, self._tap),
            LifeClock(self._loop, self._plan.epoch, life),
            _bytes_of(life, self._chance),
            courier=self._courier_of(life),
        )
        settings = settings_of(self._plan, number)
        service = Service(
            settings,
            ports,
            longest_sleep_seconds=self._plan.longest_sleep_seconds,
            audit_every_seconds=self._plan.audit_every_seconds,
        )
        running = Running(life, service, ports, settings)
        self._note(life, "starts")
        started = life.run(service.start())
        while not started.done():
            if life.over:
                return None
            await asyncio.wait([started], timeout=1)
        started.result()
        if life.over:
            return None
        self._open.append(running)
        return running

    def _died(self, life: Process, why: str) -> None:
        self._open = [running for running in self._open if running.life is not life]
        if why == _STOPPED:
            self._note(life, "has stopped")
            return
        self._note(life, f"IS KILLED {why}")
        self._chronicle.count("crashes")
        self._chronicle.count(f"crash.{' '.join(why.split()[:2]).rstrip(',')}")
        if life in self._retiring:
            return
        down_seconds = self._chance.choice((0.2, self._chance.uniform(0.5, 10), self._chance.uniform(10, 120)))
        self._loop.call_later(0.0 if self._spared else down_seconds, self._start_again, context=Context())

    def _start_again(self) -> None:
        number = len(self.lives)
        self._starting[number] = self._loop.create_task(self.begin())
        self._starting[number].add_done_callback(lambda _done: self._starting.pop(number, None))

    def kill_one(self) -> None:
        """Kill a process, if one runs."""
        if self._open:
            self._chance.choice(self._open).life.kill("from outside")

    async def deploy(self) -> None:
        """Start another process, let both run for a while, and stop the old ones as a deploy does."""
        old = list(self._open)
        self._chronicle.count("deploys")
        if self._plan.deploys_successor:
            next_version.expand(self._store.connection)
        await self.begin()
        await asyncio.sleep(self._chance.uniform(1, 40))
        if self._plan.deploys_successor:
            self.told_by_successor += next_version.tell(self._store.connection)
            self._chronicle.count("two versions")
        for running in old:
            await self.drain(running)

    async def drain(self, running: Running) -> None:
        """Take no more requests, finish those that are being answered, and end cleanly, as a server does."""
        life = running.life
        if life.over or running not in self._open:
            return
        self._open.remove(running)
        self._retiring.append(life)
        self._note(life, "takes no more requests")
        life.run(_end_streams(running.service))
        deadline = self._loop.time() + _DRAINED_WITHIN_SECONDS
        while life.is_serving and not life.over and self._loop.time() < deadline:  # noqa: ASYNC110 - as servers wait
            await asyncio.sleep(0.25)
        if life.over:
            return
        stopped = life.run(running.service.stop())
        deadline = self._loop.time() + _STOPPED_WITHIN_SECONDS
        while not stopped.done() and not life.over and self._loop.time() < deadline:
            await asyncio.wait([stopped], timeout=1)
        if stopped.done() and stopped.exception() is not None:
            self.complaints.append(f"{life.name} did not stop cleanly: {stopped.exception()!r}")
        life.kill(_STOPPED if stopped.done() else "because it took too long to stop")

    async def drain_all(self) -> None:
        """Stop every process cleanly."""
        for running in list(self._open):
            await self.drain(running)

    def spare(self) -> None:
        """Nothing is killed any more."""
        self._spared = True
        for life in self.lives:
            life.spare()

    async def stand(self) -> Running:
        """The process that listens, once one does."""
        while self.newest is None:  # noqa: ASYNC110 - as whoever looks whether a page answers again
            await asyncio.sleep(1)
        return self.newest

    def failures(self) -> list[str]:
        """What ended tasks of the service that nobody looked after, save what the universe itself has broken."""
        found = []
        for life in self.lives:
            for task in life.tasks:
                unseen = task.done() and not task.cancelled() and getattr(task, "_log_traceback", False)
                told = "".join(traceback.format_exception(task.exception())) if unseen else INJECTED
                if INJECTED not in told:
                    found.append(f"a task of {life.name} failed, and nobody looked: {told}")
        return found

    def _note(self, life: Process, what: str) -> None:
        self._chronicle.note(round(self._loop.time() * SECOND), life.name, "process", what)


async def _end_streams(service: Service) -> None:
    """As `serve` does when it is told to stop: a stream would not end by itself."""
    service.release()


def _keys_of(rotates: bool, number: int) -> tuple[str, str]:
    """The secret key of a life and the other one that it accepts.

    A rotation takes two deploys, the first of which is over when a universe begins (docs/operating.md).
    """
    if not rotates:
        return SECRET_KEY, ""
    return (NEXT_SECRET_KEY, SECRET_KEY) if number > 0 else (SECRET_KEY, NEXT_SECRET_KEY)


def settings_of(plan: Plan, number: int = 0) -> Settings:
    """The settings of the life of this number, from 0."""
    return _settings(*_keys_of(plan.rotates_key, number), tuple(plan.settings.items()))


@cache
def _settings(key: str, other_key: str, drawn: tuple[tuple[str, Any], ...]) -> Settings:
    return given_settings(
        mpesa_environment="simulator",
        mpesa_base_url="http://daraja.test",
        pokea_secret_key=key,
        pokea_previous_secret_key=other_key,
        pokea_jwt_secret=JWT_SECRET,
        **dict(drawn),
    )


def _bytes_of(life: Process, chance: random.Random) -> Callable[[int], bytes]:
    def random_bytes(count: int) -> bytes:
        life.check()
        return chance.randbytes(count)

    return random_bytes
