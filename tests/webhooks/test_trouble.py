"""Deliveries that fail: what is tried again and when, what opens a breaker, and what disables an endpoint."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from pokea.storage.database import Database
from pokea.storage.tables import alerts
from pokea.webhooks.worker import KEEPS_EVERY_SECONDS
from tests.webhooks.scene import (
    PATH,
    Arrived,
    Reply,
    answer,
    receiving,
    run,
    shop,
    until,
)


def failing_for(object_id: str, status: int = 500) -> Reply:
    """Answers one object's events with a failure, and takes all others."""
    return lambda arrived: answer(status if arrived.event["data"]["id"] == object_id else 204)


def test_a_failure_is_tried_again_with_the_same_bytes(database: Database) -> None:
    """A version waits for the one before it, and other objects for neither."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            receiver.reply = failing_for("pay_1")
            run_.happen("pay_1", 1, 2)
            run_.happen("pay_2", 1, 2)
            await run_.failed(endpoint, "pay_1", 1)
            await until(lambda: receiver.versions("pay_2") == [1, 2], "the other object goes on")
            assert set(receiver.versions("pay_1")) == {1}
            receiver.reply = lambda _: answer(204)
            await run_.pass_seconds(60)
            await run_.until_delivered(endpoint)
            versions = receiver.versions("pay_1")
            assert versions == [1] * (len(versions) - 1) + [2]
            assert len({each.body for each in receiver.arrived if each.id == "evt_pay_1_1"}) == 1

    run(talk)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500])
def test_what_is_no_2xx_is_a_failure(sqlite_database: Database, status: int) -> None:
    """Redirects are not followed, and refusals are tried again as well."""

    async def talk() -> None:
        async with receiving() as receiver, receiving() as other, shop(sqlite_database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            receiver.reply = lambda _: answer(status, f"Location: {other.url}", body="No, thanks: +254712345678")
            run_.happen("pay_1", 1)
            await run_.failed(endpoint, "pay_1", 1)
            (pair,) = await run_.deliveries(endpoint)
            assert (pair["ackedVersion"], pair["answerStatus"]) == (0, status)
            assert pair["answer"].startswith("No, thanks")
            assert "12345678" not in pair["answer"]
            assert other.connections == 0

    run(talk)


def test_what_has_arrived_is_kept_while_its_batch_goes_on(database: Database) -> None:
    """Of a process that dies then it does not come again: a version whose receiver takes its time holds up no note of
    those before it, and when it has been answered the rest is kept."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            is_over = asyncio.Event()

            async def slowly(arrived: Arrived) -> bytes:
                if arrived.event["data"]["version"] == 2:
                    await asyncio.sleep(KEEPS_EVERY_SECONDS)
                elif arrived.event["data"]["version"] == 3:
                    await is_over.wait()
                return answer(204)

            receiver.reply = slowly
            run_.happen("pay_1", 1, 2, 3, 4)
            await receiver.count(3)

            async def acked() -> int:
                version: int = (await run_.deliveries(endpoint))[0]["ackedVersion"]
                return version

            async def is_kept() -> bool:
                return await acked() == 2

            await until(is_kept, "the first two are kept")
            is_over.set()
            await run_.until_delivered(endpoint)
            assert receiver.versions("pay_1") == [1, 2, 3, 4]
            assert await acked() == 4

    run(talk)


def test_what_is_sent_again_is_kept_when_its_batch_is_over(database: Database) -> None:
    """However long a replay takes, each of its versions comes once more, and no more than that."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            run_.happen("pay_1", 1, 2, 3)
            await receiver.count(3)
            await run_.until_delivered(endpoint)

            async def slowly(_arrived: Arrived) -> bytes:
                await asyncio.sleep(KEEPS_EVERY_SECONDS)
                return answer(204)

            receiver.reply = slowly
            assert (await run_.call("POST", f"{PATH}/{endpoint['id']}/replay")).status == 202
            await receiver.count(6)
            await run_.until_delivered(endpoint)
            assert receiver.versions("pay_1") == [1, 2, 3, 1, 2, 3]

    run(talk)


def test_five_failures_open_the_breaker_and_a_probe_closes_it(database: Database) -> None:
    """While it is open nothing but one probe at a time is sent, whatever waits; when one arrives, everything does."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            receiver.reply = lambda _: answer(503)
            for number in range(30):
                run_.happen(f"pay_{number:02}", 1)
            await until(lambda: _is_open(run_, endpoint), "the breaker is open")
            count = len(receiver.arrived)
            assert 5 <= count <= 5 + 8
            for number in range(30, 40):
                run_.happen(f"pay_{number}", 1)
            await asyncio.sleep(0.3)
            assert len(receiver.arrived) == count
            await run_.pass_seconds(7)
            await receiver.count(count + 1)
            await asyncio.sleep(0.3)
            assert len(receiver.arrived) == count + 1
            shown = await run_.shown(endpoint)
            assert shown["failingSince"] < shown["nextProbeAt"]
            receiver.reply = lambda _: answer(204)
            await run_.pass_seconds(75)
            await run_.until_delivered(endpoint)
            assert len(set(receiver.ids)) == 40
            shown = await run_.shown(endpoint)
            assert (shown["failingSince"], shown["nextProbeAt"], shown["status"]) == (None, None, "enabled")

    run(talk)


