"""Fresh applications, made from the templates in `apps` with the packed tarball and what their locks pin, and built.

Each is made once below `.cache/applications`; its packages are installed again when its lock changes.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.ports import free_port
from tests.system.browser.places import HOUSE

APPS: Final = Path(__file__).parent / "apps"
_MADE: Final = HOUSE / ".cache/applications"
_NPM: Final = ("npm", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
"""No package may run a program of its own when it is installed."""


class Template(NamedTuple):
    """What an application is made of: folders of `apps` or others, and where the page that they share is put."""

    name: str
    folders: Sequence[str | Path]
    page_folder: str | None


REACT_18: Final = Template("react-18", ("vite", "react-18"), "src")
REACT_19: Final = Template("react-19", ("vite", "react-19"), "src")
NEXT: Final = Template("next", (HOUSE / "examples/next-shop", "next", "next-page"), "app/checkout")
CHECKERS: Final = Template("checkers", ("checkers",), None)


def packed(package: str = "checkout") -> Path:
    """The tarball of an npm package, packed as it would be published."""
    with (HOUSE / "web" / package / "package.json").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # Tests run in several processes.
        _run(("tools/web", "pack", package), HOUSE)
    (tarball,) = (HOUSE / "dist").glob(f"pokea-{package}-*.tgz")
    return tarball


@contextlib.contextmanager
def made(template: Template) -> Iterator[Path]:
    """The folder of an application with its pinned packages; no other process has it meanwhile."""
    folder = _MADE / template.name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for part in template.folders:
            shutil.copytree(APPS / part, folder, dirs_exist_ok=True)
        if template.page_folder:
            shutil.copy(APPS / "shop.tsx", folder / template.page_folder)
        _run(("tools/web", "pins", str(folder.relative_to(HOUSE))), HOUSE)
        yield folder


def install(folder: Path, *tarballs: Path) -> None:
    """Install packages as their users do, beside what is there; they need nothing from a registry."""
    shutil.rmtree(folder / "node_modules/@pokea", ignore_errors=True)
    node((_NPM[0], "install", "--no-save", "--offline", *_NPM[1:], *map(str, tarballs)), folder)


def node(command: Sequence[str], folder: Path) -> str:
    """Run a command with Node.js in front of the path, and return what it printed. Fails with its output."""
    return _run((str(HOUSE / "tools/node"), *command), folder)


def _run(command: Sequence[str], folder: Path) -> str:
    environment = os.environ | {"NEXT_TELEMETRY_DISABLED": "1", "CI": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def next_server(folder: Path, log: Path, **settings: str) -> Iterator[str]:
    """`next start` with these settings, and its origin."""
    port = free_port()
    command = [str(HOUSE / "tools/node"), "node", "node_modules/next/dist/bin/next", "start"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--hostname", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=os.environ | {"NEXT_TELEMETRY_DISABLED": "1"} | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
