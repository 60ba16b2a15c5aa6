"""What a call takes: JSON and query strings become models, or sentences about what is wrong."""

import contextlib
import json
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.bodies import Incoming, Outgoing, Shillings, read_body, read_query
from pokea.api.openapi import Application
from pokea.api.responses import model_answer
from pokea.errors import ApiError
from tests.api.serving import Client, against, new_test_application


class Colour(StrEnum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


def _even(number: int) -> int:
    if number % 2:
        raise ValueError("`evenNumber` must be even.")
    return number


class Part(Incoming):
    """A part of a wish."""

    size: int


class Everything(Incoming):
    """A body with every kind of field."""

    full_name: Annotated[str, Field(min_length=2, max_length=5)] = "Amina"
    code: Annotated[str, Field(pattern="^[a-z]+$")] = "a"
    count: Annotated[int, Field(ge=1, le=10)] = 1
    share: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.5
    agreed: bool = True
    kind: Literal["one", "two"] = "one"
    colour: Colour = Colour.RED
    even_number: Annotated[int, AfterValidator(_even)] = 2
    parts: list[Part] = Field(default_factory=list)
    part: Part | None = None
    notes: dict[str, str] = Field(default_factory=dict)
    amount: Shillings = 1


class Seen(Outgoing):
    """What was read."""

    full_name: str
    amount: int


def reading() -> Application:
    """An application that reads a body and a query string by itself."""
    app = new_test_application()

    async def page(request: Request) -> Response:
        read = read_query(request, Everything) if request.method == "GET" else await read_body(request, Everything)
        return model_answer(Seen(full_name=read.full_name, amount=read.amount), 201, {"X-Seen": "yes"})

    app.add_route("/page", page, methods=["GET", "POST"])
    return app


def test_fields_are_in_camel_case_and_text_is_stripped() -> None:
    """A body is read by the names of the API, and answered by them."""

    async def talk(client: Client) -> None:
        answer = await client.post("/page", json={"fullName": "  Amina ", "amount": 500, "unknown": True})
        assert (answer.status, answer.body) == (201, {"fullName": "Amina", "amount": 500})
        assert answer.headers["X-Seen"] == "yes"
        ignored = await client.post("/page", json={"full_name": "Njeri"})
        assert ignored.body["fullName"] == "Amina"

    against(reading(), talk)


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "application/vnd.x+json"]
)
def test_a_json_body_may_say_so_in_several_ways(media_type: str) -> None:
    """The media type may have parameters, or be a JSON type of somebody's own."""

    async def talk(client: Client) -> None:
        answer = await client.post("/page", data=b"{}", headers={"Content-Type": media_type})
        assert answer.status == 201

    against(reading(), talk)


def test_a_form_is_told_what_to_send_instead() -> None:
    """What curl sends without a header is refused with the header to add."""

    async def talk(client: Client) -> None:
        answer = await client.post("/page", data={"fullName": "Amina"})
        assert (answer.status, answer.body["code"]) == (400, "malformed_body")
        assert answer.body["message"] == "Send a JSON object, with `Content-Type: application/json`."

    against(reading(), talk)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "The body is empty. Send a JSON object."),
        (b"{'phone': '0712345678'}", "(key must be a string at line 1 column 2). Correct it there."),
        (b'{"phone":\n0712345678}', "(invalid number at line 2 column 2). Correct it there."),
        (b'{"phone": "0712345678",}', "(trailing comma at line 1 column 24). Correct it there."),
        (b'["0712345678"]', "The body is JSON, and no object. Send one, in braces."),
    ],
)
def test_the_answer_to_a_malformed_body_names_the_place_and_repeats_nothing(body: bytes, says: str) -> None:
    """The message names the place and the rule; a phone number in the body is not repeated."""

    async def talk(client: Client) -> None:
        answer = await client.post("/page", data=body, headers={"Content-Type": "application/json"})
        assert (answer.status, answer.body["code"]) == (400, "malformed_body")
        assert says in answer.body["message"]
        assert "0712345678" not in answer.body["message"]

    against(reading(), talk)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"[]",
        b"7",
        b"null",
        b'"a"',
        b"\xff\xfe",
        b'{"a": "\\ud800"}',
        b'{"parts":' + b"[" * 60_000,
        b"{}{}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_json_object_is_a_malformed_body(body: bytes) -> None:
    """Whatever cannot be read is 400, also when it is nested sixty thousand deep."""

    async def talk(client: Client) -> None:
        answer = await client.post("/page", data=body, headers={"Content-Type": "application/json"})
        assert (answer.status, answer.body["code"]) == (400, "malformed_body")

    against(reading(), talk)