async def _is_open(run_: Any, endpoint: Any) -> bool:
    return (await run_.shown(endpoint))["nextProbeAt"] is not None


def test_a_ping_goes_through_an_open_breaker(database: Database) -> None:
    """It arrives whatever the filter, at its endpoint only, and what it finds closes the breaker."""

    async def talk() -> None:
        async with receiving() as receiver, receiving() as other, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url, "payment.*")
            await run_.endpoint(other.url)
            receiver.reply = lambda _: answer(500)
            for number in range(6):
                run_.happen(f"pay_{number}", 1)
            await until(lambda: _is_open(run_, endpoint), "the breaker is open")
            receiver.reply = lambda _: answer(204)
            pinged = await run_.call("POST", f"{PATH}/{endpoint['id']}/ping")
            assert pinged.status == 202
            await run_.until_delivered(endpoint)
            ping = next(each for each in receiver.arrived if each.id == pinged.body["eventId"])
            assert ping.event["type"] == "webhook.ping"
            assert ping.event["data"]["endpointId"] == endpoint["id"]
            assert all(not each.startswith("evt_ping") for each in other.ids)
            second = await run_.call("POST", f"{PATH}/{endpoint['id']}/ping")
            assert second.body["eventId"] != pinged.body["eventId"]
            listed = (await run_.call("GET", "/api/v1/events?limit=100")).body["events"]
            assert all(each["type"] != "webhook.ping" for each in listed)

    run(talk)


def test_retry_after_holds_the_whole_endpoint(database: Database) -> None:
    """Nothing is sent before its time, of any object; then all is."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            receiver.reply = lambda _: answer(429, "Retry-After: 300")
            run_.happen("pay_1", 1)
            await run_.failed(endpoint, "pay_1", 1)
            receiver.reply = lambda _: answer(204)
            run_.happen("pay_2", 1)
            await run_.pass_seconds(290)
            await asyncio.sleep(0.3)
            assert receiver.ids == ["evt_pay_1_1"]
            await run_.pass_seconds(15)
            await run_.until_delivered(endpoint)
            assert sorted(receiver.ids) == ["evt_pay_1_1", "evt_pay_1_1", "evt_pay_2_1"]

    run(talk)


def test_a_row_that_fails_alone_is_parked(database: Database) -> None:
    """Ten failures while others arrive park it; it blocks its own object only, is shown, and comes by a replay."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            receiver.reply = failing_for("pay_bad")
            run_.happen("pay_bad", 1, 2)
            for number in range(10):
                await until(lambda: len(receiver.versions("pay_bad")) > number, "it is tried")  # noqa: B023 - at once
                run_.happen(f"pay_{number}", 1)
                await until(lambda: receiver.versions(f"pay_{number}") == [1], "others arrive")  # noqa: B023 - at once
                await run_.pass_seconds(61)

            async def is_parked() -> bool:
                return [each["object"] for each in await run_.deliveries(endpoint, "parked=true")] == ["pay_bad"]

            await until(is_parked, "it is parked")
            (pair,) = await run_.deliveries(endpoint, "parked=true")
            assert (pair["status"], pair["attempts"], pair["ackedVersion"], pair["wantedVersion"]) == (
                "parked",
                10,
                0,
                2,
            )
            receiver.reply = lambda _: answer(204)
            await run_.pass_seconds(3600)
            run_.happen("pay_last", 1)
            await until(lambda: receiver.versions("pay_last") == [1], "others arrive")
            assert set(receiver.versions("pay_bad")) == {1}
            await run_.call("POST", f"{PATH}/{endpoint['id']}/replay", {"objects": ["pay_bad"]})
            await run_.until_delivered(endpoint)
            assert receiver.versions("pay_bad")[-2:] == [1, 2]

    run(talk)


