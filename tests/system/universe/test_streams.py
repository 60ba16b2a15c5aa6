"""A page that watches events notices whatever it may never hear."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pokea.universe.stream_reader import StreamReader

END = b"event: end\ndata: {}\n\n"
BEAT = b": still here\n\n"


def event(version: int, status: str, number: int | None = None, transaction_id: str = "pay_1") -> bytes:
    """A status as the service sends it; `number` is the event's id, by right the version."""
    data = json.dumps({"transaction": {"id": transaction_id, "version": version, "status": status}})
    return f"id: {version if number is None else number}\nevent: status\ndata: {data}\n\n".encode()


def heard(*chunks: bytes) -> tuple[StreamReader, list[Mapping[str, Any]], list[str]]:
    """The ear, what it passed on, and what it complained of."""
    seen: list[Mapping[str, Any]] = []
    complaints: list[str] = []
    ear = StreamReader("pay_1", seen.append, complaints.append)
    for chunk in chunks:
        ear.hear(chunk)
    return ear, seen, complaints


def test_each_status_is_passed_on_until_the_end() -> None:
    """Signs of life are nothing, and events that were sent together are heard one by one."""
    ear, seen, complaints = heard(BEAT, event(2, "pending"), BEAT, event(3, "completed") + END)
    assert [told["status"] for told in seen] == ["pending", "completed"]
    assert (ear.version, ear.status, ear.is_over, complaints) == (3, "completed", True, [])


@pytest.mark.parametrize(
    "chunks",
    [
        (event(2, "completed") + END, event(3, "failed")),
        (event(2, "pending", number=1),),
        (event(2, "pending", transaction_id="pay_2"),),
    ],
)
def test_what_may_not_come_is_a_complaint(chunks: tuple[bytes, ...]) -> None:
    """More after the end, an event that is not numbered by its version, and another one's payment."""
    assert len(heard(*chunks)[2]) == 1
