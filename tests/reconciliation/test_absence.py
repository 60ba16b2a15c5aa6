"""Of money that moved it is never concluded that it did not, whatever was done to the statement on its way to us."""

from collections.abc import Callable
from typing import Final

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from pokea.clock import SECOND, Instant
from pokea.reconciliation.match import Candidate, Reconciliation, match
from pokea.reconciliation.statement import NotAStatement, read_statement
from tests.reconciliation.written import (
    COLUMNS,
    DAY_BEGIN,
    DAY_END,
    NEXT_DAY,
    OURS,
    Movement,
    as_csv,
    candidate,
    classic_rows,
)

MINUTE: Final[Instant] = 60 * SECOND
Rows = list[list[str]]
PLACES: Final = {name: place for place, name in enumerate(COLUMNS)}


class Truth(Struct, frozen=True):
    """What happened: the payments as we know them, what moved in the account, and which payments were charged."""

    candidates: list[Candidate]
    movements: list[Movement]
    charged: frozenset[str]


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """A few payments of two amounts within some hours, most of them lost pushes, some charged, beside other money."""
    candidates, movements, charged = [], [], set()
    for number in range(draw(st.integers(1, 6))):
        made_at = DAY_BEGIN + draw(st.integers(5, 300)) * MINUTE + draw(st.integers(0, 59)) * SECOND
        is_charged, is_known = draw(st.booleans()), draw(st.integers(0, 3)) == 0
        receipt = f"TK5AA{number:05d}"
        cents = draw(st.sampled_from([50_000, 70_000]))
        made = candidate(
            f"pay_{number}",
            status="completed" if is_charged and is_known else draw(st.sampled_from(["initiated", "failed"])),
            amount_cents=cents,
            account_reference=f"BK-{draw(st.integers(1, 3))}",
            created_at=made_at,
            expires_at=made_at + 2 * MINUTE,
            is_unanswered=not (is_charged and is_known),
            receipts=frozenset({receipt} if is_charged and is_known else ()),
        )
        candidates.append(made)
        if is_charged:
            charged.add(made.payment_id)
            paid_at = made_at + draw(st.integers(1, 240)) * SECOND
            movements.append(paid(receipt, paid_at, cents, made.account_reference))
    for number in range(draw(st.integers(0, 3))):
        at = DAY_BEGIN + draw(st.integers(0, 330)) * MINUTE
        movements.append(paid(f"TK5BB{number:05d}", at, draw(st.sampled_from([50_000, -5_000])), "OTHER"))
    return Truth(candidates, sorted(movements, key=lambda each: each.at), frozenset(charged))


def paid(receipt: str, at: Instant, cents: int, account: str) -> Movement:
    """Money of the phone that every payment here was made with."""
    details = f"Pay Bill from 25471****678 - JANE **** DOE Acc. {account}"
    return Movement(receipt=receipt, at=at, cents=cents, details=details, account=f" {account}")


def a_row(draw: st.DrawFn, rows: Rows) -> int | None:
    """The place of some whole row below the header."""
    head = next((place for place, row in enumerate(rows) if row and row[0] == "Receipt No."), len(rows))
    whole = [place for place, row in enumerate(rows) if place > head and len(row) == len(COLUMNS)]
    return draw(st.sampled_from(whole)) if whole else None


def change_cell(draw: st.DrawFn, rows: Rows) -> Rows:
    """Somebody has typed over a cell."""
    place = a_row(draw, rows)
    if place is not None:
        column = draw(st.sampled_from([name for name in COLUMNS if name != "Balance Confirmed"]))
        texts = ["", "-", "?", "500,00", "5,00", "1e3", "05-11-2025", "Failed", "x" * 3_000, "11/05/2025 01:00:00 PM"]
        rows[place][PLACES[column]] = draw(st.sampled_from(texts) | st.text(max_size=12))
    return rows


def mistype_account(draw: st.DrawFn, rows: Rows) -> Rows:
    """The payer has typed another account, as on a phone by hand."""
    place = a_row(draw, rows)
    if place is not None:
        rows[place][PLACES["A/C No."]] = " BK-X"
        rows[place][PLACES["Details"]] = draw(
            st.sampled_from(["Pay Bill from X Acc. BK-X", "A new wording", "Reversal"])
        )
    return rows


def drop_row(draw: st.DrawFn, rows: Rows) -> Rows:
    """A row was deleted by hand."""
    place = a_row(draw, rows)
    return rows if place is None else [*rows[:place], *rows[place + 1 :]]


def drop_preamble(draw: st.DrawFn, rows: Rows) -> Rows:
    """Rows above the header were deleted by hand."""
    place = draw(st.integers(0, 6))
    if place >= len(rows) or rows[place][:1] == ["Receipt No."]:
        return rows
    return [*rows[:place], *rows[place + 1 :]]


def move_row(draw: st.DrawFn, rows: Rows) -> Rows:
    """Rows were sorted by something else."""
    first, second = a_row(draw, rows), a_row(draw, rows)
    if first is not None and second is not None:
        rows[first], rows[second] = rows[second], rows[first]
    return rows


