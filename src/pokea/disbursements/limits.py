"""What the settings say about money out, as what decides takes it (law: who may)."""

from datetime import date
from typing import NamedTuple

from pokea.clock import HOUR, SECOND, Instant
from pokea.disbursements.caps import OutCaps
from pokea.disbursements.model import Way
from pokea.money import CENTS
from pokea.settings import Settings


class OutRules(NamedTuple):
    """The settings of money out, in cents and microseconds.

    `delay` is how long waits what no second person approves, `payee_wait` the time from a payee's confirmation to the
    first payout. `shortcode` receives payments and reverses them, `payout_shortcode` pays out by B2C.
    """

    is_on: bool
    caps: OutCaps
    second_person_from_cents: int
    delay: Instant
    payee_wait: Instant
    reversal_days: int
    float_cents: int
    password_set_on: date | None
    shortcode: str
    payout_shortcode: str

    def needs_second_person(self, amount_cents: int) -> bool:
        """Whether another person must approve so much."""
        return amount_cents >= self.second_person_from_cents

    def pays_from(self, way: str) -> str:
        """The shortcode whose account the money leaves."""
        return self.shortcode if way == Way.REVERSAL else self.payout_shortcode


def rules_of(settings: Settings) -> OutRules:
    """The rules that these settings make."""
    return OutRules(
        is_on=settings.pays_out,
        caps=OutCaps(
            one_cents=settings.pokea_out_limit_one * CENTS,
            day_cents=settings.pokea_out_limit_day * CENTS,
            payee_day_cents=settings.pokea_out_limit_payee_day * CENTS,
            hourly_count=settings.pokea_out_limit_hourly,
        ),
        second_person_from_cents=settings.pokea_out_second_person_from * CENTS,
        delay=settings.pokea_out_delay_seconds * SECOND,
        payee_wait=settings.pokea_payee_wait_hours * HOUR,
        reversal_days=settings.pokea_reversal_days,
        float_cents=settings.pokea_out_float * CENTS,
        password_set_on=settings.mpesa_initiator_password_set_on,
        shortcode=settings.mpesa_shortcode,
        payout_shortcode=settings.mpesa_b2c_shortcode or settings.mpesa_shortcode,
    )
