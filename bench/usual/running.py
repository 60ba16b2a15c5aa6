"""The servers of the usual kind: what they are made of is pinned beside them, and installed by this benchmark alone."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from msgspec import Struct

from bench.made import CALLBACK_PATH
from bench.stage import Bench
from tests.ports import free_port
from tests.system.service.running import SECRET_KEY, call, eventually

Form = Literal["light", "whole"]
"""`light` does what the guide does, on tables of its own; `whole` does what Pokea does, on Pokea's tables."""
HERE = Path(__file__).parent
_HOUSE = HERE.parent.parent
_PLACE = _HOUSE / ".cache" / "bench-usual"
_NODE = str(_HOUSE / "tools" / "node")
_WORKERS = ("--workers", "3", "--threads", "4", "--worker-class", "gthread", "--keep-alive", "30", "--backlog", "2048")


class Installed(Struct, frozen=True):
    """Where the one has its interpreter, and the other its folder."""

    python: Path
    modules: Path

    def flask(self, form: Form) -> Sequence[str]:
        """The command of the Flask view."""
        gunicorn = (str(self.python), "-m", "gunicorn", *_WORKERS, "--bind", "127.0.0.1:{port}")
        return (*gunicorn, f"flask_orm.{form}:app")

    def express(self, form: Form) -> Sequence[str]:
        """The command of the Express handler."""
        return (_NODE, "node", str(self.modules / f"{form}.mjs"))


def install() -> Installed:
    """Install both in the repository's cache, as their locks say."""
    python, modules = _PLACE / "python", _PLACE / "node"
    modules.mkdir(parents=True, exist_ok=True)
    uv = str(Path(sys.executable).with_name("uv"))
    if not (python / "bin" / "gunicorn").exists():
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(python)])
    lock = str(HERE / "flask_orm" / "requirements.lock")
    _run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python / "bin" / "python"), lock])
    for file in (HERE / "express_pg").iterdir():
        shutil.copy(file, modules / file.name)
    if not (modules / "node_modules").exists():
        _run([_NODE, "npm", "ci", "--no-audit", "--no-fund", "--prefix", str(modules)])
    return Installed(python / "bin" / "python", modules)


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


@contextmanager
def served(bench: Bench, command: Sequence[str], url: str) -> Iterator[tuple[int, int]]:
    """Run the server on a free port; its port and its process id."""
    port = free_port()
    given = {"DATABASE_URL": url, "PORT": str(port), "SECRET_KEY": SECRET_KEY, "NODE_ENV": "production"}
    with (bench.new_folder() / "log").open("wb") as log:
        process = subprocess.Popen(
            [part.format(port=port) for part in command], cwd=HERE, env=os.environ | given, stdout=log, stderr=log
        )
    try:
        eventually(lambda: _answers(port), f"{command[-1]} answers", 60)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    """Whether it refuses what is no callback, at one of the two addresses."""
    try:
        paths = (CALLBACK_PATH, f"{CALLBACK_PATH}/0")
        return any(call("POST", f"http://127.0.0.1:{port}{path}", {}).status == 400 for path in paths)  # noqa: PLR2004 - as invalid
    except OSError:
        return False
