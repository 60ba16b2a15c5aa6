"""A service and a simulator in one process of their own, on a fresh file, as `pokea demo` runs them."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pokea.client import Pokea
from pokea.testing.programs import Program, free_port
from pokea.testing.simulator_api import SimulatorApi

_FIRST_PHONE: Final = 254_730_000_001


class LocalPokea:
    """A running service, the simulator that it talks to, and a client that may do everything (`token`)."""

    def __init__(self, program: Program, simulator_url: str, token: str) -> None:
        self.program = program
        self.url = program.url
        self.token = token
        self.simulator = SimulatorApi(simulator_url)
        self.client = Pokea(self.url, token)
        self._phones = itertools.count(_FIRST_PHONE)

    def new_phone(self, behaviour: str = "manual", **rest: object) -> str:
        """The number of a phone that no other test has.

        `behaviour` is of docs/simulator.md: `manual` waits for `simulator.answer(phone, "pay")`; `pay`, `cancel` and
        the others act by themselves, at once unless `delaySeconds` says otherwise.
        """
        phone = str(next(self._phones))
        self.simulator.subscriber(phone, behaviour, **{"delaySeconds": 0} | rest)
        return phone


@contextmanager
def local_pokea(folder: Path) -> Iterator[LocalPokea]:
    """A service and a simulator that run as long as the context; their file and their log are in `folder`."""
    port, simulator_port = free_port(), free_port()
    options = ["--port", str(port), "--sim-port", str(simulator_port), "--data", str(folder), "--no-browser"]
    program = Program(["demo", *options], {}, folder / "pokea.log", f"http://127.0.0.1:{port}")
    try:
        program.start()
        token = (folder / "token").read_text(encoding="ascii").strip()
        running = LocalPokea(program, f"http://127.0.0.1:{simulator_port}", token)
        yield running
        running.client.close()
        program.stop()
    finally:
        program.close()
