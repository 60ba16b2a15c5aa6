"""When a call is sent again, as a table of everything that an attempt may come to."""

import json
from typing import Any

import pytest

from pokea.client.answers import Answered, Attempted, Unanswered, Unsent, nothing
from pokea.client.calls import Call
from pokea.client.failures import ClientError, NoReply, NotPokea, NotReached
from pokea.client.performing import Performance
from pokea.client.problems import IdempotencyInFlight, NotFound, OutcomeUnknown, Unavailable
from pokea.client.retrying import LONGEST_PAUSE_SECONDS, MOST_ATTEMPTS, MOST_WHILE_IN_FLIGHT, After, Repeatable, after
from pokea.errors import CATALOGUE, Problem

URL = "https://pay.example.com"
KEYED = Call("POST", "/bookings", nothing, b"{}", "key")
BARE = Call("POST", "/books/check", nothing, b"{}")
READING = Call("GET", "/links", nothing)
UNSENT, SILENT, PAGE = Unsent("refused"), Unanswered("cut"), Answered(502, {}, b"<html>")


def refused(code: str, status: int = 503, **rest: Any) -> Answered:
    """A refusal in the service's form."""
    body = {"success": False, "message": "No.", "code": code, "errors": [], "requestId": "req_1"}
    return Answered(status, {}, json.dumps(body | rest).encode())


@pytest.mark.parametrize(
    ("attempted", "is_repeated", "is_repeated_without_key"),
    [
        (UNSENT, True, True),
        (SILENT, True, False),
        (PAGE, True, False),
        (Answered(504, {}, b""), True, False),
        (Answered(201, {}, b"{}"), False, False),
        (Answered(404, {}, b"<html>"), False, False),
        (Answered(302, {}, b""), False, False),
        (refused("unavailable"), True, True),
        (refused("unavailable", retryAfterSeconds=2), True, True),
        (refused("unavailable", retryAfterSeconds=30), False, False),
        (refused("unavailable", transactionId="pay_1"), False, False),
        (refused("outcome_unknown"), True, False),
        (refused("daraja_unavailable", transactionId="pay_1", retryAfterSeconds=30), False, False),
        (refused("daraja_refused", 502, transactionId="pay_1"), False, False),
        (refused("idempotency_in_flight", 409, retryAfterSeconds=2), True, False),
        (refused("payment_in_progress", 409, transactionId="pay_1"), False, False),
        (refused("too_many_requests", 429, retryAfterSeconds=1), True, True),
        (refused("too_many_requests", 429, retryAfterSeconds=600), False, False),
        (refused("internal_error", 500), False, False),
    ],
)
def test_a_call_is_repeated_only_where_it_cannot_be_done_twice(
    attempted: Attempted, is_repeated: bool, is_repeated_without_key: bool
) -> None:
    """What was sent and may have been done is repeated with its key alone; a refusal that names a payment never is."""
    found = [after(attempted, 1, each, 0.5).pause_seconds is not None for each in (Repeatable.YES, Repeatable.NO)]
    assert found == [is_repeated, is_repeated_without_key]


@pytest.mark.parametrize("problem", CATALOGUE.values(), ids=lambda one: one.code)
def test_no_other_refusal_is_repeated(problem: Problem) -> None:
    """Of the whole catalogue only those are repeated that say that waiting helps."""
    temporary = {"unavailable", "daraja_unavailable", "too_many_requests", "outcome_unknown", "idempotency_in_flight"}
    is_repeated = after(refused(problem.code, problem.status), 1, Repeatable.YES, 0.5).pause_seconds is not None
    assert is_repeated == (problem.code in temporary)


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_pauses_grow_and_end(chance: float) -> None:
    """Each pause is longer than the one before, none is longer than 5 s, and the last attempt has none."""
    pauses = [after(UNSENT, attempts, Repeatable.YES, chance).pause_seconds for attempts in range(1, MOST_ATTEMPTS + 1)]
    *waited, last = pauses
    assert last is None
    assert waited == sorted(waited, key=lambda each: each or 0)
    assert all(each is not None and 0 < each <= LONGEST_PAUSE_SECONDS for each in waited)


def test_a_first_call_that_is_still_answered_is_waited_for_longer() -> None:
    """A push may take 50 s, and its key says for so long that it is in flight."""
    in_flight = refused("idempotency_in_flight", 409, retryAfterSeconds=2)
    pauses = [after(in_flight, each, Repeatable.YES, 0.0).pause_seconds for each in range(1, MOST_WHILE_IN_FLIGHT)]
    assert sum(each for each in pauses if each is not None) >= 50
    assert after(in_flight, MOST_WHILE_IN_FLIGHT, Repeatable.YES, 0.0) == After(None, may_be_done=True)


@pytest.mark.parametrize(
    ("call", "attempts", "kind"),
    [
        (KEYED, [UNSENT] * 4, NotReached),
        (KEYED, [SILENT] * 4, NoReply),
        (KEYED, [SILENT, UNSENT, UNSENT, UNSENT], NoReply),
        (KEYED, [SILENT, *[refused("unavailable")] * 3], NoReply),
        (KEYED, [refused("unavailable")] * 4, Unavailable),
        (KEYED, [refused("outcome_unknown")] * 4, OutcomeUnknown),
        (KEYED, [PAGE] * 4, NoReply),
        (KEYED, [SILENT, refused("not_found", 404)], NotFound),
        (KEYED, [refused("idempotency_in_flight", 409)] * MOST_WHILE_IN_FLIGHT, IdempotencyInFlight),
        (BARE, [SILENT], NoReply),
        (BARE, [UNSENT] * 4, NotReached),
        (BARE, [refused("outcome_unknown")], OutcomeUnknown),
        (READING, [SILENT] * 4, NoReply),
        (READING, [SILENT, UNSENT, UNSENT, UNSENT], NotReached),
        (READING, [PAGE] * 4, NotPokea),
        (READING, [Answered(200, {}, b"<html>")], None),
    ],
)
def test_what_a_call_comes_to(call: Call[None], attempts: list[Attempted], kind: type[ClientError] | None) -> None:
    """A call of which one attempt may have been done never ends as one that was not sent or changed nothing."""
    performance = Performance(call, URL)
    pauses = [performance.pause_after(attempted, 0.5) for attempted in attempts]
    assert [pause is None for pause in pauses] == [False] * (len(attempts) - 1) + [True]
    if kind is None:
        performance.value()
        return
    with pytest.raises(kind) as raised:
        performance.value()
    if isinstance(raised.value, NoReply):
        assert raised.value.idempotency_key == call.key
