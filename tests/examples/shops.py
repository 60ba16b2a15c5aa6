"""A shop of `examples/` that runs, and a customer who orders there."""

import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import NamedTuple

from pokea.testing import call, eventually, free_port
from tests.house.test_house import HOUSE


class Page(NamedTuple):
    """What a browser shows: where it was led to, and the text."""

    status: int
    url: str
    text: str


class Customer:
    """A browser with cookies that fills in the shop's form."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def order(self, phone: str) -> Page:
        """Order with this phone, and see the page that the shop leads to."""
        hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.see("/").text)
        form = urllib.parse.urlencode({**dict(hidden), "phone": phone}).encode()
        return self._open(f"{self.url}/orders", form)

    def see(self, path: str) -> Page:
        """A page of the shop."""
        return self._open(urllib.parse.urljoin(self.url, path), None)

    def _open(self, url: str, form: bytes | None) -> Page:
        try:
            with self._opener.open(url, form, timeout=60) as answer:
                return Page(answer.status, answer.url, answer.read().decode())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Page(refusal.code, url, refusal.read().decode())


@contextmanager
def running_shop(
    name: str, commands: Sequence[Sequence[str]], folder: Path, settings: Mapping[str, str], port: int = 0
) -> Iterator[str]:
    """The address of a shop whose last command serves it; those before it are run to their end first."""
    port = port or free_port()
    source, log = HOUSE / "examples" / name, folder / f"{name}.log"
    environment = os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"} | dict(settings)
    *prepare, serve = [[sys.executable, *(part.format(port=port, source=source) for part in each)] for each in commands]
    for each in prepare:
        done = subprocess.run(each, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    with log.open("w") as output:
        process = subprocess.Popen(serve, cwd=folder, env=environment, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: answers(url), f"{name} answers; its log:\n{log.read_text()}", 60)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def answers(url: str) -> bool:
    """Whether something is served there."""
    try:
        return call("GET", url, timeout_seconds=5).status == 200
    except OSError:
        return False
