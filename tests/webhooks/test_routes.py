"""The calls of endpoints over HTTP: what they take, answer and refuse."""

import asyncio
from typing import Any

from sqlalchemy import select

from pokea.events.types import PATTERNS
from pokea.storage.database import Database
from pokea.storage.tables import deliveries, endpoint_secrets, endpoints
from tests.api.serving import bearer
from tests.webhooks.scene import PATH, Shop, receiving, run, shop

URL = "https://shop.example.co.ke/hook"
MAKE = {"url": URL, "types": ["payment.*"]}


async def _is_refused(run_: Shop, body: Any, field: str, *, method: str = "POST", path: str = PATH) -> str:
    refused = await run_.call(method, path, body)
    assert (refused.status, refused.body["code"]) == (400, "invalid_request"), (body, refused.body)
    assert refused.body["errors"][0]["field"].startswith(field), (body, refused.body)
    message: str = refused.body["message"]
    return message


def test_an_endpoint_is_made_read_changed_and_deleted(database: Database) -> None:
    """The secret stands in the answer that makes an endpoint, and in no other."""

    async def talk() -> None:
        async with shop(database) as run_:
            made = await run_.call("POST", PATH, MAKE | {"description": "The shop", "latestOnly": True})
            assert made.status == 201
            body = made.body["webhook"]
            assert body["secret"].startswith("whsec_")
            assert body["id"].startswith("wh_")
            without = {key: value for key, value in body.items() if key != "secret"}
            assert without == {
                "id": body["id"], "url": URL, "types": ["payment.*"], "description": "The shop", "latestOnly": True,
                "status": "enabled", "failingSince": None, "nextProbeAt": None, "createdAt": body["createdAt"],
            }  # fmt: skip
            one = f"{PATH}/{body['id']}"
            assert (await run_.call("GET", one)).body == {"success": True, "webhook": without}
            assert (await run_.call("GET", PATH)).body == {"success": True, "webhooks": [without], "nextCursor": None}
            changed = await run_.call("PATCH", one, {"types": ["*"], "description": None, "latestOnly": False})
            assert changed.body["webhook"] == without | {"types": ["*"], "description": None, "latestOnly": False}
            assert (await run_.call("PATCH", one, {})).body["webhook"] == changed.body["webhook"]
            assert (await run_.call("DELETE", one)).body == {"success": True}
            assert (await run_.call("DELETE", one)).status == 404
            assert (await run_.call("GET", one)).body["code"] == "not_found"

    run(talk)


