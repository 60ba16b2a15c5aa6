"""The links over HTTP, against a real server and both databases."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pokea.ids import Ids
from pokea.links.routes import LinkRoutes, site_of
from pokea.storage.database import Database
from tests.api.serving import Client, SetClock, against, bearer, new_test_application, new_test_gate

LINKS = "/api/v1/links"
ADMIN = bearer("root", "admin")
CUSTOMER = bearer("alice", "bookings:write", "payments:read", "payments:write")


def linked(database: Database, talk: Callable[[Client], Awaitable[None]], clock: SetClock | None = None) -> None:
    """Run one conversation with a server of the links."""
    chosen = clock or SetClock()
    app = new_test_application(chosen)
    ids = Ids(chosen, random.Random(3).randbytes)
    routes = LinkRoutes(new_test_gate(chosen), database, chosen, ids, "https://pay.example.com")
    routes.router().add_to(app)
    against(app, talk)


async def new_link(client: Client, **fields: Any) -> dict[str, Any]:
    """A link that was made."""
    answer = await client.post(LINKS, json={"title": "Deposit"} | fields, headers=ADMIN)
    assert answer.status == 201, answer.body
    link: dict[str, Any] = answer.body["link"]
    return link


def test_a_link_is_made_and_read(database: Database) -> None:
    """201 answers with the link and its address, and a GET shows the same."""

    async def talk(client: Client) -> None:
        wanted = {"title": " Deposit ", "amount": 500, "reference": "HALL", "expiresAt": "2025-02-01T10:00:00Z"}
        answer = await client.post(LINKS, json=wanted, headers=ADMIN)
        link = answer.body["link"]
        assert answer.status == 201
        assert answer.body == {
            "success": True,
            "id": link["id"],
            "url": f"https://pay.example.com/pay/{link['id']}",
            "link": {
                "id": link["id"],
                "url": f"https://pay.example.com/pay/{link['id']}",
                "title": "Deposit",
                "amount": 500,
                "reference": "HALL",
                "expiresAt": "2025-02-01T10:00:00.000Z",
                "once": False,
                "active": True,
                "state": "open",
                "createdAt": "2025-01-27T17:46:40.000Z",
            },
        }
        assert link["id"].startswith("ln_")
        assert (await client.get(f"{LINKS}/{link['id']}", headers=ADMIN)).body == answer.body

    linked(database, talk)


def test_a_link_is_for_an_admin(database: Database) -> None:
    """A customer's token neither makes, sees, changes nor deletes a link."""

    async def talk(client: Client) -> None:
        path = f"{LINKS}/{(await new_link(client))['id']}"
        for method, where in (("POST", LINKS), ("GET", LINKS), ("GET", path), ("PATCH", path), ("DELETE", path)):
            answer = await client.send(method, where, json={"title": "x"}, headers=CUSTOMER)
            assert (answer.status, answer.body["code"]) == (403, "forbidden")
        assert (await client.get(path, headers=ADMIN)).status == 200

    linked(database, talk)


def test_a_repeated_call_makes_one_link(database: Database) -> None:
    """The same key with the same body is answered with the first link, and with another body refused."""

    async def talk(client: Client) -> None:
        keyed = ADMIN | {"Idempotency-Key": "k1"}
        first = await client.post(LINKS, json={"title": "Deposit"}, headers=keyed)
        again = await client.post(LINKS, json={"title": "Deposit"}, headers=keyed)
        other = await client.post(LINKS, json={"title": "Another"}, headers=keyed)
        assert (again.status, again.body) == (201, first.body)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
        assert len((await client.get(LINKS, headers=ADMIN)).body["links"]) == 1

    linked(database, talk)


def test_links_are_listed_by_pages(database: Database) -> None:
    """Newest first, a cursor leads on, and none is repeated or left out."""

    clock = SetClock()

    async def talk(client: Client) -> None:
        made = []
        for number in range(5):
            clock.pass_seconds(1)
            made.append((await new_link(client, title=f"Link {number}"))["id"])
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            more = f"&cursor={cursor}" if cursor else ""
            page = (await client.get(f"{LINKS}?limit=2{more}", headers=ADMIN)).body
            seen += [each["id"] for each in page["links"]]
            cursor = page["nextCursor"]
        assert seen == made[::-1]

    linked(database, talk, clock)


