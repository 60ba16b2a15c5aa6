"""A fee's states, cell by cell; who may set what; and references that fit Daraja."""

import itertools
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.bookings.rules import (
    STATUS_OF_FEE,
    TRANSITIONS,
    BookingStatus,
    BookingTerms,
    FeeEvent,
    FeeStatus,
    after,
    is_reference,
    reference_from,
    terms_for,
)
from pokea.errors import ApiError
from pokea.ids import Ids
from tests.api.serving import SetClock

UNPAID, HELD, DISPUTED, RELEASED, REFUNDED, REFUNDING, PARTLY_REFUNDED = FeeStatus
CELLS = {
    (UNPAID, FeeEvent.PAID): HELD,
    (UNPAID, FeeEvent.RELEASED): None,
    (UNPAID, FeeEvent.REFUNDED): None,
    (HELD, FeeEvent.PAID): None,
    (HELD, FeeEvent.RELEASED): RELEASED,
    (HELD, FeeEvent.REFUNDED): REFUNDED,
    (RELEASED, FeeEvent.PAID): None,
    (RELEASED, FeeEvent.RELEASED): None,
    (RELEASED, FeeEvent.REFUNDED): None,
    (REFUNDED, FeeEvent.PAID): None,
    (REFUNDED, FeeEvent.RELEASED): None,
    (REFUNDED, FeeEvent.REFUNDED): None,
    **dict.fromkeys(itertools.product((DISPUTED, REFUNDING, PARTLY_REFUNDED), FeeEvent)),
}


def test_the_cells_below_are_all_there_are() -> None:
    """Every status meets every event in the table of this test."""
    assert set(CELLS) == set(itertools.product(FeeStatus, FeeEvent))


@pytest.mark.parametrize(("fee", "event"), CELLS)
def test_a_fee_changes_as_its_cell_says(fee: FeeStatus, event: FeeEvent) -> None:
    """A fee is held once, and from there released or refunded, and nothing else ever happens to it."""
    assert after(fee, event) is CELLS[fee, event]


def test_no_event_leads_back() -> None:
    """From no status does any chain of events lead to a status that the fee has had."""
    for start in FeeStatus:
        seen, ahead = {start}, [start]
        while ahead:
            reached = [end for (begin, _), end in TRANSITIONS.items() if begin in ahead]
            assert not seen & set(reached)
            seen.update(reached)
            ahead = reached


@pytest.mark.parametrize(
    ("fee", "status"),
    [
        (UNPAID, BookingStatus.AWAITING_PAYMENT),
        (HELD, BookingStatus.MATCHING),
        (DISPUTED, BookingStatus.MATCHING),
        (RELEASED, BookingStatus.MATCHING),
        (REFUNDED, BookingStatus.MATCHING),
        (REFUNDING, BookingStatus.MATCHING),
        (PARTLY_REFUNDED, BookingStatus.MATCHING),
    ],
)
def test_a_bookings_status_follows_its_fee(fee: FeeStatus, status: BookingStatus) -> None:
    """A booking waits for its payment, and is matched once the fee has been held."""
    assert STATUS_OF_FEE[fee] is status


def test_every_fee_has_a_booking_status() -> None:
    """No status of a fee leaves its booking without one."""
    assert set(STATUS_OF_FEE) == set(FeeStatus)


@given(st.randoms(use_true_random=False))
def test_a_made_reference_fits_daraja(chance: random.Random) -> None:
    """Whatever chance brings, a reference is `BK-` and seven characters, and no longer than Daraja takes."""
    reference = reference_from(Ids(SetClock(), chance.randbytes).new("bk"))
    assert is_reference(reference)
    assert reference.startswith("BK-")
    assert len(reference) == 10
    assert not set(reference[3:]) & set("ILOU" + "abcdefghijklmnopqrstuvwxyz")


def test_made_references_differ() -> None:
    """References come from chance, not from the time: a thousand of one instant are a thousand."""
    ids = Ids(SetClock(), random.Random(1).randbytes)
    assert len({reference_from(ids.new("bk")) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("text", ["A", "BK-7Q2M4XN", "abc-123-XYZ-", "-", "123456789012"])
def test_a_reference_is_letters_digits_and_dashes(text: str) -> None:
    """Up to twelve of them."""
    assert is_reference(text)


@pytest.mark.parametrize("text", ["", "1234567890123", "a b", "a_b", "a\n", "é", "٣", "a/b"])
def test_what_daraja_might_not_show_is_no_reference(text: str) -> None:
    """Spaces, signs, other scripts and a thirteenth character are not taken."""
    assert not is_reference(text)


def test_a_customer_books_for_themselves_at_the_services_fee() -> None:
    """Left out, the customer is the caller and the fee is the default."""
    assert terms_for("alice", False, None, None, 50_000) == BookingTerms("alice", 50_000)
    assert terms_for("root", True, None, None, 50_000) == BookingTerms("root", 50_000)


def test_an_admin_books_for_anybody_at_any_fee() -> None:
    """An admin sets whose booking it is, and the fee in shillings."""
    assert terms_for("root", True, "alice", 750, 50_000) == BookingTerms("alice", 75_000)


@pytest.mark.parametrize(
    ("customer_id", "amount", "named"),
    [("bob", None, "customerId"), ("alice", None, "customerId"), (None, 1, "amount"), (None, 500, "amount")],
)
def test_a_customer_sets_neither(customer_id: str | None, amount: int | None, named: str) -> None:
    """A customer who names a customer or an amount, were it their own and the usual one, is refused by the name."""
    with pytest.raises(ApiError, match=f"`{named}`") as refused:
        terms_for("alice", False, customer_id, amount, 50_000)
    assert refused.value.code == "forbidden"


def test_the_documents_table_is_the_rules_table() -> None:
    """docs/api.md shows the same cells as the rules."""
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    header, _, *rows = ("| Fee |" + page.split("| Fee |")[1].split("\n\n")[0]).split("\n")
    events = [FeeEvent(name.strip()) for name in header.strip("|").split("|")[1:]]
    shown: dict[tuple[FeeStatus, FeeEvent], FeeStatus] = {}
    for row in rows:
        fee, *cells = [cell.strip().strip("`") for cell in row.strip("|").split("|")]
        shown |= {(FeeStatus(fee), event): FeeStatus(cell) for event, cell in zip(events, cells, strict=True) if cell}
    assert shown == TRANSITIONS
