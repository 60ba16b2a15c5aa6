"""Real processes for tests: the service and the simulator, started, asked, stopped and killed."""

import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, Self

from pokea.testing.asking import call, eventually
from pokea.testing.simulator_api import SimulatorApi

_START_SECONDS: Final = 180.0
_FIRST_PORT: Final = 20_000
"""Below those that the system gives to outgoing connections."""
_PORTS_OF_A_WORKER: Final = 1_000
_MOST_WORKERS: Final = 10
_numbers = itertools.count(os.getpid())


def free_port() -> int:
    """A port on which nothing listens at the moment; each worker of pytest-xdist takes its own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _MOST_WORKERS
    first = _FIRST_PORT + worker * _PORTS_OF_A_WORKER
    for _ in range(_PORTS_OF_A_WORKER):
        port = first + next(_numbers) % _PORTS_OF_A_WORKER
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def own_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process with these settings of Pokea and no others."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MPESA_", "POKEA_"))}
    return own | dict(settings)


class RunningProcess(Protocol):
    """What a program needs of its process, which a `subprocess.Popen` gives."""

    pid: int

    def poll(self) -> int | None:
        """The exit code; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return the exit code. Raises TimeoutExpired."""

    def send_signal(self, sig: int, /) -> None:
        """Send it a signal, unless it has ended."""

    def kill(self) -> None:
        """End it at once."""


class Launcher(Protocol):
    """Begins `pokea` with these arguments and this environment, in the folder of its log, into which it prints."""

    def __call__(
        self, arguments: Sequence[str], environment: Mapping[str, str], log_file: Path, *, most_files: int
    ) -> RunningProcess:
        """Begin it. `most_files` bounds the files that it may open; 0 leaves that to the machine."""


@dataclass(frozen=True)
class PythonLauncher:
    """Begins it in a new process of this Python, which imports everything anew."""

    interpreter: str = sys.executable

    def __call__(
        self, arguments: Sequence[str], environment: Mapping[str, str], log_file: Path, *, most_files: int
    ) -> subprocess.Popen[bytes]:
        """Begin it, as `Launcher` says."""
        bounded = ["sh", "-c", f'ulimit -n {most_files}; exec "$@"', "sh"] if most_files else []
        with log_file.open("ab") as log:
            return subprocess.Popen(
                [*bounded, self.interpreter, "-m", "pokea", *arguments],
                env=dict(environment),
                stdout=log,
                stderr=log,
                cwd=log_file.parent,
            )


@dataclass
class Program:
    """One `pokea` process, its log, and the address on which it answers.

    `most_files` bounds the files that it may open; 0 leaves that to the machine. `launcher` begins it.
    """

    arguments: list[str]
    environment: dict[str, str]
    log_file: Path
    url: str
    process: RunningProcess | None = field(default=None, repr=False)
    most_files: int = 0
    launcher: Launcher = PythonLauncher()

    def start(self) -> Self:
        """Start it, also after it was ended, and wait until it answers."""
        return self.launch().ready()

    def launch(self) -> Self:
        """Start it and go on."""
        environment = own_environment(self.environment)
        self.process = self.launcher(self.arguments, environment, self.log_file, most_files=self.most_files)
        return self

    def ready(self) -> Self:
        """Wait until it answers."""
        if self.url:
            try:
                eventually(self._answers, f"{self.arguments[0]} answers", _START_SECONDS)
            except AssertionError as failure:
                raise AssertionError(f"{failure}; its log:\n{self.log}") from None
        return self

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def _answers(self) -> bool:
        if self.started.poll() is not None:
            raise AssertionError(f"{self.arguments[0]} ended:\n{self.log}")
        try:
            return call("GET", f"{self.url}/healthz", timeout_seconds=1).status in (200, 404)
        except OSError:
            return False

    @property
    def started(self) -> RunningProcess:
        """Its process. Raises AssertionError when it was not started."""
        if self.process is None:
            raise AssertionError(f"{self.arguments[0]} was not started")
        return self.process

    @property
    def log(self) -> str:
        """Everything it has printed so far."""
        return self.log_file.read_text() if self.log_file.exists() else ""

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30) -> int:
        """Ask it to end, and return its exit code."""
        self.started.send_signal(number)
        return self.started.wait(seconds)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.started.kill()
        self.started.wait()

    def close(self) -> None:
        """Make sure that it does not outlive its test."""
        if self.is_running:
            self.kill()


class SimulatorProgram(Program, SimulatorApi):
    """A running simulator and its test API."""


def new_simulator(folder: Path, *options: str) -> SimulatorProgram:
    """A simulator that is not yet started, and logs into this folder."""
    port = free_port()
    return SimulatorProgram(
        ["simulate", "--port", str(port), *options], {}, folder / "simulator.log", f"http://127.0.0.1:{port}"
    )
