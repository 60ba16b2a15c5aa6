"""The brake, pure: which facts stop all money out (law: who may).

A fact counts from the last start on, since the admin who started knew of those before. Only the age of the password
counts whatever was started: nothing is sent with a password that Daraja no longer takes.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from pokea.clock import EAST_AFRICA_TIME, SECOND, Instant, to_datetime
from pokea.out_settings import PASSWORD_DAYS, password_age_days

REFUSED_WITHIN: Final[Instant] = 600 * SECOND
"""Two refusals of the initiator within so long are no accident."""
UNKNOWN_AT_ONCE: Final = 3


class FactKind(StrEnum):
    """What may stop money out; all but the first and `unknown` stop it at once."""

    INITIATOR_REFUSED = "initiator_refused"
    PAID_OUT_TWICE = "paid_out_twice"
    RULE_BROKEN = "rule_broken"
    UNKNOWN = "unknown"
    RECIPIENT_DIFFERS = "recipient_differs"
    AMOUNT_DIFFERS = "amount_differs"
    FUNDS_LOW = "funds_low"


class BrakeFact(NamedTuple):
    """Something that was found: of which kind, about what (an attempt, a rule, an account), and when."""

    kind: FactKind
    subject_id: str
    happened_at: Instant


class StopReason(StrEnum):
    """Why money out is stopped."""

    BY_PERSON = "by_person"
    INITIATOR_REFUSED = "initiator_refused"
    PAID_OUT_TWICE = "paid_out_twice"
    RULE_BROKEN = "rule_broken"
    UNKNOWN_AT_ONCE = "unknown_at_once"
    RECIPIENT_DIFFERS = "recipient_differs"
    AMOUNT_DIFFERS = "amount_differs"
    FUNDS_LOW = "funds_low"
    PASSWORD_OLD = "password_old"  # noqa: S105 - it is no password


SENTENCES: Final[Mapping[StopReason, str]] = {
    StopReason.BY_PERSON: "A person has stopped it.",
    StopReason.INITIATOR_REFUSED: "Daraja has refused the initiator twice within 10 minutes: see its name, "
    "password and certificate.",
    StopReason.PAID_OUT_TWICE: "A refund or payout has gone out twice.",
    StopReason.RULE_BROKEN: "A rule of the books does not hold: see GET /api/v1/books.",
    StopReason.UNKNOWN_AT_ONCE: f"Of {UNKNOWN_AT_ONCE} sendings at once it is unknown whether they paid.",
    StopReason.RECIPIENT_DIFFERS: "M-PESA has named another recipient than the one that was sent.",
    StopReason.AMOUNT_DIFFERS: "M-PESA has named another amount than the one that was sent.",
    StopReason.FUNDS_LOW: "The account that pays out holds less than POKEA_OUT_FLOAT.",
    StopReason.PASSWORD_OLD: f"The initiator's password is {PASSWORD_DAYS} days old: set a new one, and "
    "MPESA_INITIATOR_PASSWORD_SET_ON.",
}
"""For a person."""

_AT_ONCE: Final = {
    FactKind.PAID_OUT_TWICE: StopReason.PAID_OUT_TWICE,
    FactKind.RULE_BROKEN: StopReason.RULE_BROKEN,
    FactKind.RECIPIENT_DIFFERS: StopReason.RECIPIENT_DIFFERS,
    FactKind.AMOUNT_DIFFERS: StopReason.AMOUNT_DIFFERS,
    FactKind.FUNDS_LOW: StopReason.FUNDS_LOW,
}


class BrakeFacts(NamedTuple):
    """All that decides about the brake.

    `found` are the facts that are kept; those of unknown attempts count while the attempt is among `unknown_ids`.
    `password_set_on` is a day of East Africa Time, None where it is not set.
    """

    found: Sequence[BrakeFact]
    unknown_ids: Collection[str]
    started_at: Instant
    password_set_on: date | None


def age_of_password_days(set_on: date | None, now: Instant) -> int | None:
    """How many days ago the API operator's password was set, in East Africa Time; None where that is not known."""
    return password_age_days(set_on, to_datetime(now).astimezone(EAST_AFRICA_TIME).date())


def reason_to_stop(facts: BrakeFacts, now: Instant) -> StopReason | None:
    """Why all money out must stop, the gravest reason first; None when it may go on."""
    since_start = [fact for fact in facts.found if fact.happened_at > facts.started_at]
    kinds = {fact.kind for fact in since_start}
    for kind, reason in _AT_ONCE.items():
        if kind in kinds:
            return reason
    refused = sorted(fact.happened_at for fact in since_start if fact.kind is FactKind.INITIATOR_REFUSED)
    if any(later - earlier <= REFUSED_WITHIN for earlier, later in pairwise(refused)):
        return StopReason.INITIATOR_REFUSED
    unknown = {fact.subject_id for fact in since_start if fact.kind is FactKind.UNKNOWN}
    if len(unknown.intersection(facts.unknown_ids)) >= UNKNOWN_AT_ONCE:
        return StopReason.UNKNOWN_AT_ONCE
    age_days = age_of_password_days(facts.password_set_on, now)
    return StopReason.PASSWORD_OLD if age_days is not None and age_days >= PASSWORD_DAYS else None
