"""The analytics and the history's totals of a running service: kept as payments settle, and told to admins alone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from pokea.analytics.recount import differences
from pokea.analytics.schemas import ANALYTICS
from pokea.clock import EAST_AFRICA_TIME
from tests.system.service.conftest import StartWorld
from tests.system.service.running import Answer, call
from tests.system.service.world import World, failure, next_receipt, success


def asked(world: World, query: str = "", scope: str = "admin") -> Answer:
    """The analytics' answer."""
    return world.service.call("GET", f"/payments/mpesa/analytics{query}", scope=scope)


def summary(world: World) -> dict[str, Any]:
    """The figures of the last thirty days."""
    answer = asked(world)
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.body["summary"]
    return found


def total(world: World, query: str, subject: str = "boss", scope: str = "admin") -> int:
    """The history's total."""
    answer = world.service.call("GET", f"/payments/mpesa/history?{query}", subject=subject, scope=scope)
    assert answer.status == 200, answer
    found: int = answer.body["total"]
    assert answer.body["pages"] == -(-found // 10)
    return found


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether an answer has the shape that is described, its objects nothing that is not."""
    if "properties" in schema:
        parts = schema["properties"]
        return set(value) == set(parts) and all(fits(value[name], parts[name]) for name in parts)
    if "items" in schema:
        return all(fits(each, schema["items"]) for each in value)
    if isinstance(schema.get("additionalProperties"), dict):
        return all(fits(each, schema["additionalProperties"]) for each in value.values())
    named = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kinds: dict[str, Any] = {"integer": int, "number": (int, float), "string": str, "boolean": bool, "null": type(None)}
    return any(isinstance(value, kinds[name]) for name in named)


def test_figures_follow_what_happens(start_world: StartWorld) -> None:
    """A day of successes, failures, a lost callback and a late success is told exactly, and a recount agrees."""
    world = start_world()
    assert summary(world)["transactions"] == 0
    assert summary(world)["successRate"] is None
    paid = world.push(subject="amina")
    world.tell(paid, success(paid.checkout, paid.amount, next_receipt()))
    cancelled = world.push(subject="baraka")
    world.tell(cancelled, failure(cancelled.checkout, 1032))
    world.push(subject="baraka")
    figures = summary(world)
    assert figures["byStatus"] == {"initiated": 0, "pending": 1, "completed": 1, "failed": 1}
    assert figures["successRate"] == 0.5
    assert figures["failureReasons"] == {"cancelled": 1}
    assert figures["revenue"] == {"gross": 500, "net": 500}
    assert total(world, "status=failed") == total(world, "status=failed", "baraka", "payments:read") == 1

    world.tell(cancelled, success(cancelled.checkout, cancelled.amount, next_receipt()))
    figures = summary(world)
    assert figures["byStatus"] == {"initiated": 0, "pending": 1, "completed": 2, "failed": 0}
    assert (figures["successRate"], figures["failureReasons"]) == (1.0, {})
    assert figures["revenue"]["gross"] == 1000
    assert (figures["completedBy"], figures["callbackSuccessRate"]) == ({"callback": 2}, 1.0)
    assert 0 <= figures["timeToPay"]["p50Seconds"] <= figures["timeToPay"]["p95Seconds"]
    assert total(world, "status=failed") == 0
    assert total(world, "status=completed", "baraka", "payments:read") == 1
    assert total(world, "") == total(world, "limit=10&page=3") == 3

    phone = world.new_phone("pay")
    world.simulator.fault("callback_lost", msisdn=phone)
    lost = world.push(phone, subject="amina")
    world.service.until(lost.id, "completed")
    figures = summary(world)
    assert figures["completedBy"] == {"callback": 2, "query": 1}
    assert figures["callbackSuccessRate"] == 0.6667
    assert world.query(lambda connection: list(differences(connection))) == []


def test_the_answer_is_what_is_described(world: World) -> None:
    """By day and by hour, of each period: an entry of the described shape, in the order of time, without a gap."""
    world.push(world.new_phone("pay"))
    today = datetime.now(EAST_AFRICA_TIME).date()
    week_ago = today - timedelta(days=6)
    for query, step, count in (
        ("", timedelta(days=1), 30),
        (f"?from={week_ago}&to={today}", timedelta(days=1), 7),
        (f"?from={today}&to={today}&by=hour", timedelta(hours=1), 24),
        ("?from=2026-01-31T23:59:59&to=2026-02-01T00:00:01", timedelta(days=1), 2),
        ("?from=2026-01-31T23:59:59&to=2026-02-01T00:00:01&by=hour", timedelta(hours=1), 2),
        ("?from=2026-01-31T20:59:59Z&to=2026-01-31T21:00:00Z&by=hour", timedelta(hours=1), 1),
    ):
        body = asked(world, query).body
        assert fits(body, ANALYTICS), query
        periods = body["periods"]
        starts = [datetime.fromisoformat(each["from"]) for each in periods]
        ends = [datetime.fromisoformat(each["to"]) for each in periods]
        assert len(periods) == count, query
        assert ends == [start + step for start in starts]
        assert starts[1:] == ends[:-1]
        assert (body["from"], body["to"]) == (periods[0]["from"], periods[-1]["to"])
        assert all(start.utcoffset() == timedelta(hours=3) for start in starts)
        assert body["summary"]["transactions"] == sum(each["transactions"] for each in periods)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?from=yesterday", "from"),
        ("?to=2026-02-30", "to"),
        ("?to=0001-01-01", "to"),
        ("?from=0001-01-01", "from"),
        ("?to=9999-12-31T23:59:59-14:00", "to"),
        ("?to=9000-12-31&by=hour&from=9000-01-01", "to"),
        ("?from=2026-02-02&to=2026-02-01", "to"),
        ("?from=2020-01-01&to=2026-01-01", "from"),
        ("?from=2026-01-01&to=2026-02-15&by=hour", "from"),
        ("?by=minute", "by"),
    ],
)
def test_what_cannot_be_answered_is_refused(world: World, query: str, field: str) -> None:
    """Bounds that are none, the wrong way round, or too far apart are named with what to do."""
    answer = asked(world, query)
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")
    assert [error["field"] for error in answer.body["errors"]] == [field]


def test_only_admins_see_the_figures(world: World) -> None:
    """The figures are those of the whole shop: customers and whoever has no token are refused."""
    answer = asked(world, scope="payments:read payments:write bookings:write")
    assert (answer.status, answer.body["code"]) == (403, "forbidden")
    assert "`admin`" in answer.body["message"]


def test_the_call_describes_itself(world: World) -> None:
    """OpenAPI has the call with its parameters and the shape of its answer."""
    document = call("GET", f"{world.service.url}/openapi.json").body
    operation = document["paths"]["/api/v1/payments/mpesa/analytics"]["get"]
    assert {each["name"] for each in operation["parameters"]} == {"by", "from", "to"}
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(schema["properties"]) == {"success", "by", "from", "to", "summary", "periods", "ageSeconds"}
    assert {"401", "403", "400"} < set(operation["responses"])
