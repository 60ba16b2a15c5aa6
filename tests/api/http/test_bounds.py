"""What a connection may cost: bytes, time and a place; and that it is given back."""

import asyncio
import gc
import re
from io import StringIO

import pytest
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.http.limits import ConnectionLimits
from pokea.api.http.room import Room
from pokea.api.protocol import FastPathProtocol
from tests.api.http.answering import LONG, SHORT, saying_what_came
from tests.api.serving import Client, RawAnswer, against, converse, new_test_application

HEAD = f"GET {LONG} HTTP/1.1\r\nHost: x\r\n".encode()
CHUNKED = f"POST {LONG} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
PIECE_BYTES = 4096
MUCH_BYTES = 1_000_000


def in_pieces(data: bytes) -> list[bytes]:
    """The data in pieces that arrive one after the other."""
    return [data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES)]


def test_the_defaults_are_those_of_the_documentation() -> None:
    """A head of 64 KiB and 100 fields within 10 s; half a minute of silence; half a minute unread."""
    limits = ConnectionLimits()
    assert (limits.head_bytes, limits.head_fields, limits.head_seconds) == (65536, 100, 10)
    assert (limits.idle_seconds, limits.unread_seconds) == (30, 30)


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in pieces"])
def test_a_head_up_to_its_bounds_is_read(whole: bool) -> None:
    """One hundred fields and nearly 64 KiB pass."""
    fields = b"".join(b"X-%02d: %b\r\n" % (number, b"y" * 645) for number in range(98))

    async def talk(client: Client) -> None:
        request = HEAD + fields + b"Connection: close\r\n\r\n"
        assert 64_000 < len(request) < 65_536
        answer = await converse(client, *([request] if whole else in_pieces(request)))
        assert answer.status == 200

    against(saying_what_came(), talk)


