"""The books of a running service: anyone may see the last check, and what somebody breaks by hand is alerted."""

from typing import Any

from sqlalchemy import text

from tests.system.service.conftest import StartWorld
from tests.system.service.running import Answer, ServiceProgram, call, eventually
from tests.system.service.world import World

FOLLOWS_FEE = "booking_follows_fee"


def books(world: World) -> dict[str, Any]:
    """What anyone may see."""
    answer = call("GET", f"{world.service.url}/api/v1/books")
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.body
    return body


def checked(world: World) -> dict[str, Any]:
    """What anyone may see, once the whole books have been checked again."""
    assert world.service.call("POST", "/books/check", scope="admin").status == 202
    found: dict[str, Any] = eventually(
        lambda: next((body for body in [books(world)] if body["lookedAt"] and not body["checking"]), None),
        "the books are checked",
    )
    return found


def set_status(world: World, status: str) -> None:
    """Change every booking by hand, which no part of Pokea does."""
    world.query(lambda connection: connection.execute(text("update bookings set status = :status"), {"status": status}))


def broken(body: dict[str, Any]) -> dict[str, int]:
    """The rules that do not hold, and in how many places."""
    return {rule["name"]: rule["violations"] for rule in body["rules"] if rule["holds"] is False}


def test_the_books_of_a_service_that_takes_payments_hold(start_world: StartWorld) -> None:
    """After a payment every rule is shown as held, with the time of the check, and no token is asked for."""
    world = start_world()
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    body = checked(world)
    assert broken(body) == {}
    assert body["holds"] is True
    assert body["wholeCheckEndedAt"] is not None
    assert len(body["rules"]) >= 12
    assert body["places"] is None


def test_what_is_broken_by_hand_is_alerted_and_shown(start_world: StartWorld) -> None:
    """A row changed behind the service's back is a critical line, a number for anyone, and a place for an admin."""
    world = start_world()
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    assert checked(world)["holds"] is True
    set_status(world, "awaiting_payment")
    body = checked(world)
    assert (body["holds"], broken(body)) == (False, {FOLLOWS_FEE: 1})
    assert payment.booking_id not in str(body)
    assert f"The books are wrong, by the rule {FOLLOWS_FEE}: {payment.booking_id}" in world.service.log
    assert "CRITICAL pokea.books" in world.service.log
    shown = world.service.call("GET", "/books", scope="admin").body["places"]
    assert [(place["rule"], payment.booking_id in place["where"]) for place in shown] == [(FOLLOWS_FEE, True)]
    metrics = call("GET", f"{world.service.url}/metrics").body
    assert f'pokea_books_violations{{rule="{FOLLOWS_FEE}"}} 1.0' in metrics
    set_status(world, "matching")
    assert broken(checked(world)) == {}


def test_only_an_admin_asks_for_a_check(world: World) -> None:
    """A customer sees what anyone sees, may not ask for a check, and a wrong token is refused."""
    seen = world.service.call("GET", "/books")
    assert (seen.status, seen.body["places"]) == (200, None)
    refused: Answer = world.service.call("POST", "/books/check")
    assert (refused.status, refused.body["code"]) == (403, "forbidden")
    assert call("POST", f"{world.service.url}/api/v1/books/check").status == 401
    wrong = call("GET", f"{world.service.url}/api/v1/books", headers={"Authorization": "Bearer no.such.token"})
    assert wrong.status == 401


def test_the_call_is_described(world: World) -> None:
    """The document has both calls; seeing needs no token."""
    paths = call("GET", f"{world.service.url}/openapi.json").body["paths"]
    assert "security" not in paths["/api/v1/books"]["get"]
    assert paths["/api/v1/books/check"]["post"]["security"] == [{"bearer": []}]


def test_a_worker_checks_the_books_of_a_service_that_only_serves(start_world: StartWorld) -> None:
    """`pokea serve --no-background` asks, and nothing is checked before a worker comes; then it is."""
    world = start_world("--no-background")
    assert world.service.call("POST", "/books/check", scope="admin").status == 202
    assert books(world)["holds"] is None
    worker = ServiceProgram(["work"], world.service.environment, world.service.log_file.with_name("work.log"), "")
    worker.start()
    try:
        eventually(lambda: books(world)["holds"], "a worker checks the books", 60)
    finally:
        assert worker.stop() == 0