def shorten_row(draw: st.DrawFn, rows: Rows) -> Rows:
    """A row lost its last cells."""
    place = a_row(draw, rows)
    if place is not None:
        rows[place] = rows[place][: draw(st.integers(1, len(COLUMNS) - 1))]
    return rows


def keep(_draw: st.DrawFn, rows: Rows) -> Rows:
    """The rows are as they were."""
    return rows


Defect = Callable[[st.DrawFn, Rows], Rows]
DEFECTS: Final[tuple[Defect, ...]] = (
    *(keep, change_cell, mistype_account, drop_row, drop_preamble, move_row, shorten_row),
)


@st.composite
def delivered(draw: st.DrawFn, truth: Truth) -> tuple[bytes, Instant]:
    """The statement of the truth as it reaches us, and when it is read."""
    reported_at = draw(
        st.none() | st.just(NEXT_DAY) | st.integers(0, 340).map(lambda minute: DAY_BEGIN + minute * MINUTE)
    )
    since = DAY_BEGIN + draw(st.sampled_from([0, 0, 60, 150])) * MINUTE
    until = draw(st.sampled_from([DAY_END, DAY_END, DAY_BEGIN + 200 * MINUTE]))
    made_at = reported_at or draw(st.sampled_from([NEXT_DAY, DAY_BEGIN + 170 * MINUTE]))
    read_at = max(made_at, draw(st.sampled_from([NEXT_DAY, DAY_BEGIN + 180 * MINUTE])))
    is_ours = draw(st.integers(0, 9)) > 0
    shown = [each for each in truth.movements if is_ours and since <= each.at <= min(until, made_at)]
    preamble = {} if is_ours else draw(st.sampled_from([{"short_code": "600001"}, {"account": "Working Account"}]))
    before = sum(each.cents for each in truth.movements if each.at < since)
    rows = classic_rows(
        shown, since=since, until=until, reported_at=reported_at, opening_cents=before if is_ours else 0, **preamble
    )
    for _ in range(draw(st.integers(0, 2))):
        rows = draw(st.sampled_from(DEFECTS))(draw, rows)
    content = as_csv(rows)
    harm = draw(st.sampled_from(["", "", "", "cut", "quote", "utf-16"]))
    if harm == "cut":
        content = content[: draw(st.integers(0, len(content)))]
    elif harm == "quote":
        place = draw(st.integers(0, len(content)))
        content = content[:place] + b'"' + content[place:]
    elif harm == "utf-16":
        content = content.decode().encode("utf-16")
    return content, read_at


def concluded(truth: Truth, content: bytes, read_at: Instant) -> Reconciliation | None:
    """What is concluded from the file; None where it is refused."""
    try:
        return match(read_statement(content, read_at=read_at), truth.candidates, OURS)
    except NotAStatement:
        return None


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_payment_that_was_charged_is_ever_called_unpaid(data: st.DataObject) -> None:
    """Cut, edited, sorted, mistyped, foreign, made too early or read too early: it stays unresolved."""
    truth = data.draw(truths())
    content, read_at = data.draw(delivered(truth))
    found = concluded(truth, content, read_at)
    if found is None:
        event("refused")
        return
    event("complete" if not found.gaps else "incomplete")
    event(f"not paid: {min(len(found.not_paid), 1)}")
    assert not truth.charged.intersection(found.not_paid)
    assert not truth.charged.intersection(found.missing)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(truths(), st.booleans())
def test_a_whole_statement_of_the_day_decides_every_payment(truth: Truth, oldest_first: bool) -> None:
    """What was charged is matched or left to a person, and what was not is called unpaid or named as undecided."""
    rows = classic_rows(truth.movements)
    if oldest_first:
        rows = [*rows[:7], *reversed(rows[7:])]
    found = concluded(truth, as_csv(rows), NEXT_DAY)
    assert found is not None
    assert found.gaps == []
    matched = {each.payment_id for each in found.matched}
    undecided = {each.payment_id for each in found.undecided}
    assert matched <= truth.charged
    assert {each.payment_id for each in truth.candidates} == matched | set(found.not_paid) | undecided
    in_doubt = {name for each in found.unknown for name in each.payment_ids}
    assert truth.charged <= matched | undecided | in_doubt


def test_the_time_at_which_a_statement_ends_is_what_it_proves() -> None:
    """The same file proves more when the report was made later; a report made before the money proves nothing of it."""
    lost = candidate(is_unanswered=True, status="initiated")
    money = paid("TK5AA00001", lost.created_at + 30 * SECOND, 50_000, "BK-1001")
    early = classic_rows([], reported_at=money.at - SECOND)
    late = classic_rows([money], reported_at=money.at + 15 * MINUTE)
    assert match(read_statement(as_csv(early), read_at=NEXT_DAY), [lost], OURS).not_paid == []
    found = match(read_statement(as_csv(late), read_at=NEXT_DAY), [lost, replace(lost, account_reference="X")], OURS)
    assert [each.payment_id for each in found.matched] == ["pay_1"]