def test_410_disables_and_nothing_that_happened_is_lost(database: Database) -> None:
    """It is announced to the other endpoints and by an alert; after enabling from `disabled` the event that met the
    410 comes, and what happened meanwhile, in order."""

    async def talk() -> None:
        async with receiving() as receiver, receiving() as other, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            await run_.endpoint(other.url)
            receiver.reply = lambda _: answer(410)
            run_.happen("pay_1", 1)

            async def is_disabled() -> bool:
                return bool((await run_.shown(endpoint))["status"] == "disabled")

            await until(is_disabled, "it is disabled")
            shown = await run_.shown(endpoint)
            assert (shown["reason"], shown["disabledAt"] > shown["createdAt"]) == ("gone", True)
            receiver.reply = lambda _: answer(204)
            run_.happen("pay_1", 2, 3)
            run_.happen("pay_2", 1)
            await other.count(5)
            told = next(each for each in other.arrived if each.event["type"] == "endpoint.disabled")
            assert told.id == f"evt_{endpoint['id']}_1"
            assert (told.event["data"]["url"], told.event["data"]["reason"]) == (receiver.url, "gone")
            assert len(receiver.arrived) == 1
            ping = await run_.call("POST", f"{PATH}/{endpoint['id']}/ping")
            assert (ping.status, ping.body["code"]) == (409, "webhook_disabled")
            enabled = await run_.call("POST", f"{PATH}/{endpoint['id']}/enable", {"from": "disabled"})
            assert enabled.body["webhook"]["status"] == "enabled"
            assert "reason" not in enabled.body["webhook"]
            await run_.until_delivered(endpoint)
            assert receiver.versions("pay_1") == [1, 1, 2, 3]
            assert receiver.versions("pay_2") == [1]
            assert receiver.versions(endpoint["id"]) == []

    run(talk)
    with database.engine.connect() as connection:
        raised = connection.execute(select(alerts.c.code, alerts.c.text)).all()
    assert [each.code for each in raised] == ["endpoint_disabled"]
    assert "410" in raised[0].text


@pytest.mark.parametrize(("since", "versions"), [("now", [4]), ("time", [2, 3, 4])])
def test_enabling_asks_from_where(database: Database, since: str, versions: list[int]) -> None:
    """From now: nothing of what happened meanwhile. From a time: what happened from then on, also what had arrived."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            run_.happen("pay_1", 1)
            await receiver.count(1)
            await run_.until_delivered(endpoint)
            await run_.pass_seconds(60)
            moment = run_.time()
            await run_.pass_seconds(60)
            receiver.reply = lambda _: answer(410)
            run_.happen("pay_1", 2)
            await receiver.count(2)

            async def is_disabled() -> bool:
                return bool((await run_.shown(endpoint))["status"] == "disabled")

            await until(is_disabled, "it is disabled")
            run_.happen("pay_1", 3)
            receiver.arrived.clear()
            receiver.reply = lambda _: answer(204)
            body = {"from": "now" if since == "now" else moment}
            await run_.call("POST", f"{PATH}/{endpoint['id']}/enable", body)
            run_.happen("pay_1", 4)
            await run_.until_delivered(endpoint)
            await until(lambda: receiver.versions("pay_1")[-1:] == [4], "the newest arrives")
            assert receiver.versions("pay_1") == versions

    run(talk)


def test_a_dead_endpoint_delays_no_other(database: Database) -> None:
    """While one endpoint does not answer and one is slow, the others get everything at once."""

    async def talk() -> None:
        async with receiving() as slow, receiving() as quick, shop(database) as run_:
            gate = asyncio.Event()

            async def held(_: Arrived) -> bytes:
                await gate.wait()
                return answer(204)

            slow.reply = held
            late = await run_.endpoint(slow.url)
            await run_.endpoint("http://127.0.0.1:9/nothing")
            good = await run_.endpoint(quick.url)
            for number in range(50):
                run_.happen(f"pay_{number:02}", 1)
            await quick.count(50)
            await run_.until_delivered(good)
            assert slow.in_flight >= 1
            gate.set()
            await run_.until_delivered(late)
            assert len(slow.arrived) == 50

    run(talk)


def test_another_address_is_tried_at_once(database: Database) -> None:
    """With a new address the breaker is closed, and what waits goes there."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint("http://127.0.0.1:9/nothing")
            for number in range(6):
                run_.happen(f"pay_{number}", 1)
            await until(lambda: _is_open(run_, endpoint), "the breaker is open")
            await run_.call("PATCH", f"{PATH}/{endpoint['id']}", {"url": receiver.url})
            await run_.pass_seconds(61)
            await receiver.count(6)
            await run_.until_delivered(endpoint)

    run(talk)
