"""A service that reads lists from a real standby, which is held up, stopped and promoted while customers page."""

import contextlib
import csv
import io
import re
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pokea.storage import tables
from tests.exposition import samples
from tests.postgres import PostgresServer
from tests.standbys import following, hold_up, let_go_on
from tests.system.service.conftest import StartWorld
from tests.system.service.running import call, command, eventually
from tests.system.service.test_doctor import examined
from tests.system.service.world import Pushed, World, next_receipt, success

LATE_SECONDS = 5
_HISTORY = "/payments/mpesa/history"
_READ_THERE = {"payments", "open_payments", "counters", "counter_deltas", "owner_counts", "owner_deltas"}
_BY_ID = re.compile(r"payments\.id (= \$|= any|in \()")
_SAID = re.compile(r"it does not answer|it was promoted|are read from the standby|is too old")
_SENT = re.compile(r"(?:statement|execute [^:]*): (.*)")


@pytest.fixture(scope="module")
def database_kind() -> str:
    """SQLite has no standby."""
    return "postgresql"


@pytest.fixture
def follower(postgres_server: PostgresServer, database_url: str) -> Iterator[PostgresServer]:
    """A standby that has the test's database."""
    assert database_url.startswith(postgres_server.url("")[:-1])
    with following(postgres_server) as server:
        yield server


def url_there(standby: PostgresServer, database_url: str) -> str:
    """Where the standby has this database."""
    return standby.url(database_url.rpartition("/")[2])


class Pager(threading.Thread):
    """A customer who reads the whole list over and over, page by page, and the merchant, who looks at the newest page
    and at the figures. It keeps what is wrong, and how old each answer was."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self._over = threading.Event()
        self.wrong: list[Any] = []
        self.made: list[str] = []
        self.ages: list[int] = []
        self.figures: list[int] = []
        self.rounds = 0

    def run(self) -> None:
        """Page until it is over."""
        while not self._over.is_set():
            try:
                self._page()
                self.rounds += 1
            except Exception as failure:
                self.wrong.append(failure)
            time.sleep(0.02)

    def end(self) -> None:
        """No more."""
        self._over.set()
        self.join()

    def _page(self) -> None:
        made_before = list(self.made)
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self._read(f"{_HISTORY}?limit=2&cursor={cursor}" if cursor else f"{_HISTORY}?limit=2", "")
            if not cursor and page["ageSeconds"]:
                self.wrong.append(f"a customer's first page was {page['ageSeconds']} s old")
            seen += [each["id"] for each in page["transactions"]]
            cursor = page["nextCursor"]
        lost, repeated = set(made_before) - set(seen), len(seen) - len(set(seen))
        if lost or repeated:
            self.wrong.append(f"lost {lost}, repeated {repeated}")
        self.ages.append(self._read(f"{_HISTORY}?limit=5", "admin")["ageSeconds"])
        self.figures.append(self._read("/payments/mpesa/analytics", "admin")["ageSeconds"])

    def _read(self, path: str, scope: str) -> dict[str, Any]:
        answer = self._world.service.call("GET", path, scope=scope)
        if answer.status != 200:
            self.wrong.append(answer)
        body: dict[str, Any] = answer.body
        return body

    def until(self, is_late: bool, least: int = 1) -> None:
        """Wait until lists and figures are read from the standby, so many seconds late at least, or from the primary
        again."""
        begun = len(self.figures)

        def is_so() -> bool:
            newest = self.ages[begun:][-1:] + self.figures[begun:][-1:]
            return len(newest) == 2 and all(age >= least if is_late else age == 0 for age in newest)

        eventually(is_so, f"lists are {'late' if is_late else 'current'}")


@contextlib.contextmanager
def paging(world: World) -> Iterator[Pager]:
    """While customers page."""
    pager = Pager(world)
    pager.start()
    try:
        yield pager
    finally:
        pager.end()


def pay(world: World, pager: Pager) -> tuple[Pushed, str]:
    """A payment that is completed by its callback, and its receipt. Its status is that of this moment."""
    payment, receipt = world.push(), next_receipt()
    pager.made.append(payment.id)
    assert world.service.status(payment.id)["status"] == "pending"
    assert world.tell(payment, success(payment.checkout, payment.amount, receipt)).status == 200
    assert world.service.status(payment.id)["status"] == "completed"
    return payment, receipt


def newest(world: World, query: str = "limit=1", scope: str = "admin") -> tuple[str, str, int]:
    """Of the newest payment that is listed its id and status, and the age of the list."""
    body = world.service.call("GET", f"{_HISTORY}?{query}", scope=scope).body
    first = body["transactions"][0]
    return first["id"], first["status"], body["ageSeconds"]


def going_on(world: World, begun: dict[str, Any]) -> tuple[list[str], int]:
    """The ids on the rest of a customer's list of five, which was begun with two, and how old they are."""
    body = world.service.call("GET", f"{_HISTORY}?limit=3&cursor={begun['nextCursor']}").body
    return [each["id"] for each in body["transactions"]], body["ageSeconds"]


