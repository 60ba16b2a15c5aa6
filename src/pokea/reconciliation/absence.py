"""Whether a statement shows that a sending of money out has not paid (law: finding out). Pure."""

from typing import Final

from pokea.clock import HOUR, SECOND, Instant
from pokea.disbursements.findings import StatementSearch
from pokea.disbursements.limits import OutRules
from pokea.disbursements.model import OutAttempt, Way
from pokea.reconciliation.completeness import CompleteStatement
from pokea.reconciliation.lines import LineKind
from pokea.reconciliation.receiving import PAYBILL_ACCOUNT, ReceivingAccount
from pokea.reconciliation.statement import statement_in
from pokea.reconciliation.statement_file import read_sheet

BEFORE: Final[Instant] = 300 * SECOND
AFTER: Final[Instant] = 24 * HOUR
"""From so long before the sending began to so long after it a statement must show every movement."""


def search_statement(
    text: str, attempt: OutAttempt, rules: OutRules, receiving: ReceivingAccount, read_at: Instant
) -> StatementSearch:
    """What in the text of a statement may be this sending, or why nothing can be concluded from it.

    Any finished movement of the amount out of the account counts: its wording may be another one tomorrow. Raises
    NotAStatement.
    """
    statement = statement_in(read_sheet(text.encode()), read_at=read_at, name="")
    own = attempt.way == Way.B2C and rules.payout_shortcode != rules.shortcode
    account = ReceivingAccount(frozenset({rules.payout_shortcode}), PAYBILL_ACCOUNT) if own else receiving
    begin, end = attempt.created_at - BEFORE, attempt.created_at + AFTER
    try:
        coverage = CompleteStatement(statement, account, ()).coverage
    except ValueError as gap:
        return StatementSearch(f"The statement is not complete: {gap}")
    if not coverage.holds(begin, end):
        return StatementSearch("The statement must cover from 5 minutes before the sending to 24 hours after it.")
    moved = [line for line in statement.lines if line.kind is not LineKind.UNFINISHED and begin <= line.at <= end]
    return StatementSearch(None, tuple(line.receipt for line in moved if line.withdrawn_cents == attempt.amount_cents))
