"""The organisation's statement as rows of cells, in the two forms that M-PESA's portal exports (texts: envelope; texts:
newer export).

The classic export is one account: six rows that say what it covers and what it sums to, the header, and the movements,
newest first. Reading upward each balance is the one below it with the row's amount. The newer export has no preamble,
and holds all accounts through which the takings move on their way to the bank.

No genuine row of a reversal, a payout, a charge of either or of the newer export's balances was seen: theirs are ours.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from pokea.clock import SECOND, Instant, nairobi
from pokea.simulator.journal import Movement, MovementKind, OrganisationAccount, Party
from pokea.simulator.sheets import Cell, Form, written
from pokea.simulator.texts import payout_reason

Layout = Literal["classic", "newer"]
Payer = Literal["254", "0"]
Wording = Literal[
    "utility", "fuliza", "online", "fuliza_online", "standing_order", "small_business", "bare", "unknown", "mixed"
]

CLASSIC_COLUMNS: Final = (
    *("Receipt No.", "Completion Time", "Initiation Time", "Details", "Transaction Status", "Paid In", "Withdrawn"),
    *("Balance", "Balance Confirmed", "Reason Type", "Other Party Info", "Linked Transaction ID", "A/C No."),
    "Currency",
)
NEWER_COLUMNS: Final = (
    *("Receipt No", "Completion Time", "Details", "Transaction Status"),
    *("Paid In (KSHs)", "Withdrawn (KSHs)", "Balance (KSHs)"),
)
PAID_IN: Final = {"classic": CLASSIC_COLUMNS.index("Paid In"), "newer": NEWER_COLUMNS.index("Paid In (KSHs)")}
DETAILS: Final = {"classic": CLASSIC_COLUMNS.index("Details"), "newer": NEWER_COLUMNS.index("Details")}
TITLES: Final = {
    OrganisationAccount.UTILITY: "Utility Account",
    OrganisationAccount.MERCHANT: "Merchant Account",
    OrganisationAccount.WORKING: "Organization MMF Account",
    OrganisationAccount.SETTLEMENT: "Organization Settlement Account",
    OrganisationAccount.CHARGES: "Charges Paid Account",
}
_OPERATOR: Final = "demo"
_LATE_SIGNS: Final = "012"
"""Receipts that end so were completed a second after they began: one in twelve, as in the one genuine export."""


class _Words(NamedTuple):
    details: str
    reason: str


_PAYBILL: Final[dict[str, _Words]] = {
    "utility": _Words("Pay Bill from", "Pay Utility"),
    "fuliza": _Words("Pay Bill from", "Pay Utility with OD via STK"),
    "online": _Words("Pay Bill Online from", "Pay Bill Online"),
    "fuliza_online": _Words("Pay Bill Online from", "Pay Utility with OD Online"),
    "standing_order": _Words("Standing Order Pay Bill from", "Standing Order Pay Bill"),
    "small_business": _Words("Small Business Pay Bill from", "Pay Utility"),
    "bare": _Words("Pay Bill Online", "Pay Bill Online"),
    "unknown": _Words("Customer Payment from", "Customer Payment"),
}
_TILL: Final[dict[str, _Words]] = {
    "utility": _Words("Merchant Payment from", "Pay Merchant"),
    "online": _Words("Merchant Payment Online from", "Pay Merchant"),
    "small_business": _Words("Small Business Pay Merchant from", "Pay Merchant"),
    "bare": _Words("Merchant Payment", "Pay Merchant"),
    "unknown": _Words("Customer Payment from", "Customer Payment"),
}
_GENUINE: Final = ("utility", "fuliza", "online", "fuliza_online", "standing_order")
"""The five of the one genuine export, which `mixed` takes in turn."""


class CoveredPeriod(NamedTuple):
    """What a statement is to cover: both ends are within it, to the second, and the report's date bounds them."""

    since: Instant
    until: Instant
    reported_at: Instant


