"""The releases that are measured beside each other: the present one, and a worktree of an earlier one.

Each side runs its own code on its own pinned packages: its services, and the programs that fill its databases
(`bench.prepared`). What sends the load, what answers for Daraja and what counts is the present release's, for both.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct

from bench.made import Prepared
from bench.stage import NOWHERE, Bench, running
from pokea.testing.programs import PythonLauncher
from tests.ports import free_port
from tests.system.service.running import Program, ServiceProgram, new_service

ROOT: Final = Path(__file__).parent.parent
_WORKTREES: Final = ROOT / ".cache" / "against"
_PAGES: Final = Path("src", "pokea", "pages")


class Side(Struct, frozen=True):
    """A release: its name in the tables, where its files lie, and the interpreter that has its packages."""

    name: str
    root: Path
    interpreter: str

    @property
    def environment(self) -> dict[str, str]:
        """What makes its interpreter take its code."""
        return {"PYTHONPATH": f"{self.root / 'src'}{os.pathsep}{self.root}"}

    @contextmanager
    def service(
        self, bench: Bench, database_url: str, *options: str, daraja_url: str = NOWHERE, **settings: str
    ) -> Iterator[ServiceProgram]:
        """Its `pokea serve`, running."""
        program = new_service(bench.new_folder(), database_url, daraja_url, *options, **self.environment, **settings)
        program.launcher = PythonLauncher(self.interpreter)
        with running(program):
            yield program

    @contextmanager
    def demo(self, bench: Bench) -> Iterator[Program]:
        """Its `pokea demo`, not yet started."""
        folder, port = bench.new_folder(), free_port()
        options = ["demo", "--no-browser", "--port", str(port), "--sim-port", str(free_port())]
        program = Program(options, self.environment, folder / "log", f"http://127.0.0.1:{port}")
        program.launcher = PythonLauncher(self.interpreter)
        try:
            yield program
        finally:
            program.close()

    def run(self, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> str:
        """What its interpreter prints; raises CalledProcessError, and shows why, where it fails."""
        done = subprocess.run(
            [self.interpreter, *arguments],
            cwd=self.root,
            env={**os.environ, **self.environment, **environment},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout

    def prepare(self, what: str, database_url: str, **order: Any) -> Prepared:
        """Fill a database as `bench.prepared` says, by this side's own code."""
        with tempfile.TemporaryDirectory(prefix="pokea-side-") as folder:
            given, answer = Path(folder, "order"), Path(folder, "answer")
            given.write_bytes(msgspec.json.encode({"what": what, "url": database_url, **order}))
            self.run("-P", str(ROOT / "bench" / "prepared.py"), str(given), str(answer))
            return msgspec.msgpack.decode(answer.read_bytes(), type=Prepared)


def present() -> Side:
    """The release that is here."""
    return Side("now", ROOT, sys.executable)


def checked_out(revision: str) -> Side:
    """A worktree of a revision, with a virtual environment of its own, made where it is not there yet.

    Its pages are the present ones, since no benchmark of two sides shows any. Raises CalledProcessError where git knows
    no such revision, or its packages cannot be installed.
    """
    commit = _git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    root = _WORKTREES / commit
    if not root.exists():
        _git("worktree", "prune")
        _git("worktree", "add", "--detach", str(root), commit)
    environment = {name: value for name, value in os.environ.items() if name not in ("VENV", "VIRTUAL_ENV")}
    subprocess.run(
        [root / "tools" / "install", "run"], cwd=root, env={**environment, "PYTHON": sys.executable}, check=True
    )
    if not (root / _PAGES).exists():
        shutil.copytree(ROOT / _PAGES, root / _PAGES)
    return Side(_git("rev-parse", "--short", commit), root, str(root / ".venv" / "bin" / "python"))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S607 # whichever git there is
    return done.stdout.strip()
