"""Alerts of running services: what a person is sent, once, from whichever process, and what strangers cannot cause."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest
from sqlalchemy import text

from tests.alerts.inbox import Inbox
from tests.operations.outage import Outage
from tests.postgres import PostgresServer
from tests.system.service.conftest import StartWorld
from tests.system.service.running import Answer, call, eventually
from tests.system.service.world import World, callback_name, failure

FOLLOWS_FEE = "booking_follows_fee"
LISTED = "196.201.212.0/24"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """An open inbox."""
    with Inbox().open() as opened:
        yield opened


def post_from(world: World, address: str, body: object, token: str = "") -> Answer:
    """Post a callback as a proxy on this machine would hand on one from that address."""
    url = f"{world.service.url}/api/v1/payments/mpesa/callback" + (f"/{token}" if token else "")
    return call("POST", url, body, {"X-Forwarded-For": address})


def is_told(inbox: Inbox, what: str) -> bool:
    """Whether a message names it."""
    return any(what in body for body in inbox.bodies)


def has_messages(inbox: Inbox, count: int) -> bool:
    """Whether so many messages came."""
    return len(inbox.messages) == count


def alerts(world: World) -> list[dict[str, str]]:
    """What an admin sees."""
    answer = world.service.call("GET", "/alerts", scope="admin")
    assert answer.status == 200, answer
    found: list[dict[str, str]] = answer.body["alerts"]
    return found


def test_strangers_alert_nobody_and_hide_no_new_address(start_world: StartWorld, inbox: Inbox) -> None:
    """Any number of posts without a payment's token raise nothing; a callback with the right token from an address that
    is not on the list is one alert for that address, after junk as before it, and another address is another one."""
    settings = {"POKEA_CALLBACK_ALLOWED_IPS": LISTED, "POKEA_TRUSTED_PROXIES": "127.0.0.1"}
    world = start_world(POKEA_ALERTS=inbox.address, **settings)
    payment = world.push(world.new_phone("manual"))
    junk = failure(payment.checkout, 1032)
    for number in range(60):
        post_from(world, f"10.0.0.{number}", junk)
        post_from(world, f"10.0.1.{number}", junk, f"{number:048x}")
        post_from(world, f"10.0.2.{number}", {"not": "a callback"}, f"{number:048x}")
    for address in ("196.201.214.200", "196.201.214.206"):
        for _ in range(3):
            assert post_from(world, address, junk, callback_name(payment.id)).status == 200
        eventually(partial(is_told, inbox, address), f"{address} is told")
    assert post_from(world, "196.201.212.7", junk, callback_name(payment.id)).status == 200
    assert [body.count("POKEA_CALLBACK_ALLOWED_IPS") for body in inbox.bodies] == [1, 1]
    assert {message["type"] for message in inbox.messages} == {"warning"}
    found = [(each["code"], each["subject"]) for each in alerts(world)]
    assert sorted(found) == [("callback_address", "196.201.214.200"), ("callback_address", "196.201.214.206")]
    assert "10.0." not in "".join(inbox.bodies)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_of_many_processes_one_sends(start_world: StartWorld, inbox: Inbox) -> None:
    """Two workers that both could, and the one that found it: a broken rule is one message, of the type failure; mended
    and broken again it is another."""
    world = start_world("--workers", "2", POKEA_ALERTS=inbox.address)
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    for count in (1, 2):
        set_status(world, "awaiting_payment")
        check_books(world, FOLLOWS_FEE)
        eventually(partial(has_messages, inbox, count), "the broken rule is told")
        assert payment.booking_id in inbox.bodies[-1]
        assert inbox.messages[-1]["type"] == "failure"
        (alert,) = alerts(world)
        assert (alert["code"], alert["subject"], alert["level"]) == ("books_wrong", FOLLOWS_FEE, "failure")
        eventually(lambda: alerts(world)[0]["sentAt"], "it is written that it was sent")
        set_status(world, "matching")
        check_books(world, None)
        eventually(lambda: alerts(world) == [], "it is over")
    assert len(inbox.messages) == 2


def test_what_could_not_be_sent_goes_out_after_a_restart(start_world: StartWorld) -> None:
    """An alert that was raised while no inbox took it is in the table, and the next process sends it."""
    inbox = Inbox()
    with ExitStack() as stack:
        world = start_world(POKEA_ALERTS=inbox.address)
        payment = world.push(world.new_phone("pay"))
        world.service.until(payment.id, "completed")
        set_status(world, "awaiting_payment")
        check_books(world, FOLLOWS_FEE)
        eventually(lambda: "could not be sent" in world.service.log, "the inbox is closed")
        assert world.service.stop() == 0
        stack.enter_context(inbox.open())
        world.service.start()
        eventually(lambda: inbox.messages, "it is sent", 60)
        assert payment.booking_id in inbox.bodies[0]


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_database_that_is_away_is_told_without_it(
    start_world: StartWorld, inbox: Inbox, postgres_server: PostgresServer
) -> None:
    """No row can be written, so the process sends the alert itself, once for reading and once for writing at most, and
    writes it as sent when the database is back."""
    world = start_world(POKEA_ALERTS=inbox.address)
    outage = Outage(postgres_server, world.database_url)
    outage.begin()
    try:
        eventually(lambda: inbox.messages, "it is told", 90)
    finally:
        outage.end()
    eventually(lambda: call("GET", f"{world.service.url}/readyz").status == 200, "it is back", 60)
    assert inbox.messages[0]["type"] == "failure"
    assert "of the database has worked for" in inbox.bodies[0]
    found = eventually(lambda: alerts(world), "it is written", 60)
    assert {each["code"] for each in found} == {"database_away"}
    assert all(each["sentAt"] for each in found)
    assert len(inbox.messages) == len(set(inbox.bodies)) <= 2


def test_only_an_admin_sees_alerts(world: World) -> None:
    """They name payments and addresses, so a customer and a stranger do not see them."""
    assert alerts(world) == []
    assert world.service.call("GET", "/alerts").status == 403
    assert call("GET", f"{world.service.url}/api/v1/alerts").status == 401


def set_status(world: World, status: str) -> None:
    """Change every booking by hand, which no part of Pokea does."""
    world.query(lambda connection: connection.execute(text("update bookings set status = :status"), {"status": status}))


def check_books(world: World, broken: str | None) -> None:
    """Have the books checked until this rule is broken, or none."""
    wanted = [] if broken is None else [broken]

    def found() -> bool:
        rules = call("GET", f"{world.service.url}/api/v1/books").body["rules"]
        return [rule["name"] for rule in rules if rule["holds"] is False] == wanted

    assert world.service.call("POST", "/books/check", scope="admin").status == 202
    eventually(found, "the books are checked", 60)