class Manner(NamedTuple):
    """How the rows are worded."""

    layout: Layout = "classic"
    wording: Wording = "utility"
    payer: Payer = "254"
    links_reversals: bool = True


class Heading(NamedTuple):
    """What the preamble names besides what it sums up."""

    organisation: str
    short_code: str
    shows_report_date: bool = True


class StatementBody(NamedTuple):
    """The movements that a statement shows, oldest first, and the balance below and above them, in cents."""

    movements: Sequence[Movement]
    opening_cents: int
    closing_cents: int


def body_of(
    journal: Sequence[Movement], account: OrganisationAccount, layout: Layout, coverage: CoveredPeriod, held_cents: int
) -> StatementBody:
    """The movements of the account that are covered, with balances that chain.

    `held_cents` is what the account holds now, for one of which the journal has no movement.
    """
    shown = [each for each in journal if _belongs(each, account, layout)]
    own = [each for each in shown if each.account is account]
    opening = own[0].balance_cents - own[0].cents if own else held_cents
    covered = []
    for movement in shown:
        second = movement.at // SECOND
        if second < coverage.since // SECOND:
            opening += movement.cents
        elif second <= coverage.until // SECOND and movement.at <= coverage.reported_at:
            covered.append(movement)
    return StatementBody(covered, opening, opening + sum(each.cents for each in covered))


def _belongs(movement: Movement, account: OrganisationAccount, layout: Layout) -> bool:
    if layout == "classic":
        return movement.account is account
    return movement.source is account and movement.account is not OrganisationAccount.CHARGES


def preamble(
    body: StatementBody, account: OrganisationAccount, coverage: CoveredPeriod, heading: Heading
) -> list[list[Cell]]:
    """The six rows above a classic export's header."""
    paid_in = sum(each.cents for each in body.movements if each.cents > 0)
    withdrawn = sum(each.cents for each in body.movements if each.cents < 0)
    report: list[Cell] = ["Date of Report:", _moment(coverage.reported_at)] if heading.shows_report_date else []
    return [
        ["Account Holder:", heading.organisation],
        ["Short Code:", heading.short_code],
        ["Account:", TITLES[account]],
        ["Time Period:", "From", _moment(coverage.since), "To", _moment(coverage.until)],
        ["Operator:", _OPERATOR, "Organization:", heading.organisation, *report],
        [
            *("Opening Balance:", body.opening_cents, "Closing Balance:", body.closing_cents),
            *("Available Balance:", "", "Total Paid In:", paid_in, "Total Withdrawn:", withdrawn),
        ],
    ]


def rows_of(body: StatementBody, heading: Heading, manner: Manner, form: Form) -> list[tuple[Movement, list[Cell]]]:
    """Each movement with its row, newest first."""
    rows = []
    balance = body.opening_cents
    for movement in body.movements:
        balance += movement.cents
        row = (
            _classic(movement, balance, heading, manner)
            if manner.layout == "classic"
            else _newer(movement, balance, heading, manner, form)
        )
        rows.append((movement, row))
    return rows[::-1]


def _classic(movement: Movement, balance_cents: int, heading: Heading, manner: Manner) -> list[Cell]:
    words = _words(movement, heading, manner)
    party = _party(movement.party, manner)
    is_late = movement.kind is MovementKind.PAYMENT and movement.receipt[-1] in _LATE_SIGNS
    return [
        movement.receipt,
        _moment(movement.at),
        _moment(movement.at - SECOND if is_late else movement.at),
        _details(movement, words.details, party),
        "Completed",
        movement.cents if movement.cents > 0 else None,
        movement.cents if movement.cents < 0 else None,
        balance_cents,
        "true",
        words.reason,
        party,
        movement.linked_receipt if manner.links_reversals else "",
        # The leading space stands in every row of the genuine export.
        f" {movement.reference}" if movement.reference else "",
        "KES",
    ]


