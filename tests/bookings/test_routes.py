"""Bookings over HTTP, against a real server and both databases."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pokea.api.openapi import Application
from pokea.bookings.limit import BookingLimit
from pokea.bookings.routes import BookingRoutes
from pokea.bookings.schemas import BookingAnswer, CreateBooking
from pokea.errors import Unavailable
from pokea.ids import Ids
from pokea.storage.database import Database, open_database
from tests.api.serving import NOON, Client, SetClock, against, bearer, new_test_application, new_test_gate
from tests.bookings.making import hold

BOOKINGS = "/api/v1/bookings"
ALICE = bearer("alice", "bookings:write", "payments:read")
BOB = bearer("bob", "bookings:write", "payments:read")
ADMIN = bearer("root", "admin")


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """An open, migrated SQLite database, for what has nothing to do with the kind of database."""
    opened = open_database(sqlite_url)
    yield opened
    opened.close()


def booking_application(database: Database, business_name: str | None = None) -> Application:
    """An application with the bookings, where a fee is 500 shillings."""
    clock = SetClock()
    app = new_test_application(clock)
    ids, free = Ids(clock, random.Random(3).randbytes), BookingLimit(0, clock)
    gate = new_test_gate(clock)
    routes = BookingRoutes(gate, database, clock, ids, 50_000, limit=free, business_name=business_name)
    routes.router().add_to(app)
    return app


def booked(database: Database, talk: Callable[[Client], Awaitable[None]]) -> None:
    """Run one conversation with a server of the bookings."""
    against(booking_application(database), talk)


async def new_booking(client: Client, headers: dict[str, str] = ALICE, **fields: Any) -> dict[str, Any]:
    """A booking that was made."""
    answer = await client.post(BOOKINGS, json={"service": "Plumbing"} | fields, headers=headers)
    assert answer.status == 201, answer.body
    booking: dict[str, Any] = answer.body["booking"]
    return booking


def test_a_booking_is_made_and_read(database: Database) -> None:
    """201 answers with the booking and its unpaid fee, and a GET shows the same."""

    async def talk(client: Client) -> None:
        answer = await client.post(BOOKINGS, json={"service": " Plumbing in Kilimani "}, headers=ALICE)
        booking = answer.body["booking"]
        assert answer.status == 201
        assert answer.body == {
            "success": True,
            "booking": {
                "id": booking["id"],
                "reference": booking["reference"],
                "service": "Plumbing in Kilimani",
                "customerId": "alice",
                "status": "awaiting_payment",
                "businessName": None,
                "bookingFee": {"amount": 500, "currency": "KES", "status": "unpaid", "paidAt": None},
                "createdAt": "2025-01-27T17:46:40.000Z",
            },
        }
        assert booking["id"].startswith("bk_")
        assert booking["reference"].startswith("BK-")
        read = await client.get(f"{BOOKINGS}/{booking['id']}", headers=ALICE)
        assert (read.status, read.body) == (200, answer.body)

    booked(database, talk)


def test_a_paid_booking_shows_when_and_that_it_is_matched(database: Database) -> None:
    """Once a payment holds the fee, the booking says so."""

    async def talk(client: Client) -> None:
        booking = await new_booking(client)
        await database.write(hold, (booking["id"], "pay_1", NOON + 60_000_000))
        read = (await client.get(f"{BOOKINGS}/{booking['id']}", headers=ALICE)).body["booking"]
        assert read["status"] == "matching"
        assert read["bookingFee"] == {
            "amount": 500,
            "currency": "KES",
            "status": "held",
            "paidAt": "2025-01-27T17:47:40.000Z",
        }

    booked(database, talk)


def test_the_caller_may_choose_the_reference(database: Database) -> None:
    """A chosen reference is kept; a second booking cannot have it."""

    async def talk(client: Client) -> None:
        assert (await new_booking(client, reference="KILI-0042"))["reference"] == "KILI-0042"
        again = await client.post(BOOKINGS, json={"service": "x", "reference": "KILI-0042"}, headers=BOB)
        assert (again.status, again.body["code"]) == (409, "reference_taken")

    booked(database, talk)


def test_an_admin_books_for_a_customer_at_another_fee(database: Database) -> None:
    """An admin names the customer and the amount; the customer then sees the booking."""

    async def talk(client: Client) -> None:
        booking = await new_booking(client, ADMIN, customerId="alice", amount=1250)
        assert (booking["customerId"], booking["bookingFee"]["amount"]) == ("alice", 1250)
        assert (await client.get(f"{BOOKINGS}/{booking['id']}", headers=ALICE)).status == 200

    booked(database, talk)


@pytest.mark.parametrize("fields", [{"customerId": "bob"}, {"customerId": "alice"}, {"amount": 1}, {"amount": 500}])
def test_a_customer_sets_neither_customer_nor_amount(sqlite_database: Database, fields: dict[str, Any]) -> None:
    """403 names the field to leave out, also when it would change nothing."""

    async def talk(client: Client) -> None:
        answer = await client.post(BOOKINGS, json={"service": "x"} | fields, headers=ALICE)
        assert (answer.status, answer.body["code"]) == (403, "forbidden")
        assert f"`{next(iter(fields))}`" in answer.body["message"]

    booked(sqlite_database, talk)


def test_empty_optional_fields_count_as_left_out(sqlite_database: Database) -> None:
    """A page that sends null for what it does not know is understood."""

    async def talk(client: Client) -> None:
        booking = await new_booking(client, reference=None, customerId=None, amount=None, notes="unknown field")
        assert (booking["customerId"], booking["bookingFee"]["amount"]) == ("alice", 500)

    booked(sqlite_database, talk)


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "service", "is missing"),
        ({"service": 7}, "service", "must be text"),
        ({"service": ""}, "service", "1 to 100 characters"),
        ({"service": "   "}, "service", "1 to 100 characters"),
        ({"service": "x" * 101}, "service", "1 to 100 characters"),
        ({"service": "Plumbing \u202e005 SEK"}, "service", "direction of text"),
        ({"service": "\u2067Plumbing\u2069"}, "service", "direction of text"),
        ({"service": "Plumbing\u200f"}, "service", "direction of text"),
        ({"service": "Plumbing\u2028again"}, "service", "direction of text"),
        ({"service": "two\nlines"}, "service", "one line"),
        ({"service": "nul\x00"}, "service", "one line"),
        ({"service": "x", "reference": ""}, "reference", "1 to 12 letters"),
        ({"service": "x", "reference": "1234567890123"}, "reference", "1 to 12 letters"),
        ({"service": "x", "reference": "a b"}, "reference", "1 to 12 letters"),
        ({"service": "x", "reference": "a_b"}, "reference", "BK-7Q2M4XN"),
        ({"service": "x", "reference": 7}, "reference", "must be text"),
        ({"service": "x", "customerId": ""}, "customerId", "1 to 128 printable"),
        ({"service": "x", "customerId": "x" * 129}, "customerId", "1 to 128 printable"),
        ({"service": "x", "customerId": "a\x00"}, "customerId", "1 to 128 printable"),
        ({"service": "x", "amount": 0}, "amount", "1 or more"),
        ({"service": "x", "amount": -5}, "amount", "1 or more"),
        ({"service": "x", "amount": 250_001}, "amount", "250000 or less"),
        ({"service": "x", "amount": 10.5}, "amount", "whole number"),
        ({"service": "x", "amount": "500"}, "amount", "whole number"),
        ({"service": "x", "amount": True}, "amount", "whole number"),
    ],
)
def test_a_wrong_field_is_named_with_what_to_write(
    sqlite_database: Database, body: dict[str, Any], field: str, words: str
) -> None:
    """400 names the field and says what it takes."""

    async def talk(client: Client) -> None:
        answer = await client.post(BOOKINGS, json=body, headers=ADMIN)
        assert (answer.status, answer.body["code"]) == (400, "invalid_request")
        assert [error["field"] for error in answer.body["errors"]] == [field]
        assert words in answer.body["message"]

    booked(sqlite_database, talk)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"service":' + b"[" * 60_000])
def test_a_body_that_is_no_json_object_is_refused(sqlite_database: Database, body: bytes) -> None:
    """Nothing is made of what cannot be read."""

    async def talk(client: Client) -> None:
        headers = ALICE | {"Content-Type": "application/json"}
        answer = await client.post(BOOKINGS, data=body, headers=headers)
        assert (answer.status, answer.body["code"]) == (400, "malformed_body")

    booked(sqlite_database, talk)


def test_only_a_token_that_may_write_bookings_makes_one(sqlite_database: Database) -> None:
    """Without a token 401, without the scope 403, and both before the body is looked at."""

    async def talk(client: Client) -> None:
        assert (await client.post(BOOKINGS, data=b"{")).status == 401
        reader = bearer("alice", "payments:read", "payments:write")
        refused = await client.post(BOOKINGS, data=b"{", headers=reader)
        assert (refused.status, refused.body["code"]) == (403, "forbidden")
        assert "`bookings:write`" in refused.body["message"]

    booked(sqlite_database, talk)


@pytest.mark.parametrize("scopes", [("payments:read",), ("bookings:write",), ("admin",)])
def test_a_booking_is_read_with_any_of_its_scopes(sqlite_database: Database, scopes: tuple[str, ...]) -> None:
    """Whoever pays for bookings or makes them can read them."""

    async def talk(client: Client) -> None:
        booking = await new_booking(client)
        answer = await client.get(f"{BOOKINGS}/{booking['id']}", headers=bearer("alice", *scopes))
        assert answer.status == 200

    booked(sqlite_database, talk)


def test_a_booking_is_not_read_without_a_scope(sqlite_database: Database) -> None:
    """A token for something else gets 403, also for a booking that does not exist."""

    async def talk(client: Client) -> None:
        for headers, status in (({}, 401), (bearer("alice"), 403), (bearer("alice", "payments:write"), 403)):
            assert (await client.get(f"{BOOKINGS}/bk_none", headers=headers)).status == status

    booked(sqlite_database, talk)


def test_somebody_elses_booking_is_as_absent_as_none(database: Database) -> None:
    """The answers for a foreign and for an unknown booking do not differ, so that nothing can be found out."""

    async def talk(client: Client) -> None:
        booking = await new_booking(client)
        named = {"X-Request-Id": "same"}
        foreign = await client.get(f"{BOOKINGS}/{booking['id']}", headers=BOB | named)
        absent = await client.get(f"{BOOKINGS}/bk_{'0' * 26}", headers=BOB | named)
        assert (foreign.status, foreign.body["code"]) == (404, "not_found")
        assert foreign.body == absent.body
        assert (await client.get(f"{BOOKINGS}/{booking['id']}", headers=ADMIN)).status == 200

    booked(database, talk)


@pytest.mark.parametrize("path", ["%00", "bk_%00", "x" * 65, "%F0%9F%92%A9", "a%20b", "'%20or%201=1"])
def test_what_cannot_be_an_id_is_not_found(database: Database, path: str) -> None:
    """An address that no database would take is 404, not a failure."""

    async def talk(client: Client) -> None:
        assert (await client.get(f"{BOOKINGS}/{path}", headers=ADMIN)).status == 404

    booked(database, talk)


def test_the_same_key_answers_the_same(database: Database) -> None:
    """A repeated call makes nothing, and says that it is a repetition; without a key each call makes a booking."""

    async def talk(client: Client) -> None:
        headers = ALICE | {"Idempotency-Key": "order-7"}
        first = await client.post(BOOKINGS, json={"service": "x"}, headers=headers)
        await database.write(hold, (first.body["booking"]["id"], "pay_1", NOON))
        again = await client.post(BOOKINGS, json={"service": "x"}, headers=headers)
        assert (again.status, again.body) == (201, first.body)
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (await new_booking(client))["id"] != (await new_booking(client))["id"]

    booked(database, talk)


def test_white_space_and_the_order_of_fields_do_not_make_another_body(sqlite_database: Database) -> None:
    """A program that writes the same wish differently is still repeating itself."""

    async def talk(client: Client) -> None:
        headers = ALICE | {"Idempotency-Key": "order-7", "Content-Type": "application/json"}
        for body in (b'{"service":"x","reference":"A"}', b'{ "reference": "A", "service": " x" }'):
            answer = await client.post(BOOKINGS, data=body, headers=headers)
            assert answer.status == 201
        assert answer.headers["Idempotency-Replayed"] == "true"

    booked(sqlite_database, talk)


def test_a_key_is_refused_with_another_body_and_free_for_another_caller(database: Database) -> None:
    """422 for the same caller's other body; somebody else's key of the same text is another key."""

    async def talk(client: Client) -> None:
        key = {"Idempotency-Key": "order-7"}
        first = await client.post(BOOKINGS, json={"service": "x"}, headers=ALICE | key)
        other = await client.post(BOOKINGS, json={"service": "y"}, headers=ALICE | key)
        assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
        bobs = await client.post(BOOKINGS, json={"service": "y"}, headers=BOB | key)
        assert bobs.status == 201
        assert bobs.body["booking"]["id"] != first.body["booking"]["id"]

    booked(database, talk)


def test_what_was_refused_does_not_use_up_a_key(database: Database) -> None:
    """A refused call leaves its key free for the corrected one."""

    async def talk(client: Client) -> None:
        await new_booking(client, reference="TAKEN")
        headers = ALICE | {"Idempotency-Key": "order-7"}
        for body, status in (({}, 400), ({"service": "x", "reference": "TAKEN"}, 409), ({"service": "x"}, 201)):
            assert (await client.post(BOOKINGS, json=body, headers=headers)).status == status

    booked(database, talk)


def test_a_key_of_another_form_is_refused_by_the_headers_name(sqlite_database: Database) -> None:
    """The header is checked before anything is made."""

    async def talk(client: Client) -> None:
        headers = ALICE | {"Idempotency-Key": "x" * 256}
        answer = await client.post(BOOKINGS, json={"service": "x"}, headers=headers)
        assert (answer.status, answer.body["errors"][0]["field"]) == (400, "Idempotency-Key")

    booked(sqlite_database, talk)


def test_twenty_calls_at_once_with_one_key_make_one_booking(database: Database) -> None:
    """A double click, or an impatient program, makes one booking."""

    async def talk(client: Client) -> None:
        headers = ALICE | {"Idempotency-Key": "order-7"}
        calls = (client.post(BOOKINGS, json={"service": "x"}, headers=headers) for _ in range(20))
        answers = await asyncio.gather(*calls)
        assert {answer.status for answer in answers} == {201}
        assert len({answer.body["booking"]["id"] for answer in answers}) == 1
        assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 19

    booked(database, talk)


def test_a_database_that_is_away_is_said_and_not_guessed(sqlite_database: Database) -> None:
    """Without its database the service answers 503 and when to try again."""

    class Away(Database):
        """A database that does not answer."""

        async def read(self, *_: Any, **__: Any) -> Any:
            """Never answers."""
            raise Unavailable("away")

        write = read_one = read_snapshot = read

    async def talk(client: Client) -> None:
        for answer in (
            await client.post(BOOKINGS, json={"service": "x"}, headers=ALICE),
            await client.get(f"{BOOKINGS}/bk_1", headers=ALICE),
        ):
            assert (answer.status, answer.body["code"]) == (503, "unavailable")
            assert "Retry-After" in answer.headers

    booked(Away(sqlite_database.engine), talk)


def test_the_document_describes_the_bookings(sqlite_database: Database) -> None:
    """Both calls are in the document with their refusals, and an answer is of the form that it promises."""
    app = booking_application(sqlite_database)
    paths = app.openapi()["paths"]
    assert set(paths) >= {BOOKINGS, f"{BOOKINGS}/{{bookingId}}"}
    statuses = {"201", "400", "401", "403", "408", "409", "413", "422", "429", "500", "503"}
    assert set(paths[BOOKINGS]["post"]["responses"]) == statuses

    async def talk(client: Client) -> None:
        answer = await client.post(BOOKINGS, json={"service": "x"}, headers=ALICE)
        assert BookingAnswer.model_validate(answer.body, extra="forbid").model_dump(by_alias=True) == answer.body

    against(app, talk)


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=150)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["service", "reference", "customerId", "amount"]), anything))
def test_any_fields_are_a_booking_or_a_validation_error(fields: dict[str, Any]) -> None:
    """Whatever is sent, what is accepted fits the columns: one line, a fitting reference, whole shillings."""
    try:
        wanted = CreateBooking.model_validate(fields)
    except ValidationError:
        return
    assert 0 < len(wanted.service) <= 100
    assert "\x00" not in wanted.service + (wanted.customer_id or "") + (wanted.reference or "")
    assert wanted.amount is None or 1 <= wanted.amount <= 250_000
    assert wanted.reference is None or len(wanted.reference) <= 12
