"""The service's processes under a supervisor that starts again whatever has died, as any shop's does."""

import itertools
import random
import threading
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from tests import prepared
from tests.system.chaos.forwarder import Forwarder
from tests.system.service.running import Program, ServiceProgram, call, eventually, new_service

_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0
_NUMBERS = itertools.count(1)


class Fleet:
    """So many `pokea serve` behind one address, which Daraja and the customers use, and so many `pokea work`."""

    def __init__(self, folder: Path, database_url: str, simulator_url: str, serving: int, working: int) -> None:
        self.address = Forwarder([]).start()
        callback_url = f"{self.address.url}/api/v1/payments/stk/callback"
        self.serving = [
            new_service(_place(folder), database_url, simulator_url, MPESA_CALLBACK_URL=callback_url)
            for _ in range(serving)
        ]
        self.working = [_worker(_place(folder), self.serving[0]) for _ in range(working)]
        self._stopping = threading.Event()
        self._pause_seconds = 0.0
        self._keepers = [threading.Thread(target=self._keep, args=[program]) for program in self.programs]
        self.starts = 0

    @property
    def programs(self) -> Sequence[Program]:
        """Every process."""
        return [*self.serving, *self.working]

    @property
    def log(self) -> str:
        """Everything that any of them has printed."""
        return "".join(program.log for program in self.programs)

    def start(self) -> None:
        """Start all, wait until they answer, and keep them alive from then on."""
        for program in self.programs:
            program.start()
        self.address.point_at([int(service.url.rpartition(":")[2]) for service in self.serving])
        for keeper in self._keepers:
            keeper.start()

    def kill_one(self, chance: random.Random, pause_seconds: float) -> str:
        """Kill one of the processes that are there; it stays away for a while. Answers which."""
        self._pause_seconds = pause_seconds
        program = chance.choice([each for each in self.programs if _is_there(each)] or self.programs)
        program.kill()
        return program.arguments[0]

    def kill_all(self, pause_seconds: float) -> None:
        """Kill every process at once."""
        self._pause_seconds = pause_seconds
        for program in self.programs:
            program.kill()

    def wait_for_one(self) -> None:
        """Wait until one process serves."""
        eventually(lambda: any(_is_up(each) for each in self.serving), "a process serves", _PATIENCE_SECONDS)

    def stand(self) -> None:
        """Wait until every process is up and answers."""
        self._pause_seconds = 0
        eventually(lambda: all(_is_up(each) for each in self.programs), "every process is up", _PATIENCE_SECONDS)

    def stop(self) -> list[int]:
        """End every process in order; their exit codes."""
        self._stopping.set()
        for keeper in self._keepers:
            keeper.join()
        return [program.stop() for program in self.programs]

    def close(self) -> None:
        """Leave nothing behind."""
        self._stopping.set()
        for keeper in self._keepers:
            if keeper.ident is not None:
                keeper.join()
        for program in self.programs:
            program.close()
        self.address.close()

    def _keep(self, program: Program) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            process = program.process
            if process is None or process.poll() is None:
                continue
            if self._stopping.wait(self._pause_seconds):
                return
            self.starts += 1
            try:
                program.start()
            except AssertionError:
                # It was killed while it started, or found no database: the next round starts it again.
                program.close()


def _place(folder: Path) -> Path:
    place = folder / f"process{next(_NUMBERS)}"
    place.mkdir()
    return place


def _worker(folder: Path, service: ServiceProgram) -> Program:
    return Program(["work"], service.environment, folder / "work.log", "", launcher=prepared.launch)


def _is_there(program: Program) -> bool:
    return program.process is not None and program.process.poll() is None


def _is_up(program: Program) -> bool:
    if not _is_there(program):
        return False
    if not program.url:
        return True  # a worker answers nobody
    try:
        return call("GET", f"{program.url}/readyz", timeout_seconds=2).status == HTTPStatus.OK
    except OSError:
        return False