def _newer(movement: Movement, balance_cents: int, heading: Heading, manner: Manner, form: Form) -> list[Cell]:
    words = _words(movement, heading, manner)
    times = form if form.times != "portal" else form._replace(times="slashes")
    unused = 0 if form.amounts != "accounting" else None
    return [
        movement.receipt,
        # Every cell is text, in the workbook too.
        written(_moment(movement.at), times),
        _details(movement, words.details, _party(movement.party, manner)),
        "Completed",
        written(movement.cents if movement.cents > 0 else unused, form),
        written(movement.cents if movement.cents < 0 else unused, form),
        written(balance_cents, form),
    ]


def _details(movement: Movement, opening: str, party: str) -> str:
    if opening.endswith(" to"):
        return f"{opening} {party} via API"
    if not opening.endswith(" from"):
        return opening
    if movement.account is OrganisationAccount.MERCHANT:
        return f"{opening} {party}"
    return f"{opening} {party} Acc. {movement.reference}".rstrip()


def _words(movement: Movement, heading: Heading, manner: Manner) -> _Words:
    at_till = movement.source is OrganisationAccount.MERCHANT
    match movement.kind:
        case MovementKind.PAYMENT:
            return _payment_words(movement, manner, at_till=at_till)
        case MovementKind.CHARGE if at_till:
            return _Words("Pay merchant Charge", "Pay merchant Charge")
        case MovementKind.CHARGE:
            return _Words("Pay Bill Charge", _payment_words(movement, manner, at_till=False).reason)
        case MovementKind.REVERSAL:
            what, reason = ("Merchant Payment", "Pay Merchant") if at_till else ("Pay Bill", "Pay Utility")
            return _Words(f"{what} Reversal by {heading.short_code} - {heading.organisation}", f"{reason} Reversal")
        case MovementKind.PAYOUT | MovementKind.PAYOUT_CHARGE:
            return _payout_words(movement)
        case MovementKind.SWEEP:
            moved = f"{TITLES[movement.source]} to {TITLES[OrganisationAccount.SETTLEMENT]}"
        case MovementKind.TRANSFER:
            moved = f"{TITLES[OrganisationAccount.SETTLEMENT]} to {TITLES[OrganisationAccount.WORKING]}"
        case MovementKind.WITHDRAWAL:
            moved = "Agency Withdrawal of funds to Bank"
        case MovementKind.FUNDS:
            moved = "Funds Transfer"
    return _Words(moved, moved)


def _payout_words(movement: Movement) -> _Words:
    opening = "to" if movement.kind is MovementKind.PAYOUT else "Charge"
    return _Words(f"{movement.purpose} {opening}", payout_reason(movement.purpose))


def _payment_words(movement: Movement, manner: Manner, *, at_till: bool) -> _Words:
    chosen: str = manner.wording
    if chosen == "mixed":
        chosen = _GENUINE[sum(map(ord, movement.receipt)) % len(_GENUINE)]
    return _TILL.get(chosen, _TILL["utility"]) if at_till else _PAYBILL[chosen]


def _party(party: Party | None, manner: Manner) -> str:
    """The masked number and name (texts: columns; texts: newer export); empty where there is no other side."""
    if party is None:
        return ""
    number = f"0{party.msisdn[3:]}" if manner.payer == "0" else party.msisdn
    if manner.layout == "newer":
        shown = 2 if manner.payer == "0" else 4
        return f"{number[:shown]}****{number[-3:]} - {party.name}"
    shown = 3 if manner.payer == "0" else 5
    words = party.name.split()
    # Of more than two names all but the first and the last are hidden.
    masked = [words[0], "****", words[-1]] if len(words) > 2 else words  # noqa: PLR2004  # said in the line above
    return f"{number[:shown]}****{number[-3:]} - {' '.join(masked)}"


def _moment(instant: Instant) -> datetime:
    return nairobi(instant - instant % SECOND).replace(tzinfo=None)
