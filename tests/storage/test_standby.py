"""Lists are read from a real standby while it is near enough, from the primary else, and never with an error."""

import asyncio
import itertools
import os
import signal
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Connection, text

from pokea.clock import SECOND, SystemClock
from pokea.errors import Unavailable
from pokea.storage.database import open_database
from pokea.storage.late_reads import CURRENT, LATE, Freshness, LateReads
from pokea.storage.standby import READ_SECONDS, StandbyWatch, open_standby
from pokea.storage.standby_age import StandbyFault
from tests.pooler import transaction_pooler
from tests.postgres import PostgresServer, new_server, owned_folder
from tests.standbys import following, hold_up, let_go_on
from tests.storage.standby_scene import PATIENCE_SECONDS, StandbyScene, keep, numbers, scene, wait_for

_numbers = itertools.count(1)
ANSWERED_WITHIN_SECONDS = 10.0


@pytest.fixture(scope="module")
def standby_server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A standby that every test leaves following."""
    with following(postgres_server) as server:
        yield server


@pytest.fixture
def name(postgres_server: PostgresServer, standby_server: PostgresServer) -> Iterator[str]:
    """The name of a database with a table `kept` of numbers, on both; a standby that is held up goes on at the end."""
    made = f"late_{next(_numbers)}"
    postgres_server.create_database(made)
    postgres_server.execute("create table kept (n integer)", made)
    wait_for(standby_server, made)
    yield made
    let_go_on(standby_server)
    postgres_server.drop_database(made)


def test_a_standby_is_read_from_and_its_age_is_known(
    postgres_server: PostgresServer, standby_server: PostgresServer, name: str
) -> None:
    """What may be late comes from the standby with its age, what must be current from the primary with none."""

    async def story() -> None:
        async with scene(postgres_server.url(name), standby_server.url(name)) as made:
            assert (await made.reads.read_one(LATE, numbers)).found == (False, [])
            await made.primary.write(keep, 1)
            await made.look_until(None)
            await made.look_until_it_shows(await made.standby.moment(made.primary))
            for read in (made.reads.read_one, made.reads.read_snapshot):
                late, current = await read(LATE, numbers), await read(CURRENT, numbers)
                assert late.found == (True, [1])
                assert 0 < late.age_seconds < PATIENCE_SECONDS
                assert current.found == (False, [1])
                assert current.age_seconds == 0
                assert late.as_of < current.as_of
            assert made.where == ["standby", "primary"] * 2

    asyncio.run(story())


def test_a_standby_is_read_from_without_prepared_statements(
    postgres_server: PostgresServer, standby_server: PostgresServer, name: str
) -> None:
    """Given POKEA_PREPARE=off, directly and through a pooler that gives each transaction another session, all that is
    read is of one moment, and each session's statements are bounded."""

    def moments(connection: Connection) -> tuple[bool, int, str]:
        found = {connection.execute(text("select now()")).scalar_one() for _ in range(3)}
        limit = connection.execute(text("select current_setting('statement_timeout')")).scalar_one()
        isolation = connection.execute(text("select current_setting('transaction_isolation')")).scalar_one()
        return isolation == "repeatable read", len(found), limit

    async def story(standby_url: str) -> None:
        primary, standby = open_database(postgres_server.url(name)), open_standby(standby_url, 30.0, prepare=False)
        try:
            made = StandbyScene(primary, standby)
            await made.look_until(None)
            for _ in range(10):
                read = await made.reads.read_one(LATE, moments)
                assert made.where[-1] == "primary" or read.found == (True, 1, "4s")
            assert "standby" in made.where
        finally:
            standby.close()
            primary.close()

    asyncio.run(story(standby_server.url(name)))
    with transaction_pooler(standby_server.url(name)) as pooled:
        asyncio.run(story(pooled))


