"""When an attempt is asked about, hour after hour of its week."""

import itertools

from pokea.clock import HOUR, SECOND
from pokea.disbursements.decision import AttemptDecision
from pokea.disbursements.model import AttemptStatus
from pokea.disbursements.rules import MONEY_OUT
from pokea.disbursements.schedule import AskedSoFar, next_action_at

BEGAN = 5_000 * SECOND
LEASE = BEGAN + 90 * SECOND
UNKNOWN = AttemptDecision(AttemptStatus.UNKNOWN)


def asked(inquiries: int = 0, last: int | None = None) -> AskedSoFar:
    """What has been asked of an attempt that began at BEGAN."""
    return AskedSoFar(BEGAN, LEASE, inquiries, last)


def test_the_questions_are_those_of_the_law() -> None:
    """30 s, 1, 2, 4, 8, 15, 30 minutes, 1 hour, hourly to a day, then every six hours to a week."""
    assert [offset // SECOND for offset in MONEY_OUT.questions[:8]] == [30, 60, 120, 240, 480, 900, 1800, 3600]
    hourly = [offset for offset in MONEY_OUT.questions if offset <= 24 * HOUR][7:]
    assert hourly == [hours * HOUR for hours in range(1, 25)]
    assert [offset // HOUR for offset in MONEY_OUT.questions if offset > 24 * HOUR] == list(range(30, 169, 6))


def test_each_question_leads_to_the_next_one_and_the_last_to_none() -> None:
    """Asked whenever it is due, an attempt is asked about at each offset once, and then waits for a person."""
    at, seen = next_action_at(MONEY_OUT, UNKNOWN, asked()), []
    for number in itertools.count(1):
        if at is None:
            break
        seen.append(at - BEGAN)
        at = next_action_at(MONEY_OUT, UNKNOWN, asked(number, at))
    assert seen == list(MONEY_OUT.questions)


def test_a_long_outage_asks_once_and_not_for_every_hour_that_passed() -> None:
    """After ten hours without a question the next one is due at once, and the one after that at its own time."""
    late = BEGAN + 10 * HOUR + 5 * SECOND
    assert next_action_at(MONEY_OUT, UNKNOWN, asked(1, late)) == BEGAN + 11 * HOUR


def test_an_attempt_that_is_sent_is_looked_at_when_its_lease_is_over() -> None:
    """A sending without an answer is due when its lease ends; what has ended is never due."""
    assert next_action_at(MONEY_OUT, AttemptDecision(AttemptStatus.SENDING), asked()) == LEASE
    for ended in (AttemptStatus.COMPLETED, AttemptStatus.FAILED, AttemptStatus.RETURNED):
        assert next_action_at(MONEY_OUT, AttemptDecision(ended), asked()) is None


def test_a_doubt_brings_the_question_forward_once_a_minute_at_most() -> None:
    """What proves nothing makes us ask at once, or a minute after the last question; a doubt before it does not."""
    doubted = AttemptDecision(AttemptStatus.ACCEPTED, doubted_at=BEGAN + 3 * SECOND)
    assert next_action_at(MONEY_OUT, doubted, asked()) == BEGAN + 3 * SECOND
    later = AttemptDecision(AttemptStatus.ACCEPTED, doubted_at=BEGAN + 605 * SECOND)
    assert next_action_at(MONEY_OUT, later, asked(5, BEGAN + 600 * SECOND)) == BEGAN + 660 * SECOND
    assert next_action_at(MONEY_OUT, doubted, asked(5, BEGAN + 600 * SECOND)) == BEGAN + 900 * SECOND


def test_a_lone_failing_answer_is_asked_again_after_a_minute_and_only_once() -> None:
    """The second opinion is due 61 s after the first; once it is asked for, the usual times go on."""
    lone = AttemptDecision(AttemptStatus.UNKNOWN, failing_answer_at=BEGAN + 4_000 * SECOND)
    assert next_action_at(MONEY_OUT, lone, asked(8, BEGAN + 3_999 * SECOND)) == BEGAN + 4_061 * SECOND
    assert next_action_at(MONEY_OUT, lone, asked(9, BEGAN + 4_061 * SECOND)) == BEGAN + 2 * HOUR
