"""Processes of `pokea` that begin at once: forks of one Python that has imported everything already.

A start of Python with all that a service imports costs seconds of a slow core, and the tests start some hundred. A fork
is a process like any other: it has an id, files and memory of its own, takes signals, and is killed. What it does not
show is the start itself: a test of how fast, or from which files, a program starts lets `Program` start it.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import resource
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import pokea
from pokea.testing.programs import PythonLauncher, RunningProcess

_HOUSE: Final = Path(__file__).parents[1]
_READ_BY_IMPORTS: Final = {"PROMETHEUS_MULTIPROC_DIR"}
_LARGEST_REQUEST_BYTES: Final = 128 * 1024
_LATE: Final = ("pokea.client", "pokea.storage.migrations", "pokea.testing")
"""Packages that no command imports."""
_LIBRARIES: Final = (
    "alembic.command",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
)


class ForkedProcess:
    """A process that the prepared Python began, used as a `subprocess.Popen` is, also by several threads."""

    def __init__(self, status: socket.socket) -> None:
        """Take the socket that brings the process's id now, and the status of its end in time."""
        self._file = status.detach()
        weakref.finalize(self, os.close, self._file)
        self._lock = threading.Lock()
        self.pid = int(self._line())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, or minus the signal that ended it; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return the exit code. Raises TimeoutExpired when it lasts longer than these seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            with self._lock:
                if self.returncode is None and self._has_come(0):
                    self.returncode = os.waitstatus_to_exitcode(int(self._line()))
                if self.returncode is not None:
                    return self.returncode
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired(f"the process {self.pid}", timeout or 0)
            self._has_come(left)

    def send_signal(self, number: int) -> None:
        """Send it this signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.send_signal(signal.SIGKILL)

    def _has_come(self, seconds: float | None) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._file, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def _line(self) -> bytes:
        taken = b""
        while not taken.endswith(b"\n"):
            piece = os.read(self._file, 1)
            if not piece:
                raise ChildProcessError("the prepared Python has ended")
            taken += piece
        return taken


def launch(
    arguments: Sequence[str], environment: Mapping[str, str], log_file: Path, *, most_files: int
) -> RunningProcess:
    """Begin `pokea` as a `pokea.testing.programs.Launcher` does; in a new Python where imports read the environment."""
    if _READ_BY_IMPORTS & environment.keys():
        return PythonLauncher()(arguments, environment, log_file, most_files=most_files)
    with log_file.open("ab") as log, open(os.devnull) as nothing:
        return _fork(arguments, environment, log_file.parent, [nothing, log, log], most_files)


def run(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, *, typed: str = "", timeout_seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run one command of `pokea` to its end; `typed` is what stands at its input.

    Raises TimeoutExpired, after killing it, when it lasts too long.
    """
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3)]
        files[0].write(typed)
        files[0].seek(0)
        process = _fork(arguments, environment, folder, files, 0)
        try:
            code = process.wait(timeout_seconds)
        finally:
            process.kill()
        for each in files:
            each.seek(0)
        return subprocess.CompletedProcess([*arguments], code, files[1].read(), files[2].read())


def _fork(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, files: Sequence[IO[Any]], most_files: int
) -> ForkedProcess:
    ours, its = socket.socketpair()
    request = {
        "arguments": [*arguments],
        "environment": {**environment},
        "folder": str(folder),
        "most_files": most_files,
    }
    with its:
        socket.send_fds(_nursery(), [json.dumps(request).encode()], [*(each.fileno() for each in files), its.fileno()])
    return ForkedProcess(ours)


@functools.cache
def _nursery() -> socket.socket:
    """The way to this process's prepared Python, which ends when this process does."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        command = [sys.executable, "-m", "tests.prepared", str(its.fileno())]
        process = subprocess.Popen(command, pass_fds=[its.fileno()], cwd=_HOUSE)

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _import_everything() -> None:
    found = [
        module.name for module in pkgutil.walk_packages(pokea.__path__, "pokea.") if not module.name.startswith(_LATE)
    ]
    for name in [*found, *_LIBRARIES]:
        if not name.endswith("__main__"):
            importlib.import_module(name)


class _Nursery:
    """Takes requests, forks, and tells each request the id of its process and how it ended."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._living: dict[int, socket.socket] = {}
        self._woken, self._waker = socket.socketpair()
        for each in (requests, self._woken, self._waker):
            each.setblocking(False)

    def next_child(self) -> Mapping[str, Any] | None:
        """Serve until the tests have gone: None; or, in a new process, what it is asked to be."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._requests, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                selector.select()
                with contextlib.suppress(BlockingIOError):
                    self._woken.recv(4096)
                self._reap()
                with contextlib.suppress(BlockingIOError):
                    text, files, _, _ = socket.recv_fds(self._requests, _LARGEST_REQUEST_BYTES, 4)
                    if not text:
                        return None
                    if self._fork(files):
                        break
        self._become_nobody_elses()
        return dict(json.loads(text))

    def _fork(self, files: Sequence[int]) -> bool:
        """Whether this is the new process."""
        *standard, status = files
        pid = os.fork()
        if pid == 0:
            for number, file in enumerate(standard):
                os.dup2(file, number)
            os.close(status)
        else:
            self._living[pid] = socket.socket(fileno=status)
            self._living[pid].sendall(f"{pid}\n".encode())
        for file in standard:
            os.close(file)
        return pid == 0

    def _reap(self) -> None:
        while self._living:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with self._living.pop(pid) as told, contextlib.suppress(OSError):
                told.sendall(f"{status}\n".encode())

    def _become_nobody_elses(self) -> None:
        """In the new process: no file and no signal of the nursery is left, nor what `nohup` set."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for each in (self._requests, self._woken, self._waker, *self._living.values()):
            each.close()


def _be(asked: Mapping[str, Any]) -> None:
    """Be `python -m pokea` with these arguments."""
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    os.chdir(asked["folder"])
    sys.path[0] = asked["folder"]
    sys.argv = ["pokea", *asked["arguments"]]
    if asked["most_files"]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (asked["most_files"], asked["most_files"]))
    runpy.run_module("pokea", run_name="__main__", alter_sys=True)


def main() -> None:
    """Import everything, and fork on request until the tests have gone."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    _import_everything()
    gc.collect()
    gc.freeze()
    asked = _Nursery(requests).next_child()
    if asked is not None:
        _be(asked)


if __name__ == "__main__":
    main()
