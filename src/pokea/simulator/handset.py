"""The phones: who has which balance, PIN and habit, what is on the screen, and what typing a PIN comes to."""

import hmac
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from pokea.clock import Instant, nairobi, seconds
from pokea.money import CENTS, MAXIMUM_SHILLINGS
from pokea.simulator import results
from pokea.simulator.options import SimulatorOptions

KNOWN_PAYER: Final = "254708374149"
NO_FUNDS_NUMBER: Final = "254711111111"
"""The guide's test numbers: the first pays by itself, the second has no money."""

_FIRST_BALANCE_CENTS: Final = 10_000 * CENTS
_KNOWN_PAYER_CENTS: Final = 100_000_000 * CENTS
_FIRST_PIN: Final = "1234"
_FIRST_DELAY_SECONDS: Final = 1.0
_KEPT_MESSAGES: Final = 20
_KEPT_CHARGES: Final = 20
_SAME_AMOUNT: Final = seconds(120)


class Behaviour(StrEnum):
    """What a phone's owner does with a prompt."""

    MANUAL = "manual"
    PAY = "pay"
    CANCEL = "cancel"
    IGNORE = "ignore"
    WRONG_PIN = "wrong_pin"
    INSUFFICIENT = "insufficient"
    UNREACHABLE = "unreachable"


ACTS_BY_ITSELF: Final = (Behaviour.PAY, Behaviour.CANCEL, Behaviour.WRONG_PIN, Behaviour.INSUFFICIENT)


class SentText(NamedTuple):
    """An SMS. `own_wording` marks a text that is ours, for want of M-PESA's."""

    at: Instant
    text: str
    own_wording: bool = False


class HandsetPrompt(NamedTuple):
    """What waits on a phone's screen for a PIN."""

    id: str
    msisdn: str
    amount_shillings: int
    shortcode: str
    """Who is paid: the paybill, or the till."""
    account_reference: str
    checkout_request_id: str
    expires_at: Instant
    text: str


class Charge(NamedTuple):
    """Money that left a phone's account: the truth."""

    checkout_request_id: str
    msisdn: str
    amount_cents: int
    receipt: str
    at: Instant
    shortcode: str
    cost_cents: int = 0
    """What M-PESA took from the customer on top."""


_NAMES: Final = (
    *("JANE WANJIKU DOE", "JOHN OTIENO ROE", "MARY ACHIENG POE", "Peter Kamau Loe", "AMINA HASSAN"),
    *("DAVID MUTUA MOE", "grace njeri coe", "MOSES KIPTOO ZOE", "Faith Chebet Noe", "ALI"),
)
"""Invented; in the cases and numbers of words that registered names have (texts: columns)."""


@dataclass(slots=True)
class Subscriber:
    """One phone. `deposited_cents` is all that was ever put in: it less the charges, costs included, is the balance."""

    msisdn: str
    balance_cents: int = _FIRST_BALANCE_CENTS
    pin: str = _FIRST_PIN
    behaviour: Behaviour = Behaviour.MANUAL
    delay_seconds: float = _FIRST_DELAY_SECONDS
    deposited_cents: int = 0
    name: str = ""
    """As registered at M-PESA; invented from the number unless given."""
    busy_with: str | None = None
    """The CheckoutRequestID that locks the subscriber."""
    messages: deque[SentText] = field(default_factory=lambda: deque(maxlen=_KEPT_MESSAGES))
    charges: deque[Charge] = field(default_factory=lambda: deque(maxlen=_KEPT_CHARGES))
    _day: str = ""
    _day_cents: int = 0

    def __post_init__(self) -> None:
        self.deposited_cents = self.balance_cents
        self.name = self.name or _NAMES[int(self.msisdn) % len(_NAMES)]

    def set_balance(self, cents: int) -> None:
        """Put money in or take it out, so that the balance is `cents`."""
        self.deposited_cents += cents - self.balance_cents
        self.balance_cents = cents

    def paid_today_cents(self, now: Instant) -> int:
        """What was paid on this day of Nairobi."""
        return self._day_cents if self._day == _day(now) else 0

    def charge(self, charge: Charge) -> None:
        """Take the money; the balance must suffice."""
        taken_cents = charge.amount_cents + charge.cost_cents
        assert 0 < taken_cents <= self.balance_cents  # noqa: S101  # `outcome` has seen to it
        self._day_cents = self.paid_today_cents(charge.at) + charge.amount_cents
        self._day = _day(charge.at)
        self.balance_cents -= taken_cents
        self.charges.append(charge)

    def receive(self, cents: int) -> None:
        """Money comes from an organisation: a payout, or a payment that was reversed. What M-PESA charged stays
        charged."""
        self.balance_cents += cents


def _day(now: Instant) -> str:
    return f"{nairobi(now):%Y%m%d}"


def outcome(
    subscriber: Subscriber,
    pin: str,
    amount_shillings: int,
    shortcode: str,
    now: Instant,
    options: SimulatorOptions,
    *,
    cost_cents: int = 0,
) -> str:
    """The ResultCode of typing `pin`: `results.PAID` when the money may be taken. The order of the rules is ours.

    `cost_cents` is what M-PESA takes from the customer on top of the amount.
    """
    cents = amount_shillings * CENTS
    if not hmac.compare_digest(pin.encode(), subscriber.pin.encode()):
        return results.WRONG_PIN
    if amount_shillings > MAXIMUM_SHILLINGS:
        return results.ABOVE_MAXIMUM
    if options.same_amount_rule and _paid_just_now(subscriber, cents, shortcode, now):
        return results.RULE_LIMITED
    if subscriber.behaviour is Behaviour.INSUFFICIENT or cents + cost_cents > subscriber.balance_cents:
        return results.INSUFFICIENT
    limit = options.daily_limit * CENTS
    exempt = limit == 0 or subscriber.msisdn == KNOWN_PAYER
    if not exempt and subscriber.paid_today_cents(now) + cents > limit:
        return results.ABOVE_DAILY_LIMIT
    return results.PAID


def _paid_just_now(subscriber: Subscriber, cents: int, shortcode: str, now: Instant) -> bool:
    return any(
        charge.amount_cents == cents and charge.shortcode == shortcode and now - charge.at < _SAME_AMOUNT
        for charge in subscriber.charges
    )


class Subscribers:
    """Every phone there is, made on first use, up to a limit; none is ever forgotten, since it holds money."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._most = options.most_subscribers
        delay = options.known_number_seconds
        self._all = {
            KNOWN_PAYER: Subscriber(KNOWN_PAYER, _KNOWN_PAYER_CENTS, behaviour=Behaviour.PAY, delay_seconds=delay),
            NO_FUNDS_NUMBER: Subscriber(NO_FUNDS_NUMBER, 0, behaviour=Behaviour.INSUFFICIENT, delay_seconds=delay),
        }

    def all(self) -> list[Subscriber]:
        """In the order in which they came."""
        return list(self._all.values())

    def find(self, msisdn: str) -> Subscriber | None:
        """The phone, if it is there."""
        return self._all.get(msisdn)

    def obtain(self, msisdn: str) -> Subscriber | None:
        """The phone, made now if it is new; None when there is no room for another."""
        known = self._all.get(msisdn)
        if known is None and len(self._all) < self._most:
            known = self._all[msisdn] = Subscriber(msisdn)
        return known
