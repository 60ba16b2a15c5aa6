"""Identifiers, and the chance that they are made of."""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from pokea.clock import Instant
from pokea.ids import Ids, RandomPool

CHARACTERS = "0123456789abcdefghjkmnpqrstvwxyz"


class FixedClock:
    """A clock that stands."""

    def __init__(self, at: Instant) -> None:
        self._at = at

    def now(self) -> Instant:
        """The instant at which it stands."""
        return self._at


@given(st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10))
def test_an_id_writes_its_millisecond_and_then_its_chance(milliseconds: int, chance: bytes) -> None:
    """26 characters of five bits, read as one number, are the millisecond and the eighty bits of chance."""
    prefix, _, written = Ids(FixedClock(milliseconds * 1000 + 999), lambda _: chance).new("pay").partition("_")
    number = 0
    for character in written:
        number = number * 32 + CHARACTERS.index(character)
    assert (prefix, len(written)) == ("pay", 26)
    assert number == milliseconds << 80 | int.from_bytes(chance, "big")


@given(st.lists(st.integers(0, 9_000), max_size=20))
def test_a_pool_gives_out_each_byte_once_and_in_its_order(counts: list[int]) -> None:
    """What is taken has the length that was asked for, and comes from a draw of its own or follows what was taken."""
    draws: list[bytes] = []

    def draw(count: int) -> bytes:
        draws.append(os.urandom(count))
        return draws[-1]

    pool = RandomPool(draw)
    at = 0
    for count in counts:
        begun = len(draws)
        taken = pool.take(count)
        if len(draws) > begun:
            at = 0
        assert len(taken) == count
        assert taken == (draws[-1][at : at + count] if draws else b"")
        at += count


def test_threads_never_take_the_same_bytes() -> None:
    """Of what many threads take at once no two are alike."""
    pool = RandomPool()
    with ThreadPoolExecutor(8) as threads:
        taken = [*chain.from_iterable(threads.map(lambda _: [pool.take(10) for _ in range(2_000)], range(8)))]
    assert len(set(taken)) == len(taken)


def test_a_forked_process_takes_bytes_of_its_own() -> None:
    """A child does not give out again what its parent has drawn."""
    pool = RandomPool()
    pool.take(10)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, pool.take(16))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 16) != pool.take(16)
    os.close(reading)
    os.close(writing)
