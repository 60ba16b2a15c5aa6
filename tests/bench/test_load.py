"""The load generator sends what it was given, once each, and tells the truth about the answers."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from typing import cast

import pytest

from bench.load import LoadOrder, http_request, percentile, run_load

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_SHED = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nConnection: close\r\n\r\n"
_CHUNKED = b"HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"


class Small:
    """A server that answers by what is asked: /ok, /shed, /cut, /chunked, /slow."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.port = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Small":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_failure: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        server = self._loop.run_until_complete(self._loop.create_server(lambda: _Talk(self), "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.close()


class _Talk(asyncio.Protocol):
    def __init__(self, server: Small) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        path = data.split(b" ", 2)[1].decode()
        self._server.asked[path] += 1
        kind = path.split("/")[1]
        if kind == "cut":
            self._transport.close()
        elif kind == "shed":
            self._transport.write(_SHED)
            self._transport.close()
        elif kind == "slow":
            asyncio.get_running_loop().call_later(0.2, self._transport.write, _OK)
        elif kind == "chunked":
            self._transport.write(_CHUNKED[:50])
            asyncio.get_running_loop().call_later(0.01, self._transport.write, _CHUNKED[50:])
        else:
            self._transport.write(_OK)


@pytest.fixture
def small() -> Iterator[Small]:
    """A running server."""
    with Small() as server:
        yield server


def requests(kind: str, count: int) -> list[bytes]:
    """So many requests of a kind, each with a path of its own."""
    return [http_request("POST", f"/{kind}/{number}", b"{}") for number in range(count)]


def test_each_request_is_sent_once(small: Small) -> None:
    """A closed loop sends every request once, whichever connection is free."""
    result = run_load(LoadOrder(small.port, requests("ok", 200), connections=7))
    assert result.counts == {200: 200}
    assert small.asked == {f"/ok/{number}": 1 for number in range(200)}
    assert result.rate > 0


def test_statuses_stand_in_the_order_of_sending(small: Small) -> None:
    """The answer of each request is found at its place, whatever came of the others."""
    mixed = [*requests("ok", 3), *requests("shed", 2), *requests("chunked", 2), *requests("cut", 1), *requests("ok", 1)]
    result = run_load(LoadOrder(small.port, mixed, connections=1))
    assert list(result.statuses) == [200, 200, 200, 503, 503, 201, 201, 0, 200]
    assert result.answered == 6
    assert len(result.latencies) == 8


def test_an_open_loop_keeps_its_rate(small: Small) -> None:
    """Requests go out at the ordered rate, and each is sent once."""
    result = run_load(LoadOrder(small.port, requests("ok", 100), connections=4, rate=100))
    assert result.counts == {200: 100}
    assert 0.9 < result.due_at[-1] - result.due_at[0] < 1.1


def test_latency_counts_from_the_moment_at_which_it_was_due(small: Small) -> None:
    """Requests that had to wait for a connection are as late as their callers would have found them."""
    result = run_load(LoadOrder(small.port, requests("slow", 5), connections=1, rate=1000))
    assert result.percentile(100) > 900
    assert min(result.latencies) > 0.19


def test_a_load_ends_when_its_time_is_over(small: Small) -> None:
    """Repeated requests stop at the given second, answered to the last."""
    result = run_load(LoadOrder(small.port, requests("ok", 1), connections=2, seconds=0.5, repeat=True))
    assert 0.3 < result.seconds < 5
    assert set(result.counts) == {200}


def test_percentiles() -> None:
    """The percentile is a value that was measured; of nothing it is nought."""
    assert percentile([], 99) == 0
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([3.0, 1.0, 2.0], 100) == 3.0