def exported(world: World, folder: Path) -> tuple[list[str], bool]:
    """The ids of what `pokea export` writes, and whether it says that it may be some seconds old."""
    done = command(folder, world.service.environment, "export")
    assert done.returncode == 0, done.stderr
    ids = sorted(row["transactionId"] for row in csv.DictReader(io.StringIO(done.stdout)))
    return ids, "s old when they were read" in done.stderr


def lines(world: World) -> list[str]:
    """What the service's log says of the standby, in order, by words of each; nothing is said twice in a row."""
    said = [word for line in world.service.log.splitlines() for word in _SAID.findall(line)]
    assert all(one != next_one for one, next_one in pairwise(said)), said
    return said


def test_customers_page_while_the_standby_is_late_stopped_and_promoted(
    start_world: StartWorld, database_url: str, follower: PostgresServer, tmp_path: Path
) -> None:
    """No call fails, no list loses or repeats a payment, every list says its age, and a status is never a late one."""
    world = start_world(POKEA_READ_URL=url_there(follower, database_url))
    with paging(world) as pager:
        before = [pay(world, pager) for _ in range(5)][-1][0]
        pager.until(is_late=True)
        eventually(lambda: newest(world)[0] == before.id, "the standby has them")
        begun = world.service.call("GET", f"{_HISTORY}?limit=2").body
        eventually(lambda: going_on(world, begun)[1] > 0, "a customer's list goes on at the standby")

        hold_up(follower)
        # More than a page of them, so that a list that goes on at the standby would lack some.
        payment, receipt = [pay(world, pager) for _ in range(4)][-1]
        eventually(lambda: newest(world)[0] == before.id, "the standby is read from")
        assert newest(world, scope="") == (payment.id, "completed", 0)
        assert newest(world, f"q={receipt}") == (payment.id, "completed", 0)
        assert newest(world, f"bookingId={payment.booking_id}") == (payment.id, "completed", 0)
        pager.until(is_late=True, least=LATE_SECONDS)
        eventually(lambda: newest(world)[0] == before.id, "the standby is read from")
        eventually(lambda: going_on(world, begun)[1] >= LATE_SECONDS, "a customer's list goes on, and says its age")
        assert going_on(world, begun)[0] == pager.made[2::-1]
        let_go_on(follower)
        eventually(lambda: newest(world)[0] == payment.id, "the standby has it")

        follower.stop()
        pager.until(is_late=False)
        pay(world, pager)
        follower.start()
        pager.until(is_late=True)
        assert examined(world, tmp_path)["standby"][0] == "ok"
        eventually(lambda: exported(world, tmp_path) == (sorted(pager.made), True), "the export is from the standby")

        follower.promote()
        pager.until(is_late=False)
        pay(world, pager)
        level, says = examined(world, tmp_path)["standby"]
        assert level == "warn"
        assert "it was promoted" in says
        assert exported(world, tmp_path) == (sorted(pager.made), False)
    assert pager.wrong == []
    assert pager.rounds > 10
    assert {"it does not answer", "it was promoted", "are read from the standby"} <= set(lines(world))
    shown = call("GET", f"{world.service.url}/metrics").body
    assert samples(shown, "pokea_late_reads_total").keys() == {("standby",), ("primary",)}
    assert samples(shown, "pokea_standby_age_seconds")[()] > 0
    sent = sent_to(follower)
    assert read_by(sent) == _READ_THERE
    assert not [text for text in sent if _BY_ID.search(text.lower())]


def sent_to(standby: PostgresServer) -> set[str]:
    """What the standby was asked for, by its own log."""
    log = standby.log.read_text().replace("\n\t", " ")
    return {text for text in _SENT.findall(log) if " pg_is_in_recovery() from" not in text}


def read_by(sent: set[str]) -> set[str]:
    """The tables that these statements name."""
    named = {table for text in sent for table in re.findall(r"(?:from|join|into|update) \(?([a-z_]+)", text.lower())}
    return named & {each.name for each in tables.metadata.sorted_tables}
