"""The list of events over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pokea.events.routes import event_list_routes
from pokea.storage.database import Database
from tests.api.serving import Client, SetClock, against, bearer, new_test_application, new_test_gate
from tests.events.happened import event, happen, number

EVENTS = "/api/v1/events"
ADMIN = bearer("root", "admin")


def served(database: Database, talk: Callable[[Client], Awaitable[None]]) -> None:
    """Run one conversation with a server of the list."""
    clock = SetClock()
    app = new_test_application(clock)
    event_list_routes(new_test_gate(clock), database, livemode=False, environment="simulator").add_to(app)
    against(app, talk)


def test_an_event_is_shown_with_its_number(database: Database) -> None:
    """The fields of its body, its id and its place; `next` and `latest` say that nothing is left."""
    happen(database, event("pay_1"))
    number(database)

    async def talk(client: Client) -> None:
        answer = await client.get(EVENTS, headers=ADMIN)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        assert answer.body == {
            "success": True,
            "events": [
                {
                    "sequence": 1,
                    "id": "evt_pay_1_1",
                    "type": "payment.pending",
                    "timestamp": "2025-01-27T17:46:40.000Z",
                    "data": {"object": "payment", "id": "pay_1", "version": 1, "status": "pending"},
                    "livemode": False,
                }
            ],
            "next": 1,
            "latest": 1,
            "environment": "simulator",
        }
        rest = await client.get(f"{EVENTS}?after=1&limit=100&type=payment.*&object=pay_1", headers=ADMIN)
        nothing: dict[str, Any] = {"success": True, "events": [], "environment": "simulator"}
        assert rest.body == nothing | {"next": 1, "latest": 1}

    served(database, talk)


def test_an_empty_list_is_empty(database: Database) -> None:
    """Before the first event the last number is 0."""

    async def talk(client: Client) -> None:
        answer = await client.get(EVENTS, headers=ADMIN)
        assert answer.body == {"success": True, "events": [], "next": 0, "latest": 0, "environment": "simulator"}

    served(database, talk)


def test_the_list_is_for_an_admin(database: Database) -> None:
    """A customer's token does not open it, and none at all neither."""

    async def talk(client: Client) -> None:
        customer = await client.get(EVENTS, headers=bearer("alice", "payments:read"))
        assert (customer.status, customer.body["code"]) == (403, "forbidden")
        assert (await client.get(EVENTS)).status == 401

    served(database, talk)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=101", "limit"),
        ("limit=0", "limit"),
        ("after=-1", "after"),
        ("after=1.5", "after"),
        ("after=9007199254740992", "after"),
        ("type=payment.done", "type"),
        ("type=payment", "type"),
        ("object=%27", "object"),
        ("limit=1&limit=2", "limit"),
    ],
)
def test_what_is_out_of_range_is_refused_by_its_name(database: Database, query: str, field: str) -> None:
    """400 names the field; an unknown type is answered with the known ones."""

    async def talk(client: Client) -> None:
        answer = await client.get(f"{EVENTS}?{query}", headers=ADMIN)
        assert (answer.status, answer.body["code"]) == (400, "invalid_request")
        assert [each["field"] for each in answer.body["errors"]] == [field]
        if field == "type":
            assert "payment.completed" in answer.body["errors"][0]["message"]

    served(database, talk)
