"""Webhooks of a service that is killed in the middle of sending: nothing is lost, and every pair comes to its end."""

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, text, update

from pokea.client import verify_webhook
from pokea.storage import tables
from pokea.testing.receiver import Receiver, SignedMessage, receiving
from tests.conftest import Say
from tests.postgres import new_server, owned_folder
from tests.system.service.running import SimulatorProgram, eventually, new_service
from tests.system.service.world import World

KILLS = 3
BOOKINGS_A_KILL = 40


def endpoint_at(world: World, receiver: Receiver, *types: str) -> dict[str, Any]:
    """A new endpoint at this receiver."""
    answer = world.service.call("POST", "/webhooks", {"url": receiver.url, "types": list(types)}, scope="admin")
    assert answer.status == 201, answer
    made: dict[str, Any] = answer.body["webhook"]
    return made


def end_leases(connection: Connection) -> None:
    """Let the half minute pass for which a dead process holds an endpoint."""
    connection.execute(update(tables.endpoints).values(lease_until=0))


def outstanding(connection: Connection) -> int:
    """How many pairs wait, and events that have no number yet; read as at one moment, since a number makes one of the
    other."""
    pairs = connection.execute(
        text("select count(*) from deliveries where acked_version < wanted_version")
    ).scalar_one()
    unnumbered = connection.execute(text("select count(*) from outbox")).scalar_one()
    return int(pairs) + int(unnumbered)


def listed(world: World) -> list[dict[str, Any]]:
    """The list of events, from its beginning."""
    events: list[dict[str, Any]] = []
    after, latest = 0, -1
    while after != latest:
        page = world.service.call("GET", f"/events?after={after}&limit=100", scope="admin").body
        events += page["events"]
        after, latest = page["next"], page["latest"]
    return events


def by_object(messages: Sequence[SignedMessage], secret: str) -> Mapping[str, list[int]]:
    """The versions of each object as they came the first time, each message proved."""
    found: dict[str, list[int]] = {}
    for message in messages:
        data = verify_webhook(message.headers, message.body, secret).data
        versions = found.setdefault(data.id, [])
        if data.version not in versions:
            versions.append(data.version)
    return found


def book_many(world: World) -> None:
    """Bookings one after another, until the service is gone."""
    for _ in range(BOOKINGS_A_KILL):
        with suppress(OSError, AssertionError, ValueError):
            world.service.book()


def test_nothing_is_lost_by_kills(mortal_world: World, say: Say) -> None:
    """The service is killed again and again while bookings are made and webhooks sent. Afterwards each pair has what it
    wants; each version of each object has come, in order, to each endpoint that wants it; and the list of events has no
    gap."""
    world = mortal_world
    with receiving() as all_, receiving() as some, ThreadPoolExecutor(2) as pool:
        first, second = endpoint_at(world, all_, "*"), endpoint_at(world, some, "booking.*")
        began = world.service.call("GET", "/events?limit=1", scope="admin").body["latest"]
        for number in range(1, KILLS + 1):
            booking = pool.submit(book_many, world)
            reached = len(all_.received) + BOOKINGS_A_KILL // 3
            eventually(lambda: len(all_.received) >= reached, f"webhooks before kill {number}")  # noqa: B023 - at once
            world.service.kill()
            booking.result()
            world.service.start()
            world.query(end_leases)
        paid = world.push()
        world.simulator.answer(paid.phone, "pay")
        world.service.until(paid.id, "completed")
        eventually(lambda: world.read(outstanding) == 0, "nothing waits any more", 40)
        wanted: dict[str, list[int]] = {}
        events = [each for each in listed(world) if each["sequence"] > began]
        assert [each["sequence"] for each in events] == list(range(began + 1, began + 1 + len(events)))
        for each in events:
            wanted.setdefault(each["data"]["id"], []).append(each["data"]["version"])
        got = by_object(all_.received, first["secret"])
        assert got == wanted
        bookings = {name: versions for name, versions in wanted.items() if name.startswith("bk_")}
        assert by_object(some.received, second["secret"]) == bookings
        pairs = world.read(lambda connection: connection.execute(select(tables.deliveries)).all())
        for pair in pairs:
            assert pair.acked_version == pair.wanted_version == max(wanted[pair.object_id]), pair
        assert {(each.endpoint_id, each.object_id) for each in pairs} == {
            *((first["id"], name) for name in wanted),
            *((second["id"], name) for name in bookings),
        }
        twice = (
            len(all_.received) + len(some.received) - sum(map(len, wanted.values())) - sum(map(len, bookings.values()))
        )
        for each in (first, second):
            world.service.call("DELETE", f"/webhooks/{each['id']}", scope="admin")
    say(f"{len(pairs)} pairs after {KILLS} kills: none lost, none out of order, {twice} came twice")


