"""A server in a process of its own, which prints its port first and answers over its pipes."""

import subprocess
import sys
from typing import Self


class PipedServer:
    """A running one: a module of Python that takes lines at its input and answers each with one."""

    def __init__(self, module: str, *arguments: str, scheme: str = "http") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self.url = f"{scheme}://127.0.0.1:{int(self._process.stdout.readline())}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def ask(self, line: bytes) -> bytes:
        """The line that it answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def stop(self, line: bytes, timeout_seconds: float) -> bytes:
        """What it prints before it ends, which this line asks of it. Raises TimeoutExpired."""
        out, _ = self._process.communicate(line + b"\n", timeout=timeout_seconds)
        return out