CASES = [
    ({"fullName": 7}, "fullName", "`fullName` must be text."),
    ({"fullName": "A"}, "fullName", "`fullName` is too short: write at least 2 character(s)."),
    ({"fullName": "Amina Njeri"}, "fullName", "`fullName` is too long: write at most 5 character(s)."),
    ({"code": "7"}, "code", "`code` has a form that is not taken: it must match ^[a-z]+$."),
    ({"count": "x"}, "count", "`count` must be a whole number."),
    ({"count": None}, "count", "`count` must be a whole number."),
    ({"count": 1.5}, "count", "`count` must be a whole number, without cents."),
    ({"count": 0}, "count", "`count` is too small: it must be 1 or more."),
    ({"count": 11}, "count", "`count` is too large: it must be 10 or less."),
    ({"share": "x"}, "share", "`share` must be a number."),
    ({"share": None}, "share", "`share` must be a number."),
    ({"share": 0}, "share", "`share` is too small: it must be more than 0.0."),
    ({"share": 1}, "share", "`share` is too large: it must be less than 1.0."),
    ({"share": "nan"}, "share", "`share` must be a finite number."),
    ({"agreed": "perhaps"}, "agreed", "`agreed` must be true or false."),
    ({"agreed": []}, "agreed", "`agreed` must be true or false."),
    ({"kind": "three"}, "kind", "`kind` must be one of 'one' or 'two'."),
    ({"colour": "green"}, "colour", "`colour` must be one of 'red' or 'blue'."),
    ({"evenNumber": 3}, "evenNumber", "`evenNumber` must be even."),
    ({"parts": 7}, "parts", "`parts` must be a list."),
    ({"parts": [{"size": 1}, {}]}, "parts.1.size", "`parts.1.size` is missing: send it."),
    ({"part": 7}, "part", "`part` must be an object."),
    ({"notes": 7}, "notes", "`notes` must be an object."),
    ({"amount": "500"}, "amount", "`amount` must be a whole number."),
    ({"amount": 10.5}, "amount", "`amount` must be a whole number."),
    ({"amount": True}, "amount", "`amount` must be a whole number."),
    ({"amount": 0}, "amount", "`amount` is too small: it must be 1 or more."),
    ({"amount": 250_001}, "amount", "`amount` is too large: it must be 250000 or less."),
]


@pytest.mark.parametrize(("body", "field", "sentence"), CASES)
def test_a_wrong_field_is_named_with_what_to_write_instead(body: dict[str, Any], field: str, sentence: str) -> None:
    """Every kind of mistake has its sentence, and the message is that sentence."""

    async def talk(client: Client) -> None:
        answer = await client.post("/page", json=body)
        assert (answer.status, answer.body["code"]) == (400, "invalid_request")
        assert answer.body["errors"] == [{"field": field, "message": sentence}]
        assert answer.body["message"] == sentence

    against(reading(), talk)


def test_several_wrong_fields_are_listed_together() -> None:
    """The caller can correct everything at once."""

    async def talk(client: Client) -> None:
        answer = await client.post("/page", json={"count": 0, "kind": "three"})
        assert [error["field"] for error in answer.body["errors"]] == ["count", "kind"]
        assert answer.body["message"].count("must be") == 2

    against(reading(), talk)


def test_no_more_than_ten_mistakes_are_listed() -> None:
    """An answer does not grow with the mistakes in a body."""

    async def talk(client: Client) -> None:
        answer = await client.post("/page", json={"parts": [{}] * 1000})
        assert len(answer.body["errors"]) == 10

    against(reading(), talk)


def test_what_was_sent_is_never_repeated() -> None:
    """A refusal does not echo values, which may be phone numbers."""

    async def talk(client: Client) -> None:
        answer = await client.post("/page", json={"count": "0712345678", "kind": "0712345678", "code": "0712345678"})
        assert len(answer.body["errors"]) == 3
        assert "0712345678" not in json.dumps(answer.body)

    against(reading(), talk)


@pytest.mark.parametrize("amount", [1, 500.0, 250_000])
def test_shillings_are_whole(amount: float) -> None:
    """500 and 500.0 are one number in JSON."""

    async def talk(client: Client) -> None:
        assert (await client.post("/page", json={"amount": amount})).body["amount"] == int(amount)

    against(reading(), talk)


def test_a_query_string_is_read_like_a_body() -> None:
    """Parameters are text that becomes numbers; one that is given twice is refused by name."""

    async def talk(client: Client) -> None:
        assert (await client.get("/page?fullName=Njeri&count=3&other=x")).body["fullName"] == "Njeri"
        wrong = await client.get("/page?count=x")
        assert wrong.body["errors"] == [{"field": "count", "message": "`count` must be a whole number."}]
        twice = await client.get("/page?count=1&count=2")
        assert twice.body["errors"] == [{"field": "count", "message": "`count` is given twice: send it once."}]

    against(reading(), talk)


def request_with(query: str) -> Request:
    """A request with this query string."""
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


@given(st.dictionaries(st.sampled_from(["fullName", "count", "share", "kind", "parts"]), st.text(max_size=20)))
def test_any_query_string_is_read_or_refused(values: dict[str, str]) -> None:
    """What is read keeps to its bounds, and nothing fails in another way than by a refusal."""
    with contextlib.suppress(ApiError):
        read = read_query(request_with(str(QueryParams(values))), Everything)
        assert set(values) <= {"fullName", "count", "share", "kind"}
        assert 1 <= read.count <= 10