def test_late_it_is_read_with_its_age_up_to_the_bound(
    postgres_server: PostgresServer, standby_server: PostgresServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A standby that is held up shows what it has, and says that it is older each time. Who has a bound that it is past
    reads the primary, and the log says it once; when it goes on, it is read from again."""

    async def story() -> None:
        urls = postgres_server.url(name), standby_server.url(name)
        async with scene(*urls) as patient, scene(*urls, most_age_seconds=1.0) as strict:
            await patient.look_until(None)
            await strict.look_until(None)
            hold_up(standby_server)
            await patient.primary.write(keep, 1)
            ages = [0.0]
            while ages[-1] < 1.5:
                read = await patient.reads.read_one(LATE, numbers)
                assert read.found == (True, [])
                assert read.age_seconds < PATIENCE_SECONDS
                ages.append(read.age_seconds)
                await asyncio.sleep(0.1)
                await patient.standby.look(patient.primary)
            assert ages == sorted(ages)
            await strict.look_until(StandbyFault.LATE)
            assert "what it shows is too old" in caplog.messages[-1]
            assert "POKEA_READ_AGE_SECONDS is 1" in caplog.messages[-1]
            written = len(caplog.messages)
            for _ in range(3):
                assert (await strict.reads.read_snapshot(LATE, numbers)).found == (False, [1])
                await strict.standby.look(strict.primary)
            assert len(caplog.messages) == written
            let_go_on(standby_server)
            await strict.look_until(None)
            await patient.look_until(None)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (await patient.reads.read_one(LATE, numbers)).found != (True, [1]):
                    await asyncio.sleep(0.05)

    asyncio.run(story())


def test_a_read_that_wants_more_than_the_standby_shows_is_made_on_the_primary(
    postgres_server: PostgresServer, standby_server: PostgresServer, name: str
) -> None:
    """What was committed before a read is in each later read that asks for it, wherever that one is made."""

    async def story() -> None:
        async with scene(postgres_server.url(name), standby_server.url(name)) as made:
            await made.look_until(None)
            hold_up(standby_server)
            await made.primary.write(keep, 1)
            begun = await made.reads.read_one(CURRENT, numbers)
            await made.standby.look(made.primary)
            assert (await made.reads.read_one(LATE, numbers)).found == (True, [])
            again = await made.reads.read_one(Freshness(True, begun.as_of), numbers)
            assert again.found == (False, [1])
            assert made.standby.fault is None
            let_go_on(standby_server)
            await made.look_until_it_shows(begun.as_of)
            assert (await made.reads.read_one(Freshness(True, begun.as_of), numbers)).found == (True, [1])

    asyncio.run(story())


def test_a_standby_that_is_stopped_costs_no_read_an_error(
    postgres_server: PostgresServer, standby_server: PostgresServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Reads go on while it is stopped and started, and its age rises meanwhile."""

    async def story() -> None:
        async with scene(postgres_server.url(name), standby_server.url(name)) as made:
            await made.look_until(None)
            await asyncio.to_thread(standby_server.stop)
            try:
                await made.primary.write(keep, 1)
                ages = []
                await made.look_until(StandbyFault.AWAY)
                assert "it does not answer" in caplog.messages[-1]
                written = len(caplog.messages)
                for _ in range(3):
                    found = await asyncio.gather(*(made.reads.read_one(LATE, numbers) for _ in range(8)))
                    assert [each.found for each in found] == [(False, [1])] * 8
                    await made.standby.look(made.primary)
                    ages.append(made.standby.age_seconds or 0)
                assert ages == sorted(set(ages))
                assert len(caplog.messages) == written
            finally:
                await asyncio.to_thread(standby_server.start)
            await made.look_until(None)
            await made.look_until_it_shows(await made.standby.moment(made.primary))
            assert (await made.reads.read_one(LATE, numbers)).found == (True, [1])

    asyncio.run(story())


def test_a_standby_that_is_silent_is_given_up_in_time(
    postgres_server: PostgresServer, standby_server: PostgresServer, name: str
) -> None:
    """Its processes stand still: the read is made on the primary, and the next does not wait for the standby at all."""

    async def story() -> None:
        async with scene(postgres_server.url(name), standby_server.url(name), read_seconds=READ_SECONDS) as made:
            await made.look_until(None)
            await made.reads.read_one(LATE, numbers)
            with psycopg.connect(standby_server.url(name), autocommit=True) as asking:
                backends = "select pid from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
                pids = [pid for (pid,) in asking.execute(backends, (name,)).fetchall()]
            assert pids
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            try:
                async with asyncio.timeout(ANSWERED_WITHIN_SECONDS):
                    assert (await made.reads.read_one(LATE, numbers)).found == (False, [])
                assert made.standby.fault is StandbyFault.AWAY
                assert await made.standby.read(0, numbers) is None
            finally:
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)

    asyncio.run(story())