ENDLESS = {
    "fields": HEAD + b"a: b\r\n" * (MUCH_BYTES // 6),
    "a value": HEAD + b"A: " + b"x" * MUCH_BYTES,
    "a name": HEAD + b"x" * MUCH_BYTES,
    "an address": b"GET /" + b"x" * MUCH_BYTES,
    "line ends": b"\r\n" * (MUCH_BYTES // 2),
    "trailers": CHUNKED + b"0\r\n" + b"a: b\r\n" * (MUCH_BYTES // 6),
    "a trailer": CHUNKED + b"0\r\nA: " + b"x" * MUCH_BYTES,
    "a trailer behind a body": CHUNKED + b"5\r\nhello\r\n0\r\nA: " + b"x" * MUCH_BYTES,
    "a chunk's extension": CHUNKED + b"5;" + b"x" * MUCH_BYTES,
    "an offer": HEAD + b"Connection: upgrade\r\nUpgrade: h2c\r\n" + b"A: " + b"x" * MUCH_BYTES,
}


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in pieces"])
@pytest.mark.parametrize("kind", ENDLESS)
def test_what_has_no_end_is_cut_off(kind: str, whole: bool) -> None:
    """The connection is closed while most of it has not been taken, and nothing reaches the application."""
    app = saying_what_came()
    taken = 0

    async def talk(client: Client) -> None:
        nonlocal taken
        host, _, port = client.base_url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            for piece in [ENDLESS[kind]] if whole else in_pieces(ENDLESS[kind]):
                writer.write(piece)
                await writer.drain()
                taken += len(piece)
                await asyncio.sleep(0)
            async with asyncio.timeout(5):
                while await reader.read(65536):
                    pass
        except ConnectionError:
            pass
        writer.close()
        assert whole or taken < MUCH_BYTES // 2
        assert app.state.reached == 0

    against(app, talk)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (HEAD + b"a: b\r\n" * 100 + b"\r\n", 431),
        (HEAD + b"A: " + b"x" * 65_536 + b"\r\n\r\n", 431),
        (HEAD + b"Connection: upgrade\r\nUpgrade: h2c\r\nA: " + b"x" * 65_536 + b"\r\n\r\n", 431),
        (CHUNKED + b"0\r\n" + b"a: b\r\n" * 101 + b"\r\n", 431),
    ],
    ids=["fields", "bytes", "bytes of an offer", "trailers"],
)
def test_a_head_beyond_its_bounds_is_refused_with_a_sentence(request_bytes: bytes, status: int) -> None:
    """A client that made a mistake is told which."""

    async def talk(client: Client) -> None:
        answer = await converse(client, request_bytes)
        assert (answer.status, answer.closed) == (status, True)
        assert "ore than 100" in answer.text or "65536 bytes" in answer.text

    against(saying_what_came(), talk)


QUICK = ConnectionLimits(head_seconds=0.3, body_seconds=0.4, idle_seconds=0.5, unread_seconds=0.3)
GOOD = f"GET {SHORT} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
LAST = f"GET {SHORT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
WAITING = {
    "nothing": ([b""], None),
    "line ends": ([b"\r\n"] * 12, None),
    "half a line": ([b"GET /lo"], 408),
    "half a head": ([HEAD], 408),
    "a head that drips": ([HEAD, *[b"a: b\r\n"] * 12], None),
    "half a body": ([b"POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"], 408),
    "a body that drips": ([b"POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n", *[b"x"] * 12], None),
    "a chunk that drips": ([CHUNKED, b"ff\r\n", *[b"x"] * 12], None),
    "silence after an answer": ([GOOD], 200),
    "line ends after an answer": ([GOOD, *[b"\r\n"] * 12], None),
    "half a head after an answer": ([GOOD, HEAD], 200),
}


@pytest.mark.parametrize("kind", WAITING)
def test_a_connection_that_waits_for_its_client_ends(kind: str) -> None:
    """Silent or dripping, before a request, in it or after it: it is closed when its time is over."""
    parts, status = WAITING[kind]

    async def talk(client: Client) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await converse(client, *parts, pause_seconds=0.08, wait_seconds=20)
        assert answer.closed or len(parts) > 9  # the end of what still drips may be a reset
        assert loop.time() - began < 20  # the defaults would be half a minute
        if status is not None:
            assert answer.status == status

    against(saying_what_came(), talk, limits=QUICK)


def test_a_call_that_takes_long_is_not_cut() -> None:
    """The times are for clients: an answer may take longer than all of them."""
    app = new_test_application()

    async def slow(_request: Request) -> Response:
        await asyncio.sleep(1.2)
        return Response("at last")

    app.add_route("/slow", slow)

    async def talk(client: Client) -> None:
        answer = await converse(client, b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (answer.status, answer.text[-7:]) == (200, "at last")

    against(app, talk, limits=QUICK)


async def unread(client: Client, request: bytes, for_seconds: float) -> RawAnswer:
    """Send a request, read nothing for a time, and then what there is."""
    host, _, port = client.base_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(request)
    await asyncio.sleep(for_seconds)
    received = b""
    try:
        async with asyncio.timeout(5):
            while chunk := await reader.read(1 << 20):
                received += chunk
        return RawAnswer(received.decode("latin-1"), True)
    except ConnectionError:
        return RawAnswer(received.decode("latin-1"), True)
    except TimeoutError:
        return RawAnswer(received.decode("latin-1"), False)
    finally:
        writer.close()


@pytest.mark.parametrize("closes", [False, True], ids=["kept", "closed by its request"])
def test_a_client_that_does_not_read_is_cut_off(closes: bool) -> None:
    """Answers that are not read pause the connection, and end it after a time: others wait for none of them."""
    app = new_test_application()
    app.state.made = 0

    async def large(_request: Request) -> Response:
        app.state.made += 1
        return Response(b"x" * 1_000_000)

    app.add_route("/large", large)

    async def talk(client: Client) -> None:
        request = b"GET /large HTTP/1.1\r\nHost: x\r\n" + (b"Connection: close\r\n" if closes else b"") + b"\r\n"
        # The operating system's buffers take some of it, however much that is.
        answer = await unread(client, request * 200, 1.5)
        assert answer.closed
        assert app.state.made < 40
        assert len(answer.text) < 40_000_000

    against(app, talk, limits=QUICK)


def test_a_client_that_reads_slowly_gets_its_answer() -> None:
    """Slow is not gone."""
    app = new_test_application()

    async def large(_request: Request) -> Response:
        return Response(b"x" * 20_000_000)

    app.add_route("/large", large)

    async def talk(client: Client) -> None:
        host, _, port = client.base_url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = 0
        async with asyncio.timeout(60):
            while chunk := await reader.read(500_000):
                received += len(chunk)
                await asyncio.sleep(0.05)
        writer.close()
        assert received > 20_000_000

    against(app, talk, limits=ConnectionLimits(unread_seconds=2))


def test_many_calls_behind_each_other_are_answered_in_their_order() -> None:
    """However many there are, each is answered, and few are held as objects at a time."""
    most = 0

    async def talk(client: Client) -> None:
        nonlocal most
        calls = [f"GET {(SHORT, LONG)[number % 2]}?{number} HTTP/1.1\r\nHost: x\r\n\r\n" for number in range(3000)]
        sent = "".join([*calls, f"GET {LONG} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]).encode()
        watching = asyncio.create_task(watch())
        answer = await converse(client, sent, wait_seconds=60)
        watching.cancel()
        assert answer.closed
        ways = re.findall(r'"way":"(short|long)"', answer.text)
        assert len(ways) == 3001
        assert most < 500

    async def watch() -> None:
        nonlocal most
        while True:
            for each in gc.get_objects():
                if isinstance(each, FastPathProtocol):
                    most = max(most, len(each.pipeline))
            await asyncio.sleep(0.05)

    against(saying_what_came(), talk)


def test_a_connection_that_ends_leaves_nothing_to_collect() -> None:
    """What it held is free when it ends, and not when garbage is next looked for."""

    async def talk(client: Client) -> None:
        gc.collect()
        gc.disable()
        try:
            for request in (GOOD * 500, HEAD, CHUNKED + b"5\r\nhel", b"garbage\r\n\r\n", GOOD):
                await converse(client, request, wait_seconds=0.05)
            async with asyncio.timeout(10):
                # By type(): an object that another test left may answer for its class, and fail at it.
                while any(issubclass(type(each), FastPathProtocol) for each in gc.get_objects()):
                    await asyncio.sleep(0.05)
        finally:
            gc.enable()

    against(saying_what_came(), talk)


def test_idle_connections_make_place_for_new_ones(log_lines: StringIO) -> None:
    """Where there is no room, those that wait for a request are closed, it is logged, and callers are answered."""

    async def talk(client: Client) -> None:
        host, _, port = client.base_url.removeprefix("http://").partition(":")
        idle = [await asyncio.open_connection(host, int(port)) for _ in range(8)]
        # They are too young to be closed for others, unless the machine is slow.
        assert (await converse(client, LAST)).status in (503, 200)
        await asyncio.sleep(1.1)
        answers = [await converse(client, LAST) for _ in range(3)]
        assert [answer.status for answer in answers][1:] == [200, 200]
        for reader, writer in idle:
            assert await reader.read() == b""
            writer.close()

    against(saying_what_came(), talk, room=Room(lambda: 8))
    assert "8 connections are open, which is all that the limit of open files leaves room for" in log_lines.getvalue()


def test_a_call_being_answered_keeps_its_place() -> None:
    """Connections that wait for us, and not we for them, are never closed for others."""
    app = new_test_application()
    go_on = asyncio.Event()

    app.state.running = 0

    async def slow(_request: Request) -> Response:
        app.state.running += 1
        await go_on.wait()
        return Response("at last")

    app.add_route("/slow", slow)

    async def talk(client: Client) -> None:
        calls = [
            asyncio.create_task(converse(client, b"GET /slow HTTP/1.0\r\n\r\n", wait_seconds=30)) for _ in range(3)
        ]
        while app.state.running < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(1.2)
        assert (await converse(client, LAST)).status == 503
        go_on.set()
        assert [answer.text[-7:] for answer in await asyncio.gather(*calls)] == ["at last"] * 3

    against(app, talk, room=Room(lambda: 3))
