"""Runs universes in this process: one seed in, one outcome out."""

import gc
import logging
import random
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pokea.audit.rule import Violation
from pokea.universe.chronicle import ChronicleLine
from pokea.universe.disk import Store
from pokea.universe.hook_plan import hook_chance, with_endpoints
from pokea.universe.loop import Deadlocked, Spinning, VirtualLoop
from pokea.universe.out_plan import reversal_chance, with_money_out
from pokea.universe.plan import plan_of
from pokea.universe.process import Dead
from pokea.universe.recorder import Log, listening
from pokea.universe.sandbox import OutsideReached, sealed
from pokea.universe.world import World

_MOST_TURNS = 2_000_000


class UniverseOutcome(NamedTuple):
    """What became of a universe. Two runs of one seed have the same digest, on any machine."""

    seed: int
    violations: Sequence[Violation]
    counts: Mapping[str, int]
    digest: str
    simulated_seconds: float
    cpu_seconds: float
    lines: Sequence[ChronicleLine]


class Universes:
    """Runs one universe after another on one store. Every line of `log_level` and above is searched for secrets."""

    def __init__(self, log_level: int = logging.INFO) -> None:
        self._store = Store()
        self._log_level = log_level

    def run(self, seed: int, *, money_out: bool = False) -> UniverseOutcome:
        """The universe of this seed, in which money goes out as well where that is asked for."""
        # What a universe leaves behind is one great circle, so it is collected once, when it is over.
        # What was there before is set apart: to look through it again after each universe would take half of the time.
        collects = gc.isenabled()
        gc.disable()
        gc.freeze()
        try:
            return self._run(seed, money_out)
        finally:
            gc.collect()
            gc.unfreeze()
            if collects:
                gc.enable()

    def _run(self, seed: int, money_out: bool) -> UniverseOutcome:
        began = time.process_time()
        chance = random.Random(seed)  # noqa: S311 - the one generator of this universe
        chance_of_out = random.Random(f"money out {seed}")  # noqa: S311 - the other one, so that the first one stays
        plan = plan_of(seed, chance)
        chance_of_hooks = hook_chance(seed)
        plan = with_endpoints(plan, chance_of_hooks)
        if money_out:
            plan = with_money_out(plan, chance_of_out, reversal_chance(seed))
        self._store.reset()
        loop = VirtualLoop(_MOST_TURNS)
        log = Log()
        with listening(log, self._log_level):
            with sealed(loop.fail):
                world = World(loop, plan, chance, self._store, log, chance_of_out, chance_of_hooks)
                found = _finished(loop, world)
            digest = world.chronicle.digest(self._store.content())
            lines = list(world.chronicle.lines)
            simulated_seconds = loop.time()
            _clear_away(loop)
        cpu_seconds = time.process_time() - began
        return UniverseOutcome(seed, found, dict(world.chronicle.counts), digest, simulated_seconds, cpu_seconds, lines)


def _finished(loop: VirtualLoop, world: World) -> list[Violation]:
    """Runs the world to its end; what stops it is a violation as well."""
    try:
        return loop.run_until_complete(world.run())
    except (Deadlocked, Spinning, OutsideReached) as failure:
        where = "".join(traceback.format_exception(failure)[-6:])
        return [Violation("universe_ends", f"{type(failure).__name__}: {failure}\n{where}")]


def _clear_away(loop: VirtualLoop) -> None:
    """Close what was abandoned, so that no collector does it in the middle of the next universe."""
    for task in [task for task in loop.tasks if not task.done()]:
        setattr(task, "_log_destroy_pending", False)  # noqa: B010 - asyncio has no other word for "this is meant"
        try:
            task.get_coro().close()
        except (RuntimeError, ValueError, Dead):  # a context variable is reset outside its context
            continue
    loop.close()
