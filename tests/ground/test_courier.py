"""The courier: it connects to the address that it has judged, and reads no more of an answer than it must."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

import pytest
import uvloop

from pokea.courier import (
    KEPT_BYTES,
    GuardedCourier,
    Letter,
    NoCourier,
    NotDelivered,
    Place,
    Receipted,
    system_resolve,
)
from pokea.public_addresses import Allowance, NetworkAddress, read_allowance
from tests.webhooks.scene import Arrived, answer, receiving

LETTER = Letter("/hook?a=1", [("Content-Type", "application/json")], b'{"a":1}')
OWN_MACHINE = read_allowance(["127.0.0.0/8", "::1"])
NAMED = read_allowance(["hooks.internal"])


def resolver(*turns: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[NetworkAddress]]]:
    """A resolver that answers these addresses in turn, and the last ones from then on."""
    left = list(turns)

    async def resolve(_host: str, _port: int) -> Sequence[NetworkAddress]:
        found = left.pop(0) if len(left) > 1 else left[0]
        if not found:
            raise OSError("no such name")
        return [ip_address(each) for each in found]

    return resolve


def talk(conversation: Callable[[], Awaitable[None]]) -> None:
    """Run a conversation on Python's own event loop, and on the one of the service."""

    async def whole() -> None:
        await conversation()

    for new_loop in (asyncio.new_event_loop, uvloop.new_event_loop):
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(whole())


async def refused(courier: GuardedCourier, place: Place, allowance: Allowance = OWN_MACHINE) -> NotDelivered:
    """Why nothing was delivered."""
    with pytest.raises(NotDelivered) as failure:
        await courier.post(place, LETTER, allowance)
    return failure.value


def test_a_letter_arrives_as_it_was_given() -> None:
    """Path, query, headers and body arrive, with the name of the host; cookies and proxies have no part in it."""

    async def conversation() -> None:
        async with receiving() as receiver:
            courier = GuardedCourier(resolver(["127.0.0.1"]))
            receiver.reply = lambda _: answer(200, "Set-Cookie: a=b", body="thanks")
            place = Place(False, "hooks.internal", receiver.port)
            assert await courier.post(place, LETTER, NAMED) == Receipted(200, "", b"thanks")
            await courier.post(place, LETTER, NAMED)
            await courier.close()
            first, second = receiver.arrived
            assert (first.target, first.body) == ("/hook?a=1", b'{"a":1}')
            assert first.headers["host"] == f"hooks.internal:{receiver.port}"
            assert first.headers["content-type"] == "application/json"
            assert "cookie" not in second.headers

    talk(conversation)


@pytest.mark.parametrize(
    ("place", "authority"),
    [
        (Place(True, "shop.example", 443), "shop.example"),
        (Place(True, "shop.example", 8443), "shop.example:8443"),
        (Place(False, "shop.example", 80), "shop.example"),
        (Place(False, "shop.example", 443), "shop.example:443"),
        (Place(True, "2606:4700::1", 443), "[2606:4700::1]"),
        (Place(True, "2606:4700::1", 8443), "[2606:4700::1]:8443"),
    ],
)
def test_the_host_header_has_the_port_where_it_is_not_the_usual_one(place: Place, authority: str) -> None:
    """A receiver behind a proxy is found by the name that its address has."""
    assert place.authority == authority


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["8.8.8.8", "127.0.0.1"],
        ["fd00:ec2::254"],
    ],
)
def test_a_name_that_resolves_inside_gets_nothing(addresses: Sequence[str]) -> None:
    """One address that is not public is enough; nothing connects anywhere."""

    async def conversation() -> None:
        async with receiving() as receiver:
            courier = GuardedCourier(resolver(addresses))
            why = await refused(courier, Place(False, "shop.example", receiver.port), Allowance())
            assert "not public" in why.why
            assert receiver.connections == 0

    talk(conversation)


