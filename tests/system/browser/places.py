"""Where the pages are: a demo with its shop, and a service with the examples' pages on a site of their own."""

import contextlib
import fcntl
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from tests.system.service.running import (
    Program,
    ServiceProgram,
    SimulatorProgram,
    eventually,
    new_service,
    new_simulator,
)
from tests.system.service.world import World

HOUSE: Final = Path(__file__).parents[3]
EXAMPLE_API: Final = "http://127.0.0.1:8000"
"""Where the plain page looks for Pokea, until somebody writes their own address there."""


class DemoProgram(ServiceProgram):
    """A running demo, called with the token that it has printed."""

    def token(self, subject: str = "amina", scope: str = "") -> str:
        """The printed token, which may do everything."""
        (printed,) = re.findall(r"^  (eyJ\S+)$", self.log, re.MULTILINE)
        return str(printed)


@contextlib.contextmanager
def demo(folder: Path) -> Iterator[World]:
    """`pokea demo`, known by what it prints."""
    options = ["demo", "--no-browser", "--port", "0", "--sim-port", "0", "--data", str(folder)]
    program = DemoProgram(options, {}, folder / "demo.log", "")
    with _ended(program.launch()):
        eventually(lambda: not program.is_running or "Stop with Ctrl-C" in program.log, "the demo says where it is", 60)
        assert program.is_running, program.log
        addresses = dict(re.findall(r"^  (Shop|Phone) +(\S+)/\w+$", program.log, re.MULTILINE))
        program.url = addresses["Shop"]
        simulator = SimulatorProgram([], {}, program.log_file, addresses["Phone"])
        (file,) = folder.glob("*.sqlite3")
        yield World(program, simulator, f"sqlite:///{file}")


@contextlib.contextmanager
def service(folder: Path, template: Path, site: str) -> Iterator[World]:
    """`pokea serve` beside `pokea simulate`; pages of `site` may call it."""
    url = f"sqlite:///{shutil.copy(template, folder / 'pokea.sqlite3')}"
    simulator = new_simulator(folder)
    served = new_service(
        folder,
        url,
        simulator.url,
        POKEA_ALLOWED_ORIGINS=site,
        POKEA_PUSH_LIMIT_PHONE="5",
        POKEA_BUSINESS_NAME="POKEA DEMO",
    )
    with _ended(simulator.launch()), _ended(served.launch()):
        yield World(served.ready(), simulator.ready(), url)


@contextlib.contextmanager
def _ended(program: Program) -> Iterator[None]:
    try:
        yield
    finally:
        program.close()


class Site:
    """A merchant's site: folders served below a path each, under a strict policy that lets Pokea's origin in."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self.api = ""
        self._folders = folders
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def running(self) -> Iterator["Site"]:
        """Answers while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def file(self, path: str) -> Path:
        """What a path names; a folder's is its index."""
        first, _, rest = path.lstrip("/").partition("?")[0].partition("/")
        return self._folders.get(first, Path("/nowhere")) / (rest or "index.html")

    @property
    def policy(self) -> str:
        """What the README of the checkout says is enough."""
        return (
            f"default-src 'none'; script-src 'self' {self.api}; connect-src {self.api}; img-src data:; "
            "base-uri 'none'; form-action 'self'"
        )


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, site: Site, *rest: object) -> None:
        self._site = site
        super().__init__(*rest)  # type: ignore[arg-type]  # what the server hands to every handler

    def do_GET(self) -> None:
        file = self._site.file(self.path)
        if not file.is_file():
            self.send_error(404)
            return
        content = file.read_bytes().replace(EXAMPLE_API.encode(), self._site.api.encode())
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", self._site.policy)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nobody reads it."""


def built_example() -> Path:
    """The React example as a shop would publish it, built from its own lock if that has not been done."""
    with (HOUSE / "examples/react-booking/package.json").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # Tests run in several processes.
        subprocess.run(["tools/web", "example"], cwd=HOUSE, check=True)
    return HOUSE / "examples/react-booking/dist"


def chromium() -> str:
    """The path of a Chromium."""
    found = subprocess.run(["tools/chromium"], cwd=HOUSE, check=True, capture_output=True, text=True)
    return found.stdout.strip()
