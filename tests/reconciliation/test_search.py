"""What the text of a statement shows of a sending of money out: which movements may be it, or why none can be named."""

from datetime import timedelta
from typing import Any, Final

import pytest

from pokea.clock import HOUR, SECOND, from_datetime, to_datetime
from pokea.disbursements.findings import StatementSearch
from pokea.disbursements.model import OutAttempt, Way
from pokea.reconciliation.absence import search_statement
from pokea.reconciliation.statement_file import NotAStatement
from tests.disbursements.people_scene import RULES
from tests.disbursements.rows import attempt_row
from tests.reconciliation.written import DAY_BEGIN, OURS, PAID_AT, Movement, as_csv, classic_rows

AFTER_IT_ALL: Final = DAY_BEGIN + 100 * HOUR
PAID_OUT: Final = Movement(
    receipt="TK5BB00001",
    cents=-50_000,
    details="Business Payment to Customer via API to 25470****149 - JOHN **** DOE",
    reason="Business Payment to Customer via API",
)
CAME: Final = Movement(cents=900_000, at=DAY_BEGIN + SECOND)


def sent(**values: Any) -> OutAttempt:
    """A sending of 500 shillings at noon."""
    return attempt_row(1, **{"created_at": PAID_AT, "amount_cents": 50_000, "way": Way.B2C} | values)


def searched(*movements: Movement, attempt: OutAttempt | None = None, days: int = 2, **values: Any) -> StatementSearch:
    """What a statement of so many days shows."""
    until = from_datetime(to_datetime(DAY_BEGIN) + timedelta(days=days)) - SECOND
    rows = classic_rows([CAME, *movements], until=until, reported_at=until + HOUR, **values)
    return search_statement(as_csv(rows).decode(), attempt or sent(), RULES, OURS, AFTER_IT_ALL)


def test_a_complete_statement_without_the_amount_shows_nothing() -> None:
    """Another amount, money that came, and a movement that failed are not the sending."""
    other = Movement(receipt="TK5BB00002", cents=-40_000, details=PAID_OUT.details, reason=PAID_OUT.reason)
    came = Movement(receipt="TK5BB00003", cents=50_000)
    undone = Movement(receipt="TK5BB00004", cents=-50_000, status="Failed", details=PAID_OUT.details)
    assert searched(other, came, undone) == StatementSearch(None, ())


@pytest.mark.parametrize("details", [PAID_OUT.details, "Payment Reversal of TK5AA00001", "A wording of tomorrow"])
def test_every_movement_of_the_amount_may_be_it(details: str) -> None:
    """Whatever its wording is."""
    movement = Movement(receipt="TK5BB00001", cents=-50_000, details=details, reason="Business Payment")
    assert searched(movement) == StatementSearch(None, ("TK5BB00001",))


def test_the_statement_must_cover_the_day_after() -> None:
    """One that ends before 24 hours have passed proves no absence, and neither does one of another account."""
    assert (searched(days=1).why_not or "").startswith("The statement must cover")
    assert (searched(short_code="600000").why_not or "").startswith("The statement is not complete")
    assert searched(attempt=sent(created_at=DAY_BEGIN)).why_not is not None


def test_what_is_no_statement_is_refused() -> None:
    """A text that is none says so."""
    with pytest.raises(NotAStatement):
        search_statement("nothing was paid, I swear", sent(), RULES, OURS, AFTER_IT_ALL)


def test_payouts_of_a_shortcode_of_their_own_have_their_own_statement() -> None:
    """A statement of the account that receives payments says nothing about them."""
    rules = RULES._replace(payout_shortcode="600000")
    until = DAY_BEGIN + 48 * HOUR - SECOND
    for short_code, is_complete in (("600000", True), ("174379", False)):
        rows = classic_rows([CAME], until=until, reported_at=until + HOUR, short_code=short_code)
        found = search_statement(as_csv(rows).decode(), sent(), rules, OURS, AFTER_IT_ALL)
        assert (found.why_not is None) == is_complete, found