def test_nothing_is_lost_by_a_restart_of_the_database(
    tmp_path: Path, shared_simulator: SimulatorProgram, say: Say
) -> None:
    """PostgreSQL is started anew while bookings are made and webhooks sent. Afterwards each version of each object has
    come, in order, and none waits."""
    place = owned_folder()
    server = new_server(place)
    url = server.create_database("hooks")
    service = new_service(tmp_path, url, shared_simulator.url)
    try:
        service.start()
        world = World(service, shared_simulator, url)
        with receiving() as receiver, ThreadPoolExecutor(1) as pool:
            endpoint = endpoint_at(world, receiver, "*")
            booking = pool.submit(book_many, world)
            eventually(lambda: len(receiver.received) >= BOOKINGS_A_KILL // 4, "webhooks before the restart")
            server.restart()
            booking.result()
            eventually(
                lambda: service.call("GET", "/events?limit=1", scope="admin").status == 200, "the service answers again"
            )
            eventually(lambda: world.read(outstanding) == 0, "nothing waits any more", 60)
            wanted: dict[str, list[int]] = {}
            for each in listed(world):
                wanted.setdefault(each["data"]["id"], []).append(each["data"]["version"])
            assert by_object(receiver.received, endpoint["secret"]) == wanted
        twice = len(receiver.received) - sum(map(len, wanted.values()))
    finally:
        service.close()
        server.stop()
        shutil.rmtree(place)
    say(f"{len(wanted)} objects after a restart of PostgreSQL: none lost, none out of order, {twice} came twice")


def test_a_payment_is_followed_by_webhook_to_its_end(world: World) -> None:
    """A receiver gets each version of a payment that is paid, and of its booking, in order, as they stood then."""
    with receiving() as receiver:
        endpoint = endpoint_at(world, receiver, "payment.*", "booking.held")
        payment = world.push()
        world.simulator.answer(payment.phone, "pay")
        shown = world.service.until(payment.id, "completed")
        held = f"evt_{payment.booking_id}_2"

        def ids() -> list[str]:
            return [each.headers["webhook-id"] for each in receiver.received]

        eventually(lambda: f"evt_{payment.id}_{shown['version']}" in ids() and held in ids(), "the last version came")
        of_payment = [
            verify_webhook(each.headers, each.body, endpoint["secret"])
            for each in receiver.received
            if each.headers["webhook-id"].startswith(f"evt_{payment.id}")
        ]
        assert [each.data.version for each in of_payment] == list(range(1, shown["version"] + 1))
        assert [each.type for each in of_payment][:1] == ["payment.created"]
        last = of_payment[-1]
        assert (last.type, last.data.status) == ("payment.completed", "completed")
        assert (last.data.receipt, last.data.booking_id) == (shown["mpesaReceiptNumber"], payment.booking_id)
        bodies = b"".join(each.body for each in receiver.received)
        assert payment.phone.encode() not in bodies
        assert b"amina" not in bodies
        world.service.call("DELETE", f"/webhooks/{endpoint['id']}", scope="admin")
