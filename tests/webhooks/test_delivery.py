"""Deliveries from a running service to real receivers: what comes, in which order, how often, and what goes on."""

import asyncio
from collections import Counter
from typing import Any

from pokea.storage.database import Database
from tests.webhooks.scene import (
    PATH,
    Arrived,
    Receiver,
    answer,
    receiving,
    run,
    settings_of,
    shop,
    until,
)


def test_events_arrive_once_and_in_order(database: Database) -> None:
    """Each version of each object arrives once, in order, with its id and the state at that version."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            for version in range(1, 6):
                for number in range(20):
                    run_.happen(f"pay_{number:02}", version)
                await asyncio.sleep(0.02)
            await receiver.count(100)
            await run_.until_delivered(endpoint)
            assert Counter(receiver.ids) == Counter(
                f"evt_pay_{number:02}_{version}" for number in range(20) for version in range(1, 6)
            )
            assert all(receiver.versions(f"pay_{number:02}") == [1, 2, 3, 4, 5] for number in range(20))
            event = receiver.arrived[0].event
            assert set(event) == {"type", "timestamp", "data", "livemode"}
            assert (event["type"], event["livemode"]) == ("payment.pending", False)
            pairs = await run_.deliveries(endpoint)
            assert all((each["ackedVersion"], each["wantedVersion"]) == (5, 5) for each in pairs)

    run(talk)


def test_only_what_is_subscribed_to_arrives(database: Database) -> None:
    """Each endpoint gets its types of all objects, and begins with what happens after its creation."""

    async def talk() -> None:
        async with receiving() as all_, receiving() as some, receiving() as late, shop(database) as run_:
            await run_.endpoint(all_.url)
            await run_.endpoint(some.url, "payment.completed", "booking.*")
            for version, event_type in enumerate(("created", "pending", "completed"), 1):
                run_.happen("pay_1", version, event_type=f"payment.{event_type}")
            run_.happen("bk_1", 1, event_type="booking.created")
            await run_.endpoint(late.url)
            run_.happen("pay_1", 4, event_type="payment.completed")
            run_.happen("pay_2", 1, event_type="payment.created")
            await all_.count(6)
            await some.count(3)
            await late.count(2)
            assert sorted(late.ids) == ["evt_pay_1_4", "evt_pay_2_1"]
            assert sorted(some.ids) == ["evt_bk_1_1", "evt_pay_1_3", "evt_pay_1_4"]
            assert some.versions("pay_1") == [3, 4]

    run(talk)


def test_a_change_of_types_counts_from_then_on(database: Database) -> None:
    """What happened before, and was not subscribed to then, does not come by a change."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url, "payment.completed")
            run_.happen("pay_1", 1, 2)
            run_.happen("pay_1", 3, event_type="payment.completed")
            await receiver.count(1)
            await run_.until_delivered(endpoint)
            run_.happen("pay_1", 4)
            await run_.call("PATCH", f"{PATH}/{endpoint['id']}", {"types": ["payment.*"]})
            run_.happen("pay_1", 5)
            await receiver.count(2)
            await run_.until_delivered(endpoint)
            assert receiver.versions("pay_1") == [3, 5]

    run(talk)


