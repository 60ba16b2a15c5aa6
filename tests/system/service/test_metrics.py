"""`/metrics` of running services: the same sums from every process, whatever becomes of one of them."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from pokea.api.metrics import CATALOGUE, HTTP_REQUESTS, LATE_READS, PAYMENT_EVENTS, STANDBY_AGE
from tests.exposition import samples, types
from tests.ports import free_port
from tests.system.service.conftest import StartWorld
from tests.system.service.running import Program, ServiceProgram, call, eventually
from tests.system.service.world import World

SCRAPES = 30
SHARED = "PROMETHEUS_MULTIPROC_DIR"


def shown(program: Program) -> str:
    """What one process answers; whichever takes the connection."""
    answer = call("GET", f"{program.url}/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    text: str = answer.body
    return text


def healths(program: Program) -> float:
    """How many calls of /healthz are counted."""
    return samples(shown(program), HTTP_REQUESTS.name).get(("GET", "/healthz", "200"), 0)


def completed(program: Program) -> float:
    """How many completions are counted."""
    return samples(shown(program), PAYMENT_EVENTS.name).get(("payment.completed",), 0)


def folders(parent: Path) -> list[str]:
    """The folders in which the workers of some `serve` count."""
    return sorted(path.name for path in parent.glob("pokea-metrics-*"))


def workers_of(program: Program) -> list[int]:
    """The processes that a `serve` has begun."""
    assert program.process is not None
    process = program.process.pid
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(child) for child in children if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()]


@pytest.fixture
def counting_world(start_world: StartWorld, tmp_path: Path) -> World:
    """A service of two workers, whose folder is made in a folder of the test's own."""
    return start_world("--workers", "2", TMPDIR=str(tmp_path))


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_every_worker_shows_what_all_have_counted(counting_world: World, tmp_path: Path) -> None:
    """Of two workers any answers with the sums of both, so that no scrape ever shows less than the one before it; a
    worker that dies takes nothing away; and nothing is left when `serve` has ended."""
    world = counting_world
    before = healths(world.service)
    for _ in range(SCRAPES):
        call("GET", f"{world.service.url}/healthz")
    assert [healths(world.service) - before for _ in range(SCRAPES)] == [SCRAPES] * SCRAPES
    world.service.until(world.push(world.new_phone("pay")).id, "completed")
    eventually(lambda: completed(world.service) >= 1, "the completion is counted")
    first, _ = workers_of(world.service)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: first not in workers_of(world.service), "the worker is gone")
    eventually(lambda: len(workers_of(world.service)) == 2, "there are two again")
    assert [healths(world.service) - before for _ in range(SCRAPES)] == [SCRAPES] * SCRAPES
    assert completed(world.service) >= 1
    assert len(folders(tmp_path)) == 1
    assert world.service.stop() == 0
    assert folders(tmp_path) == []


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_workers_whose_serve_is_killed_remove_their_folder(counting_world: World, tmp_path: Path) -> None:
    """A `serve` that is killed leaves no files behind once its workers have ended."""
    assert len(folders(tmp_path)) == 1
    counting_world.service.kill()
    eventually(lambda: folders(tmp_path) == [], "the folder is gone")


def test_what_is_shown_is_documented(start_world: StartWorld) -> None:
    """A service that took a payment and had its books checked shows every metric of the catalogue, and no other; those
    of a standby are shown where there is one (`test_standby`)."""
    world = start_world()
    world.service.until(world.push(world.new_phone("pay")).id, "completed")
    assert world.service.call("POST", "/books/check", scope="admin").status == 202
    catalogue = {each.name: each.type.value for each in CATALOGUE if each not in (STANDBY_AGE, LATE_READS)}
    eventually(lambda: types(shown(world.service)) == catalogue, "every metric is shown")


def test_a_worker_without_an_api_shows_its_own_metrics(start_world: StartWorld) -> None:
    """`pokea work --metrics-port` has health and metrics, checks the books, and none of the API."""
    world = start_world("--no-background")
    with WorkerOf(world, {}, "--metrics-port", str(free_port())) as work:
        assert work.call("POST", "/books/check", scope="admin").status == 404
        assert call("GET", f"{work.url}/readyz").status == 200
        assert world.service.call("POST", "/books/check", scope="admin").status == 202
        eventually(lambda: samples(shown(work), "pokea_books_parts_checked_total").get((), 0) > 0, "books are checked")
        assert samples(shown(world.service), "pokea_books_parts_checked_total") == {(): 0}
        assert work.stop() == 0


def test_serve_and_work_may_count_into_one_folder(start_world: StartWorld, tmp_path: Path) -> None:
    """With the same folder in both environments `/metrics` of `serve` has what `work` counts; what processes that have
    ended left in it is taken away by the next that starts."""
    shared = {SHARED: str(tmp_path / "counts")}
    (tmp_path / "counts").mkdir()
    (tmp_path / "counts" / "counter_99999999.db").touch()
    world = start_world("--no-background", **shared)
    assert not (tmp_path / "counts" / "counter_99999999.db").exists()
    with WorkerOf(world, shared) as work:
        assert world.service.call("POST", "/books/check", scope="admin").status == 202
        eventually(
            lambda: samples(shown(world.service), "pokea_books_parts_checked_total").get((), 0) > 0, "books are checked"
        )
        assert work.stop() == 0
    assert samples(shown(world.service), "pokea_books_parts_checked_total")[()] > 0


class WorkerOf:
    """A `pokea work` beside a world's service, ended when it is left."""

    def __init__(self, world: World, environment: Mapping[str, str], *arguments: str) -> None:
        url = f"http://127.0.0.1:{arguments[-1]}" if arguments else ""
        log = world.service.log_file.with_name("work.log")
        self._program = ServiceProgram(["work", *arguments], {**world.service.environment, **environment}, log, url)

    def __enter__(self) -> ServiceProgram:
        self._program.start()
        eventually(lambda: "Pokea is at work" in self._program.log, "it is at work")
        return self._program

    def __exit__(self, *_failure: object) -> None:
        if self._program.is_running:
            self._program.kill()
