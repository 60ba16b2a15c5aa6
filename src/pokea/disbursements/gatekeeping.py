"""What the worker and the settle of attempts ask of people's side: turns, approvals, the brake, and fees."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from pokea.alerts.alert import Alert, AlertCode, raise_alerts
from pokea.clock import Instant
from pokea.disbursements.approving import Case, case_of, cases_of, lapse
from pokea.disbursements.brake import BrakeFact, age_of_password_days
from pokea.disbursements.brake_store import note_facts
from pokea.disbursements.claims import SendVerdict
from pokea.disbursements.effects import OutEffects
from pokea.disbursements.judging import judge, look_ahead
from pokea.disbursements.limits import OutRules
from pokea.disbursements.locks import take_turn
from pokea.disbursements.model import Disbursement, Waiting
from pokea.disbursements.refund_source import follow_fee
from pokea.disbursements.sending_rules import WaitVerdict
from pokea.operations.settle import Change
from pokea.out_settings import PASSWORD_ALERTS_DAYS, PASSWORD_DAYS


class Gatekeeper:
    """People's approvals under these rules, as machines may act on them."""

    def __init__(self, rules: OutRules) -> None:
        self._rules = rules

    def take_turn(self, connection: Connection, merchant_id: int) -> None:
        """Wait until no other transaction requests, approves or sends money of this merchant out."""
        take_turn(connection, merchant_id)

    def judge(
        self, connection: Connection, rows: Sequence[Disbursement], now: Instant
    ) -> Iterator[tuple[Case, SendVerdict]]:
        """Look at everything that may forbid each sending. While money out is off nothing is sent."""
        if not self._rules.is_on:
            yield from ((case, SendVerdict(Waiting.STOPPED)) for case in cases_of(connection, rows))
            return
        self._watch_password(connection, now)
        known = look_ahead(connection, rows, self._rules, now)
        for case in cases_of(connection, rows):
            found = judge(connection, case, self._rules, now, known)
            yield case, _verdict(found, is_covered=known.covers(case.row, self._rules))

    def _watch_password(self, connection: Connection, now: Instant) -> None:
        """A change: raise an alert where the API operator's password soon ends (law: who may)."""
        set_on = self._rules.password_set_on
        age_days = age_of_password_days(set_on, now)
        if age_days is not None and age_days >= PASSWORD_ALERTS_DAYS:
            says = (
                f"The API operator's password was set on {set_on} and is good for {PASSWORD_DAYS} days; then money out "
                "stops. Set a new one, and its day in MPESA_INITIATOR_PASSWORD_SET_ON."
            )
            raise_alerts(connection, [Alert(AlertCode.PASSWORD_OLD, str(set_on), says)], now)

    def lapse(self, connection: Connection, row: Disbursement, now: Instant) -> Change:
        """End an approval that was not acted on, and write what follows."""
        after = lapse(connection, case_of(connection, row), now)
        return Change(after.id, after.version, f"{after.kind}.{after.status}", None)

    def note_facts(self, connection: Connection, merchant_id: int, facts: Sequence[BrakeFact], now: Instant) -> None:
        """Keep facts about the brake, and stop money out where they ask for it."""
        note_facts(connection, merchant_id, facts, self._rules, now)

    def follow_fees(
        self, connection: Connection, followed: Sequence[tuple[Disbursement, OutEffects]], now: Instant
    ) -> None:
        """Let bookings' fees follow refunds that have changed, in the order of the bookings' ids."""
        rows = [effects.after for before, effects in followed if effects.after.status != before.status]
        for row in sorted(rows, key=lambda each: each.booking_id or ""):
            follow_fee(connection, row, now)


def _verdict(found: WaitVerdict | None, *, is_covered: bool) -> SendVerdict:
    if found is None:
        return SendVerdict(has_lapsed=True)
    if found.waiting is not None:
        return SendVerdict(Waiting(found.waiting), found.look_at)
    return SendVerdict(is_covered=is_covered)
