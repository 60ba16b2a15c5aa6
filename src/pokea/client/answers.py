"""What came of one attempt, read: the answer as a value, or the refusal as an error of the catalogue."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec

from pokea.client.failures import CallRefused, NotPokea, RefusedField
from pokea.client.models import Event
from pokea.client.problems import BY_CODE

T = TypeVar("T")
Read: TypeAlias = Callable[[bytes], T]
FIRST_REFUSAL: Final = 300


class Answered(NamedTuple):
    """An HTTP answer of any status; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unsent(NamedTuple):
    """No byte of the call was sent."""

    why: str


class Unanswered(NamedTuple):
    """The call was sent, at least in part, and no whole answer came."""

    why: str


Attempted: TypeAlias = Answered | Unsent | Unanswered


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list. `next_cursor` leads to the next part, and is None on the last.

    What it shows is `age_seconds` old at the most; 0 where it is as of now.
    """

    items: tuple[T, ...]
    next_cursor: str | None = None
    total: int | None = None
    age_seconds: int = 0


def one(kind: type[T], under: str) -> Read[T]:
    """Reads the object that stands under this name."""

    def read(body: bytes) -> T:
        return msgspec.json.decode(_envelope(body)[under], type=kind)

    return read


def page_of(kind: type[T], under: str) -> Read[Page[T]]:
    """Reads a page of the objects that stand under this name."""

    def read(body: bytes) -> Page[T]:
        envelope = _envelope(body)
        items: tuple[T, ...] = msgspec.json.decode(envelope[under], type=tuple[kind, ...])  # type: ignore[valid-type] # a type that is known when it runs
        cursor = msgspec.json.decode(envelope.get("nextCursor", b"null"), type=str | None)
        total = msgspec.json.decode(envelope.get("total", b"null"), type=int | None)
        age_seconds = msgspec.json.decode(envelope.get("ageSeconds", b"0"), type=int)
        return Page(items, cursor, total, age_seconds)

    return read


class EventPage(msgspec.Struct, frozen=True):
    """A part of the list of events, in the order of their numbers. The list is read to its end when `next` is `latest`;
    later, ask after `next` again."""

    events: tuple[Event, ...]
    next: int
    latest: int


def page_of_events(body: bytes) -> EventPage:
    """Reads a page of events."""
    return msgspec.json.decode(body, type=EventPage)


def nothing(body: bytes) -> None:
    """Reads an answer that only says that it was done."""


def _envelope(body: bytes) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(body, type=dict[str, msgspec.Raw])


def read_answer(answer: Answered, read: Read[T]) -> T:
    """The value of a success. Raises CallRefused for a refusal, NotPokea for what has not the form of an answer."""
    if answer.status >= FIRST_REFUSAL:
        raise refusal_of(answer) or NotPokea(
            f"The service's address answered {answer.status}, and not in Pokea's form.", answer.status
        )
    try:
        return read(answer.body)
    except (msgspec.MsgspecError, KeyError) as failure:
        raise NotPokea(f"The answer cannot be read: {failure}.", answer.status) from None


def refusal_of(answer: Answered) -> CallRefused | None:
    """The refusal that an answer is; None for one that is not in the service's form, as of a proxy."""
    try:
        problem: dict[str, Any] = msgspec.json.decode(answer.body, type=dict[str, Any])
        code, message = problem.pop("code"), problem.pop("message")
        fields = [RefusedField(each["field"], each["message"]) for each in problem.pop("errors", ())]
    except (msgspec.MsgspecError, KeyError, TypeError):
        return None
    if not (isinstance(code, str) and isinstance(message, str)) or problem.pop("success", None) is not False:
        return None
    kind = BY_CODE.get(code, CallRefused)
    request_id, retry_after = problem.pop("requestId", ""), problem.pop("retryAfterSeconds", None)
    return kind(answer.status, code, message, fields, request_id, retry_after, problem)
