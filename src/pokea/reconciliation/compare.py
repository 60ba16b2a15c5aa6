"""A statement beside all that we know: payments, money out, and what its lines post. Pure but for one reading.

Which account the statement is of decides what it may settle: the account that customers pay to has payments, reversals
and, unless B2C has a shortcode of its own, payouts. A payouts' account has payouts alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection

from pokea.clock import Instant
from pokea.disbursements.evidence import OutEvidence, returned, stated
from pokea.disbursements.limits import rules_of
from pokea.disbursements.model import Way
from pokea.ledger.entries import Account
from pokea.reconciliation.completeness import GapKind, coverage_of, gaps, shut_gates
from pokea.reconciliation.lines import LineKind, StatementLine
from pokea.reconciliation.match import Candidate, Reconciliation, match
from pokea.reconciliation.match_out import OtherOwners, OutCandidate, OutReconciliation, match_out
from pokea.reconciliation.out_store import AmountSeen, ChargeSeen, LinesSeen, TransferSeen, out_candidates
from pokea.reconciliation.receiving import PAYBILL_ACCOUNT, ReceivingAccount, receiving_account
from pokea.reconciliation.statement import Statement
from pokea.reconciliation.store import candidates
from pokea.scope import DEFAULT_SCOPE, Scope
from pokea.settings import Settings


class OurAccounts(NamedTuple):
    """The account that customers pay to, and that of payouts where B2C has a shortcode of its own.

    `pays_out`: whether Pokea may send money, so that money which leaves without it is worth a look. `scope` is whose
    accounts they are.
    """

    receiving: ReceivingAccount
    payouts: ReceivingAccount | None
    pays_out: bool
    scope: Scope = DEFAULT_SCOPE

    def is_of_payouts(self, statement: Statement) -> bool:
        """Whether a statement is of the payouts' own account."""
        return (
            self.payouts is not None
            and bool(shut_gates(statement, self.receiving))
            and not (shut_gates(statement, self.payouts))
        )

    def ways(self, statement: Statement) -> Sequence[Way]:
        """Ways of money out whose movements a statement shows."""
        if self.payouts is None:
            return tuple(Way)
        return (Way.B2C,) if self.is_of_payouts(statement) else (Way.REVERSAL,)


def our_accounts(settings: Settings) -> OurAccounts:
    """The accounts that these settings name."""
    rules = rules_of(settings)
    has_own = rules.payout_shortcode != rules.shortcode
    payouts = ReceivingAccount(frozenset({rules.payout_shortcode}), PAYBILL_ACCOUNT) if has_own else None
    return OurAccounts(receiving_account(settings), payouts, rules.is_on)


class KnownHere(NamedTuple):
    """Payments and sendings that a statement may be about."""

    payments: Sequence[Candidate]
    sendings: Sequence[OutCandidate]


class Compared(NamedTuple):
    """What a statement says of payments and of money out, and what its lines post."""

    payments: Reconciliation
    out: OutReconciliation
    lines: LinesSeen


def known_of(connection: Connection, statement: Statement, accounts: OurAccounts) -> KnownHere:
    """What the database has for this statement. Raises TooManyPayments."""
    paid = [] if accounts.is_of_payouts(statement) else candidates(connection, accounts.scope, statement)
    return KnownHere(paid, out_candidates(connection, accounts.scope, statement, accounts.ways(statement)))


def compare(statement: Statement, known: KnownHere, accounts: OurAccounts) -> Compared:
    """What the statement says of all that is known."""
    account = accounts.receiving
    ledger = Account.MPESA_CLEARING
    if accounts.payouts is not None and accounts.is_of_payouts(statement):
        account, ledger = accounts.payouts, Account.PAYOUT_FLOAT
        paid = Reconciliation(
            gaps=gaps(statement, account, ()), coverage=coverage_of(statement), unreadable=statement.unreadable
        )
    else:
        paid = match(statement, known.payments, account)
    nothing = LinesSeen(accounts.scope.merchant_id, ledger, (), (), ())
    if paid.gates:
        return Compared(paid, OutReconciliation(), nothing)
    owners = {receipt: each.payment_id for each in known.payments for receipt in each.receipts}
    owners |= {each.line.receipt: each.payment_id for each in paid.matched}
    others = OtherOwners(owners.keys(), accounts.pays_out)
    out = match_out(statement, known.sendings, account, others, is_complete=not paid.gaps)
    # What we sent ourselves is no money that was taken back by another.
    told = [each for each in paid.undoings if each.line.number not in out.explained]
    paid = replace(paid, undoings=told)
    owners |= {receipt: each.attempt_id for each in known.sendings for receipt in each.owned}
    owners |= {each.line.receipt: each.attempt.attempt_id for each in out.matched}
    if not _believes(paid):
        return Compared(paid, out, nothing)
    seen = nothing._replace(
        charges=_charges(statement.lines, owners),
        transfers=_transfers(statement, owners),
        amounts=[
            AmountSeen(each.attempt.attempt_id, each.line.receipt, each.line.withdrawn_cents) for each in out.differing
        ],
    )
    return Compared(paid, out, seen)


_DOUBTFUL: Final = frozenset({GapKind.ROWS_REPEATED, GapKind.DATES_MAY_BE_SWAPPED})


def _believes(paid: Reconciliation) -> bool:
    """Whether amounts of the statement may be posted: nothing takes a posting back that a mistyped file made."""
    return paid.adds_up and not any(gap.kind in _DOUBTFUL for gap in paid.gaps)


def _charges(lines: Sequence[StatementLine], owners: Mapping[str, str]) -> list[ChargeSeen]:
    """The charges of payments and sendings of ours, with their receipts (texts: order and balances)."""
    summed: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.kind is LineKind.CHARGE and line.receipt in owners:
            summed[line.receipt] += line.withdrawn_cents
    return [ChargeSeen(owners[receipt], receipt, cents) for receipt, cents in summed.items()]


def _transfers(statement: Statement, owners: Mapping[str, str]) -> list[TransferSeen]:
    """Sweeps and top-ups. Only an export that names its account says on which side of it a leg is."""
    if not statement.preamble.states_account:
        return []
    summed: dict[str, int] = defaultdict(int)
    for line in statement.lines:
        if line.kind is LineKind.TRANSFER and line.receipt not in owners:
            summed[line.receipt] -= line.moved_cents
    return [TransferSeen(receipt, cents) for receipt, cents in summed.items() if cents]


def out_evidence_of(found: Compared, received_at: Instant) -> list[OutEvidence]:
    """A piece of evidence for each line that is a sending's, or gives back what one paid.

    A line with another amount is evidence too, which raises `amount_differs`, unless the sums contradict it.
    """
    out = found.out
    paid = [*out.matched, *(out.differing if found.payments.adds_up else ())]
    pieces = [
        stated(each.attempt.attempt_id, line.receipt, line.withdrawn_cents, line.provider_time, received_at)
        for each in paid
        for line in (each.line,)
    ]
    back = [(each.attempt.attempt_id, each.line) for each in out.returned]
    return pieces + [returned(name, line.receipt, line.paid_in_cents, received_at) for name, line in back]