def test_a_standby_that_was_promoted_is_not_read_from(
    postgres_server: PostgresServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even by the read that comes before the next look, though it answers, and has rows of its own by now. The log
    says it once."""

    async def story(promoted: PostgresServer) -> None:
        async with scene(postgres_server.url(name), promoted.url(name)) as made:
            await made.look_until(None)
            assert (await made.reads.read_one(LATE, numbers)).found == (True, [])
            await asyncio.to_thread(promoted.promote)
            promoted.execute("insert into kept values (666)", name)
            found = await made.reads.read_one(LATE, numbers)
            assert found.found == (False, [])
            assert found.age_seconds == 0
            for _ in range(3):
                await made.standby.look(made.primary)
            assert made.standby.fault is StandbyFault.PROMOTED
            assert sum("it was promoted" in each for each in caplog.messages) == 1

    with following(postgres_server) as server:
        asyncio.run(story(server))


def test_the_standby_of_another_primary_is_not_read_from(standby_server: PostgresServer, name: str) -> None:
    """A server in recovery that follows another cluster is known by the name that initdb gave that cluster."""

    async def story(other: PostgresServer) -> None:
        async with scene(other.url(), standby_server.url(name)) as made:
            for _ in range(2):
                await made.standby.look(made.primary)
                assert made.standby.fault is StandbyFault.STRANGE
            assert await made.standby.read(0, numbers) is None

    folder = owned_folder()
    other = new_server(folder)
    try:
        asyncio.run(story(other))
    finally:
        other.kill()


def test_a_read_that_the_standby_refuses_alone_is_made_on_the_primary(
    postgres_server: PostgresServer, standby_server: PostgresServer, name: str
) -> None:
    """A table that it does not have yet, or a read that stands in the way of what it replays, takes nothing from the
    next read; a fault of the query itself is the caller's."""

    def more(connection: Connection) -> bool:
        return bool(connection.execute(text("select pg_is_in_recovery() from more")).scalar_one())

    def in_the_way(connection: Connection) -> bool:
        is_late = bool(connection.execute(text("select pg_is_in_recovery()")).scalar_one())
        if is_late:
            connection.execute(text("do $$ begin raise exception using errcode = '40001'; end $$"))
        return is_late

    async def story() -> None:
        async with scene(postgres_server.url(name), standby_server.url(name)) as made:
            await made.look_until(None)
            hold_up(standby_server)
            postgres_server.execute("create table more as select 1", name)
            assert (await made.reads.read_one(LATE, more)).found is False
            assert (await made.reads.read_snapshot(LATE, in_the_way)).found is False
            assert made.standby.fault is None
            assert (await made.reads.read_one(LATE, numbers)).found == (True, [])

    asyncio.run(story())


def test_a_role_without_rights_finds_out_all_of_it(
    postgres_server: PostgresServer, standby_server: PostgresServer, name: str
) -> None:
    """The service's role needs no more than its own tables: the log's positions and the cluster's name are for all."""
    postgres_server.execute(f"create role plain_{name} login")
    postgres_server.execute(f"grant select on kept to plain_{name}", name)

    async def story() -> None:
        urls = [server.url(name).replace("postgres@", f"plain_{name}@") for server in (postgres_server, standby_server)]
        async with scene(urls[0], urls[1]) as made:
            await made.look_until(None)
            assert (await made.reads.read_one(LATE, numbers)).found == (True, [])

    asyncio.run(story())


async def is_refused(reads: LateReads) -> bool:
    """Whether a read that may be late is refused now."""
    try:
        await reads.read_one(LATE, numbers)
    except Unavailable:
        return True
    return False


def test_a_primary_that_is_away_leaves_the_lists_readable_for_a_while(
    standby_server: PostgresServer, postgres_server: PostgresServer, name: str
) -> None:
    """Until what the standby shows is older than the bound; then the caller is refused as by any database."""

    async def story() -> None:
        async with scene(postgres_server.url(name), standby_server.url(name), most_age_seconds=3.0) as made:
            await made.look_until(None)
            gone = open_database("postgresql://postgres@127.0.0.1:9/nowhere")
            reads = LateReads(gone, made.standby)
            try:
                read = await reads.read_one(LATE, numbers)
                assert read.found == (True, [])
                with pytest.raises(Unavailable):
                    await made.standby.look(gone)
                # Whatever commits on the primary, as vacuum by itself does, makes what the standby shows younger again.
                while not (await is_refused(reads) and (made.standby.age_seconds or 0) > 3.0):
                    await asyncio.sleep(0.1)
            finally:
                gone.close()

    asyncio.run(story())


def test_the_watch_notes_the_age_and_ends(
    postgres_server: PostgresServer, standby_server: PostgresServer, name: str
) -> None:
    """The background looks by itself, and gives the age to whatever shows it."""

    async def story() -> None:
        ages: list[float] = []
        async with scene(postgres_server.url(name), standby_server.url(name)) as made:
            watch = StandbyWatch(made.standby, made.primary, ages.append)
            await watch.start()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not ages or made.standby.fault is not None:
                    await asyncio.sleep(0.05)
            now = SystemClock().now()
            assert abs(await made.standby.moment(made.primary) - now) < 5 * SECOND
            await watch.stop()

    asyncio.run(story())