def test_nothing_is_left_of_a_deleted_endpoint(database: Database) -> None:
    """With an endpoint go its secrets and what is known of its deliveries."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            run_.happen("pay_1", 1)
            await receiver.count(1)
            await run_.call("DELETE", f"{PATH}/{endpoint['id']}")
            run_.happen("pay_1", 2)
            run_.happen("pay_2", 1)
            other = await run_.endpoint(receiver.url)
            run_.happen("pay_3", 1)
            await receiver.count(2)
            await run_.until_delivered(other)

    run(talk)
    with database.engine.connect() as connection:
        left = [list(connection.execute(select(table))) for table in (endpoints, endpoint_secrets, deliveries)]
    assert [len(rows) for rows in left] == [1, 1, 1]


def test_a_secret_is_sealed(database: Database) -> None:
    """The database does not hold a secret as it is."""

    async def talk() -> str:
        async with shop(database) as run_:
            return str((await run_.endpoint(URL))["secret"])

    secret = asyncio.run(talk()).removeprefix("whsec_").encode()
    with database.engine.connect() as connection:
        (sealed,) = connection.execute(select(endpoint_secrets.c.sealed)).scalars()
    assert secret not in sealed
    assert secret[:8] not in sealed


WRONG_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"url": None}, "url"),
    ({"url": 5}, "url"),
    ({"url": ""}, "url"),
    ({"url": "https://shop.example/" + "a" * 2000}, "url"),
    ({"types": None}, "types"),
    ({"types": []}, "types"),
    ({"types": "payment.*"}, "types"),
    ({"types": [5]}, "types"),
    ({"types": {"payment.*": True}}, "types"),
    ({"types": ["payment.*", "payment.lost"]}, "types"),
    ({"types": ["payment"]}, "types"),
    ({"types": [""]}, "types"),
    ({"description": ""}, "description"),
    ({"description": "a\nb"}, "description"),
    ({"description": "x" * 201}, "description"),
    ({"description": 5}, "description"),
    ({"latestOnly": "true"}, "latestOnly"),
    ({"latestOnly": 1}, "latestOnly"),
]


def test_a_wrong_field_is_named(database: Database) -> None:
    """What is missing, malformed or out of range is refused with 400 that names it."""

    async def talk() -> None:
        async with shop(database) as run_:
            for change, field in WRONG_FIELDS:
                await _is_refused(run_, MAKE | change, field)

    run(talk)


def test_an_unknown_type_is_refused_with_the_known_ones(database: Database) -> None:
    """The answer lists all that can be subscribed to, for a new endpoint, a change and a replay."""

    async def talk() -> None:
        async with shop(database) as run_:
            one = f"{PATH}/{(await run_.endpoint(URL))['id']}"
            calls = [("POST", PATH, MAKE), ("PATCH", one, {}), ("POST", f"{one}/replay", {})]
            for method, path, body in calls:
                says = await _is_refused(run_, body | {"types": ["payment.lost"]}, "types", method=method, path=path)
                assert all(f"{each}" in says for each in PATTERNS)

    run(talk)


def test_a_rotation_takes_whole_seconds_up_to_thirty_days(database: Database) -> None:
    """Negative, fractional, text, and more than 30 days are refused, naming the field."""

    async def talk() -> None:
        async with shop(database) as run_:
            path = f"{PATH}/{(await run_.endpoint(URL))['id']}/rotate"
            for seconds in (-1, 1.5, "60", None, True, 30 * 24 * 3600 + 1):
                await _is_refused(run_, {"expireInSeconds": seconds}, "expireInSeconds", path=path)
            assert (await run_.call("POST", path, {"expireInSeconds": 30 * 24 * 3600})).status == 200

    run(talk)


def test_a_call_that_is_repeated_shows_no_secret(database: Database) -> None:
    """With the same key an endpoint is made once, and a secret rotated once; the second answer has no secret and says
    so. Another body with the key is refused."""

    async def talk() -> None:
        async with shop(database) as run_:
            key = {"Idempotency-Key": "make-1"}
            first, second = [await run_.call("POST", PATH, MAKE, **key) for _ in range(2)]
            assert (first.status, second.status) == (201, 201)
            assert second.headers["Idempotency-Replayed"] == "true"
            assert "secret" not in second.body["webhook"]
            assert "not shown again" in second.body["message"]
            assert first.body["webhook"]["id"] == second.body["webhook"]["id"]
            assert "message" not in first.body
            other = await run_.call("POST", PATH, MAKE | {"types": ["*"]}, **key)
            assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
            path, key = f"{PATH}/{first.body['webhook']['id']}/rotate", {"Idempotency-Key": "rotate-1"}
            first, second = [await run_.call("POST", path, {"expireInSeconds": 60}, **key) for _ in range(2)]
            assert first.body["webhook"]["secret"].startswith("whsec_")
            assert "secret" not in second.body["webhook"]
            assert second.headers["Idempotency-Replayed"] == "true"

    run(talk)
    with database.engine.connect() as connection:
        assert len(connection.execute(select(endpoint_secrets.c.id)).all()) == 2
        assert len(connection.execute(select(endpoints.c.id)).all()) == 1


def test_a_key_whose_endpoint_was_deleted_makes_no_other(database: Database) -> None:
    """The repeated call learns that what it made is gone."""

    async def talk() -> None:
        async with shop(database) as run_:
            key = {"Idempotency-Key": "make-1"}
            made = await run_.call("POST", PATH, MAKE, **key)
            await run_.call("DELETE", f"{PATH}/{made.body['webhook']['id']}")
            again = await run_.call("POST", PATH, MAKE, **key)
            assert (again.status, again.body["code"]) == (404, "not_found")

    run(talk)


def test_there_are_fifty_endpoints_at_most(database: Database) -> None:
    """The fifty-first is refused with 409, also where several are made at once."""

    async def talk() -> None:
        async with shop(database) as run_:
            made = await asyncio.gather(*(run_.call("POST", PATH, MAKE) for _ in range(52)))
            assert sorted(each.status for each in made) == [201] * 50 + [409] * 2
            (code,) = {each.body["code"] for each in made if each.status == 409}
            assert code == "too_many_webhooks"
            listed = (await run_.call("GET", f"{PATH}?limit=30")).body
            assert len(listed["webhooks"]) == 30
            rest = (await run_.call("GET", f"{PATH}?limit=30&cursor={listed['nextCursor']}")).body
            assert (len(rest["webhooks"]), rest["nextCursor"]) == (20, None)
            ids = [each["id"] for each in [*listed["webhooks"], *rest["webhooks"]]]
            assert ids == sorted(ids, reverse=True)

    run(talk)


def test_five_secrets_sign_at_most(database: Database) -> None:
    """A sixth secret is refused while five sign; one that ends the others at once is taken."""

    async def talk() -> None:
        async with shop(database) as run_:
            path = f"{PATH}/{(await run_.endpoint(URL))['id']}/rotate"
            made = [(await run_.call("POST", path)).status for _ in range(5)]
            assert made == [200, 200, 200, 200, 409]
            assert (await run_.call("POST", path, {"expireInSeconds": 0})).status == 200
            assert (await run_.call("POST", path)).status == 200

    run(talk)


CALLS = [
    ("POST", PATH, MAKE),
    ("GET", PATH, None),
    ("GET", "{one}", None),
    ("PATCH", "{one}", {}),
    ("DELETE", "{one}", None),
    ("POST", "{one}/rotate", {"expireInSeconds": 1}),
    ("POST", "{one}/ping", None),
    ("GET", "{one}/deliveries", None),
    ("POST", "{one}/replay", {}),
    ("POST", "{one}/enable", {"from": "now"}),
]


def test_only_an_admin_calls_webhooks(database: Database) -> None:
    """Without a token 401, with another scope 403; and an endpoint that is none is 404, whatever its id looks like."""

    async def talk() -> None:
        async with shop(database) as run_:
            one = f"{PATH}/wh_{'0' * 26}"
            other = bearer("someone", "payments:read", "payments:write", now=run_.clock.now())
            for method, path, body in CALLS:
                options: dict[str, Any] = {} if body is None else {"json": body}
                there = path.format(one=one)
                assert (await run_.client.send(method, there, **options)).status == 401
                assert (await run_.client.send(method, there, headers=other, **options)).status == 403
                for absent in (one, f"{PATH}/wh_1", f"{PATH}/pay_{'0' * 26}") if "{one}" in path else ():
                    missing = await run_.call(method, path.format(one=absent), body)
                    assert (missing.status, missing.body["code"]) == (404, "not_found"), absent

    run(talk)


WRONG_WISHES: list[tuple[str, dict[str, Any], str]] = [
    ("replay", {"since": "yesterday"}, "since"),
    ("replay", {"until": "9"}, "until"),
    ("replay", {"types": "payment.*"}, "types"),
    ("replay", {"types": [1]}, "types"),
    ("replay", {"objects": "pay_1"}, "objects"),
    ("replay", {"objects": ["x"] * 101}, "objects"),
    ("enable", {}, "from"),
    ("enable", {"from": "yesterday"}, "from"),
    ("enable", {"from": 5}, "from"),
    ("enable", {"from": "2999-01-01"}, "from"),
]


def test_a_wrong_wish_is_refused(database: Database) -> None:
    """What is replayed, and from where an endpoint is enabled, is checked field by field."""

    async def talk() -> None:
        async with shop(database) as run_:
            one = f"{PATH}/{(await run_.endpoint(URL))['id']}"
            for path, body, field in WRONG_WISHES:
                await _is_refused(run_, body, field, path=f"{one}/{path}")

    run(talk)


def test_a_wrong_query_is_refused(database: Database) -> None:
    """A page has 100 entries at most, and each parameter its form."""

    async def talk() -> None:
        async with shop(database) as run_:
            one = f"{PATH}/{(await run_.endpoint(URL))['id']}"
            for query in ("limit=0", "limit=101", "limit=x", "cursor=%20", "parked=perhaps", "object=a%20b"):
                name = query.partition("=")[0]
                await _is_refused(run_, None, name, method="GET", path=f"{one}/deliveries?{query}")
            for query in ("limit=0", "limit=101", "cursor=wh_1"):
                await _is_refused(run_, None, query.partition("=")[0], method="GET", path=f"{PATH}?{query}")

    run(talk)


def test_deliveries_are_listed_in_pages(database: Database) -> None:
    """Each object is one entry, the greatest id first, and a page goes on where the one before ended."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            for number in range(5):
                run_.happen(f"pay_{number}", 1)
            await receiver.count(5)
            await run_.until_delivered(endpoint)
            one = f"{PATH}/{endpoint['id']}/deliveries"
            first = (await run_.call("GET", f"{one}?limit=3")).body
            rest = (await run_.call("GET", f"{one}?limit=3&cursor={first['nextCursor']}")).body
            objects = [each["object"] for each in [*first["deliveries"], *rest["deliveries"]]]
            assert objects == [f"pay_{number}" for number in (4, 3, 2, 1, 0)]
            assert rest["nextCursor"] is None
            (only,) = await run_.deliveries(endpoint, "object=pay_2&parked=false")
            assert (only["object"], only["status"], only["answerStatus"]) == ("pay_2", "delivered", 204)
            assert await run_.deliveries(endpoint, "parked=true") == []

    run(talk)
