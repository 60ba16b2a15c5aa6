"""Rules that only a universe can check notice what breaks them, and leave alone what does not."""

from collections.abc import Iterator

import pytest

from pokea.api.callback_address import own_name
from pokea.clock import SECOND
from pokea.universe import oracle
from pokea.universe.fault_plan import FaultPlan, Standstill
from pokea.universe.loop import VirtualLoop
from pokea.universe.oracle import Books, PromptBegun
from pokea.universe.process import Process
from pokea.universe.recorder import Push

TOKEN = "a" * 48
NAME = own_name("pay_1", TOKEN)
URL = f"http://pokea.test/api/v1/payments/mpesa/callback/{NAME}"
EXPIRES_AT = 1_000 * SECOND
BOOKS = Books(lambda token, _: token == TOKEN, {"pay_1": "pending"}, {"pay_1": 500}, {"pay_1": EXPIRES_AT})


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    """Time at which nothing happens."""
    loop = VirtualLoop(10)
    yield loop
    loop.close()


def push(loop: VirtualLoop, asked_at_seconds: float | None, left_at_seconds: float, skew_seconds: int = 0) -> Push:
    """A push that a process with such a clock was asked for and sent at these times."""
    sent = Push(URL, Process(loop, 1, skew_seconds * SECOND, None), asked_at_seconds)
    sent.left_at_seconds = left_at_seconds
    return sent


@pytest.mark.parametrize(
    ("asked_at", "left_at", "broken"), [(10.0, 10.5, 0), (10.0, 25.0, 0), (10.0, 25.1, 1), (None, 10.0, 1)]
)
def test_a_push_leaves_within_15_s_of_its_request(
    loop: VirtualLoop, asked_at: float | None, left_at: float, broken: int
) -> None:
    """Later is a violation, and so is a push that nothing has asked for."""
    assert len(list(oracle.pushed_in_time([push(loop, asked_at, left_at)]))) == broken


@pytest.mark.parametrize(
    ("skew_seconds", "began_at", "broken"), [(0, 1_000, 0), (0, 1_001, 1), (60, 941, 1), (-60, 1_059, 0)]
)
def test_a_prompt_begins_before_its_end(loop: VirtualLoop, skew_seconds: int, began_at: int, broken: int) -> None:
    """By the clock of the process that promised the end, which may be wrong."""
    begun = [PromptBegun(NAME, began_at * SECOND)]
    assert len(list(oracle.prompted_in_time(BOOKS, [push(loop, 0.0, 0.0, skew_seconds)], begun))) == broken


def test_a_database_stands_still_between_two_moments() -> None:
    """What comes within waits for its end; of two that overlap the later end counts, and calm ends both."""
    weather = FaultPlan([Standstill(10, 20), Standstill(25, 20)])
    assert [weather.still_seconds(now) for now in (9, 10, 26, 44, 45)] == [0, 20, 19, 1, 0]
    weather.clear()
    assert weather.still_seconds(26) == 0