def test_what_was_judged_is_what_is_connected_to() -> None:
    """A name that resolves to another address a moment later is resolved once for each letter: that address counts."""

    async def conversation() -> None:
        async with receiving() as inside, receiving("127.0.0.2", inside.port) as judged:
            # The first address is allowed; a second look, if there were one, would find the other.
            courier = GuardedCourier(resolver(["127.0.0.2"], ["127.0.0.1"]))
            await courier.post(Place(False, "shop.example", inside.port), LETTER, read_allowance(["127.0.0.2"]))
            assert (len(judged.arrived), inside.connections) == (1, 0)
            await refused(courier, Place(False, "shop.example", inside.port), read_allowance(["127.0.0.2"]))
            assert (len(judged.arrived), inside.connections) == (1, 0)
            await courier.close()

    talk(conversation)


def test_a_kept_connection_does_not_outlive_its_judgement() -> None:
    """A connection is used again only while the name still resolves to where it leads."""

    async def conversation() -> None:
        async with receiving() as first, receiving("127.0.0.2", first.port) as second:
            courier = GuardedCourier(resolver(["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"]))
            place = Place(False, "shop.example", first.port)
            for _ in range(3):
                await courier.post(place, LETTER, OWN_MACHINE)
            assert (len(first.arrived), first.connections, len(second.arrived)) == (2, 1, 1)
            await courier.close()

    talk(conversation)


def test_a_literal_is_judged_without_a_resolver() -> None:
    """A resolver is not asked about an address, and an address that is not allowed gets nothing."""

    async def conversation() -> None:
        async with receiving() as receiver:
            courier = GuardedCourier(resolver(["8.8.8.8"]))
            await refused(courier, Place(False, "127.0.0.1", receiver.port), Allowance())
            assert receiver.connections == 0
            assert await courier.resolve("::ffff:10.0.0.1", 443) == [ip_address("::ffff:10.0.0.1")]

    talk(conversation)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    """An answer that names another place is an answer, and that place gets nothing."""

    async def conversation() -> None:
        async with receiving() as receiver, receiving() as other:
            receiver.reply = lambda _: answer(status, f"Location: {other.url}")
            courier = GuardedCourier()
            got = await courier.post(Place(False, "127.0.0.1", receiver.port), LETTER, OWN_MACHINE)
            assert got.status == status
            assert other.connections == 0
            await courier.close()

    talk(conversation)


@pytest.mark.parametrize(
    ("said", "got"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Receipted(200, "", b"ok")),
        (b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nuntil the end", Receipted(200, "", b"until the end")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3\r\nay!\r\n0\r\n\r\n",
            Receipted(200, "", b"okay!"),
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n", Receipted(204, "", b"")),
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n", Receipted(503, "17", b"")),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 3000\r\n\r\n" + b"x" * 3000, Receipted(500, "", b"x" * KEPT_BYTES)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + b"y" * 70_000, Receipted(200, "", b"y" * KEPT_BYTES)),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", Receipted(101, "", b"")),
    ],
)
def test_an_answer_is_read_as_far_as_it_must_be(said: bytes, got: Receipted) -> None:
    """Every form of an answer is taken, its beginning is kept, and of a long one no more is read."""

    async def conversation() -> None:
        async with receiving() as receiver:
            receiver.reply = lambda _: said
            courier = GuardedCourier()
            assert await courier.post(Place(False, "127.0.0.1", receiver.port), LETTER, OWN_MACHINE) == got
            await courier.close()

    talk(conversation)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "closed before an answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "no answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 30_000, "headers are too long"),
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(said: bytes, why: str) -> None:
    """A connection that is closed, another protocol, and headers without an end deliver nothing."""

    async def conversation() -> None:
        async with receiving() as receiver:
            receiver.reply = lambda _: said
            failure = await refused(GuardedCourier(), Place(False, "127.0.0.1", receiver.port))
            assert why in failure.why
            assert not failure.is_slow

    talk(conversation)


def test_an_answer_that_is_torn_delivers_nothing() -> None:
    """A connection that breaks in the middle of an answer leaves it unknown whether the receiver has the event."""

    async def conversation() -> None:
        async with receiving() as receiver:
            receiver.reply = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf"
            failure = await refused(GuardedCourier(), Place(False, "127.0.0.1", receiver.port))
            assert "middle of the answer" in failure.why

    talk(conversation)