def test_the_latest_alone_comes_where_it_is_asked_for(database: Database) -> None:
    """Of several waiting versions only the newest is sent, and an older one never after it."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            gate = asyncio.Event()

            async def held(_: Arrived) -> bytes:
                await gate.wait()
                return answer(204)

            receiver.reply = held
            endpoint = await run_.endpoint(receiver.url, latestOnly=True)
            run_.happen("pay_1", 1)
            await receiver.count(1)
            run_.happen("pay_1", 2, 3, 4)
            gate.set()
            await receiver.count(2)
            await run_.until_delivered(endpoint)
            assert receiver.versions("pay_1") == [1, 4]

    run(talk)


def test_a_replay_sends_the_same_again_in_order(database: Database) -> None:
    """By time, by type, by object; the same ids and bodies, each object in order, also to an endpoint that is new."""

    async def talk() -> None:
        async with receiving() as receiver, receiving() as new, shop(database) as run_:
            endpoint = await run_.endpoint(receiver.url)
            run_.happen("pay_1", 1, 2)
            run_.happen("pay_1", 3, event_type="payment.completed")
            run_.happen("pay_2", 1)
            await run_.pass_seconds(100)
            middle = run_.time()
            await run_.pass_seconds(100)
            run_.happen("pay_1", 4)
            await receiver.count(5)
            await run_.until_delivered(endpoint)
            bodies = {each.id: each.body for each in receiver.arrived}

            async def replayed(to: Any, at: Receiver, body: dict[str, Any]) -> list[str]:
                at.arrived.clear()
                answered = await run_.call("POST", f"{PATH}/{to['id']}/replay", body)
                assert answered.status == 202
                await run_.until_delivered(to)
                await at.count(answered.body["eventCount"])
                assert all(bodies[each.id] == each.body for each in at.arrived)
                assert at.versions("pay_1") == sorted(at.versions("pay_1"))
                return sorted(at.ids)

            everything = sorted(bodies)
            assert await replayed(endpoint, receiver, {}) == everything
            assert await replayed(endpoint, receiver, {"until": middle}) == everything[:3] + everything[4:]
            assert await replayed(endpoint, receiver, {"since": middle}) == ["evt_pay_1_4"]
            assert await replayed(endpoint, receiver, {"types": ["payment.completed"]}) == ["evt_pay_1_3"]
            assert await replayed(endpoint, receiver, {"objects": ["pay_2", "none"]}) == ["evt_pay_2_1"]
            assert await replayed(endpoint, receiver, {"types": ["booking.*"]}) == []
            other = await run_.endpoint(new.url, "payment.pending")
            assert await replayed(other, new, {}) == [each for each in everything if each != "evt_pay_1_3"]

    run(talk)


def test_at_most_one_delivery_of_an_object_is_in_flight(database: Database) -> None:
    """However slow the receiver is, and however many change, the versions of one object come one after another, and at
    most eight deliveries are in flight."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            flying: Counter[str] = Counter()
            most: Counter[str] = Counter()

            async def slowly(arrived: Arrived) -> bytes:
                name = arrived.event["data"]["id"]
                flying[name] += 1
                most[name] = max(most[name], flying[name])
                await asyncio.sleep(0.01)
                flying[name] -= 1
                return answer(204)

            receiver.reply = slowly
            endpoint = await run_.endpoint(receiver.url)
            for version in range(1, 5):
                for number in range(30):
                    run_.happen(f"pay_{number:02}", version)
            await receiver.count(120)
            await run_.until_delivered(endpoint)
            assert set(most.values()) == {1}
            assert receiver.most_in_flight <= 8
            assert all(receiver.versions(f"pay_{number:02}") == [1, 2, 3, 4] for number in range(30))

    run(talk)


def test_two_processes_share_the_work(database: Database) -> None:
    """Two services on one database send each event once, and each object's in order."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as one, shop(database) as other:
            endpoint = await one.endpoint(receiver.url)
            for version in range(1, 4):
                for number in range(30):
                    (one if number % 2 else other).happen(f"pay_{number:02}", version)
            await receiver.count(90)
            await one.until_delivered(endpoint)
            assert len(receiver.ids) == len(set(receiver.ids)) == 90
            assert all(receiver.versions(f"pay_{number:02}") == [1, 2, 3] for number in range(30))

    run(talk)


def test_a_process_that_stops_leaves_nothing_half_done(database: Database) -> None:
    """What is in flight is answered first, and the next process goes on without sending anything twice."""

    async def talk() -> None:
        async with receiving() as receiver:

            async def slowly(_: Arrived) -> bytes:
                await asyncio.sleep(0.2)
                return answer(204)

            receiver.reply = slowly
            async with shop(database) as run_:
                endpoint = await run_.endpoint(receiver.url)
                for number in range(12):
                    run_.happen(f"pay_{number:02}", 1)
                await receiver.count(3)
            async with shop(database) as run_:
                await receiver.count(12)
                await run_.until_delivered(endpoint)
            assert len(receiver.ids) == len(set(receiver.ids)) == 12

    run(talk)


def test_deliveries_are_counted(database: Database) -> None:
    """The metrics say how many were delivered and how many failed, and which wait."""

    async def talk() -> None:
        async with receiving() as receiver, shop(database) as run_:
            receiver.reply = lambda each: answer(500 if each.event["data"]["id"] == "pay_bad" else 204)
            endpoint = await run_.endpoint(receiver.url)
            run_.happen("pay_bad", 1)
            run_.happen("pay_1", 1)
            await until(lambda: receiver.versions("pay_1") == [1], "one arrives")
            await run_.failed(endpoint, "pay_bad", 1)
            text = (await run_.client.get("/metrics")).body
            assert 'pokea_webhook_deliveries_total{outcome="delivered"} 1.0' in text
            assert 'pokea_webhook_deliveries_total{outcome="failed"}' in text
            assert 'pokea_webhook_pairs{state="parked"} 0.0' in text

    run(talk)


def test_livemode_is_true_in_production_only() -> None:
    """The simulator's and the sandbox's money is none."""
    assert not settings_of().is_live