def test_a_link_is_switched_off_and_on(database: Database) -> None:
    """PATCH changes what it names, and leaves the rest."""

    async def talk(client: Client) -> None:
        link = await new_link(client, amount=500, expiresAt="2025-02-01")
        path = f"{LINKS}/{link['id']}"
        off = await client.send("PATCH", path, json={"active": False}, headers=ADMIN)
        assert (off.status, off.body["link"]) == (200, link | {"active": False, "state": "off"})
        on = await client.send("PATCH", path, json={"active": True, "title": "Rent", "expiresAt": None}, headers=ADMIN)
        assert on.body["link"] == link | {"title": "Rent", "expiresAt": None}
        assert (await client.send("PATCH", path, json={}, headers=ADMIN)).body == on.body
        for body in ({"active": None}, {"title": None}, {"title": ""}, {"expiresAt": "2020-01-01"}):
            assert (await client.send("PATCH", path, json=body, headers=ADMIN)).status == 400
        assert (await client.get(path, headers=ADMIN)).body == on.body

    linked(database, talk)


def test_a_link_expires(database: Database) -> None:
    """At its end the link says so; a day ends with the day in East Africa."""
    clock = SetClock()

    async def talk(client: Client) -> None:
        path = f"{LINKS}/{(await new_link(client, expiresAt='2025-01-27'))['id']}"
        clock.pass_seconds(3 * 3600 + 13 * 60)
        assert (await client.get(path, headers=bearer("root", "admin", now=clock.now()))).body["link"][
            "state"
        ] == "open"
        clock.pass_seconds(60)
        found = await client.get(path, headers=bearer("root", "admin", now=clock.now()))
        assert found.body["link"]["state"] == "expired"

    linked(database, talk, clock)


def test_a_deleted_link_is_gone(database: Database) -> None:
    """DELETE answers 200 once, and 404 from then on, as every other call does."""

    async def talk(client: Client) -> None:
        path = f"{LINKS}/{(await new_link(client))['id']}"
        assert (await client.send("DELETE", path, headers=ADMIN)).body == {"success": True}
        for method in ("GET", "PATCH", "DELETE"):
            assert (await client.send(method, path, json={"active": True}, headers=ADMIN)).status == 404
        assert (await client.get(f"{LINKS}/nonsense", headers=ADMIN)).status == 404

    linked(database, talk)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"title": ""}, "title"),
        ({"title": "x\u202e"}, "title"),
        ({"amount": 0}, "amount"),
        ({"amount": 250_001}, "amount"),
        ({"once": True}, "amount"),
        ({"reference": "TOO-LONG"}, "reference"),
        ({"expiresAt": "2020-01-01"}, "expiresAt"),
        ({"expiresAt": "soon"}, "expiresAt"),
    ],
)
def test_a_wrong_field_is_named(database: Database, fields: dict[str, Any], named: str) -> None:
    """400 names the field and says what to write."""

    async def talk(client: Client) -> None:
        answer = await client.post(LINKS, json={"title": "Deposit"} | fields, headers=ADMIN)
        assert (answer.status, answer.body["code"]) == (400, "invalid_request")
        assert f"`{named}`" in answer.body["message"]

    linked(database, talk)


@pytest.mark.parametrize(
    ("callback", "site"),
    [
        ("https://pay.example.com/api/v1/payments/mpesa/callback", "https://pay.example.com"),
        ("https://example.com/pokea/api/v1/payments/mpesa/callback", "https://example.com/pokea"),
        ("https://example.com/hooks/mpesa", "https://example.com"),
    ],
)
def test_links_stand_where_customers_reach_the_service(callback: str, site: str) -> None:
    """The address of a link begins as that of the callbacks does, a path before the API's included."""
    assert site_of(callback) == site