def test_a_receiver_that_is_too_slow_is_given_up() -> None:
    """An answer that does not come in time is none, and its connection is not used again."""

    async def conversation() -> None:
        async with receiving() as receiver:

            async def never(_: Arrived) -> bytes:
                await asyncio.sleep(30)
                return answer(200)

            receiver.reply = never
            courier = GuardedCourier(whole_seconds=0.2)
            failure = await refused(courier, Place(False, "127.0.0.1", receiver.port))
            assert failure.is_slow
            assert "within 0.2 s" in failure.why
            receiver.reply = lambda _: answer(200)
            await courier.post(Place(False, "127.0.0.1", receiver.port), LETTER, OWN_MACHINE)
            assert receiver.connections == 2
            await courier.close()

    talk(conversation)


def test_a_slow_resolver_is_given_up() -> None:
    """A name that is not resolved in time counts as one that does not resolve."""

    async def conversation() -> None:
        async def never(_host: str, _port: int) -> Sequence[NetworkAddress]:
            await asyncio.sleep(30)
            return []

        courier = GuardedCourier(never, connect_seconds=0.05)
        assert await courier.resolve("shop.example", 443) == []
        assert "does not resolve" in (await refused(courier, Place(True, "shop.example", 443))).why

    talk(conversation)


def test_where_nothing_listens_nothing_is_delivered() -> None:
    """A connection that is refused is a failure with a sentence; a second address of the name is tried."""

    async def conversation() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        failure = await refused(GuardedCourier(), Place(False, "127.0.0.1", port))
        assert failure.why.startswith("No connection")
        async with receiving() as receiver:
            courier = GuardedCourier(resolver(["127.0.0.9", "127.0.0.1"]))
            got = await courier.post(Place(False, "shop.example", receiver.port), LETTER, OWN_MACHINE)
            assert got.status == 204
            await courier.close()

    talk(conversation)


def test_a_connection_is_used_again_and_a_closed_one_is_not_missed() -> None:
    """Letters share a connection; one that the receiver closed meanwhile costs no delivery."""

    async def conversation() -> None:
        async with receiving() as receiver:
            courier = GuardedCourier()
            place = Place(False, "127.0.0.1", receiver.port)
            for _ in range(3):
                await courier.post(place, LETTER, OWN_MACHINE)
            assert receiver.connections == 1
            receiver.reply = lambda _: answer(204, "Connection: close")
            await courier.post(place, LETTER, OWN_MACHINE)
            receiver.reply = lambda _: answer(204)
            await courier.post(place, LETTER, OWN_MACHINE)
            assert (receiver.connections, len(receiver.arrived)) == (2, 5)
            await courier.close()

    talk(conversation)


def test_letters_at_the_same_time_have_connections_of_their_own() -> None:
    """A connection carries one request at a time."""

    async def conversation() -> None:
        async with receiving() as receiver:
            gate = asyncio.Event()

            async def later(_: Arrived) -> bytes:
                await gate.wait()
                return answer(204)

            receiver.reply = later
            courier = GuardedCourier()
            place = Place(False, "127.0.0.1", receiver.port)
            posts = [asyncio.create_task(courier.post(place, LETTER, OWN_MACHINE)) for _ in range(4)]
            while receiver.in_flight < 4:
                await asyncio.sleep(0.01)
            gate.set()
            assert [each.status for each in await asyncio.gather(*posts)] == [204] * 4
            assert receiver.connections == 4
            await courier.close()

    talk(conversation)


def test_a_process_that_sends_nothing_delivers_nothing() -> None:
    """The courier of a process without a network resolves nothing and refuses each letter."""

    async def conversation() -> None:
        courier = NoCourier()
        assert await courier.resolve("shop.example", 443) == []
        with pytest.raises(NotDelivered):
            await courier.post(Place(True, "shop.example", 443), LETTER, Allowance())
        await courier.close()

    talk(conversation)


def test_the_machines_resolver_knows_the_own_machine() -> None:
    """The usual resolver answers addresses, and an OSError for what has none."""

    async def conversation() -> None:
        assert ip_address("127.0.0.1") in await system_resolve("localhost", 80)
        with pytest.raises(socket.gaierror):
            await system_resolve("no-such-name.invalid", 80)

    talk(conversation)
