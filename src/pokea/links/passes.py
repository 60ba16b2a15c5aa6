"""What the payer of a link brings instead of a token: a pass, which prompts for one booking and reads it.

A pass names its booking and its end, and is signed. It makes its holder a customer who has that one booking and no
other, so that everything else is as hidden as it is from any customer (law: keys and tokens). Whether the booking may
still be paid is looked up at each call: a link that is switched off stops its passes at once.
"""

import re
from typing import Final

from pokea.api.auth.callers import PAYMENTS_READ, PAYMENTS_WRITE, Caller
from pokea.api.auth.keys import unauthenticated
from pokea.clock import HOUR, SECOND, Clock, Instant
from pokea.errors import ApiError
from pokea.ids import Ids
from pokea.links.limits import USE_ID, LinkLimits, LinkUse, count_use
from pokea.links.model import LinkState, customer_of
from pokea.links.store import find_page
from pokea.operations.tokens import PaymentTokens
from pokea.scope import Scope
from pokea.storage.database import Database

PASS_LIFETIME: Final[Instant] = 24 * HOUR
_PREFIX: Final = "plp_"
_PASS: Final = re.compile(r"plp_(bk_[0-9a-z]{26})\.([0-9]{1,12})\.([0-9a-f]{48})", re.ASCII)
_PROMPT: Final = re.compile("/api/v1/payments/mpesa/stkpush")
_READS: Final = re.compile("/api/v1/(?:bookings/[^/]+(?:/checkout)?|payments/mpesa/status/[^/]+(?:/events)?)")
CLOSED: Final = {
    LinkState.EXPIRED: "This payment link has expired; ask the business for a new one.",
    LinkState.OFF: "This payment link was switched off; ask the business for a new one.",
}


class LinkPasses:
    """Makes and admits passes; `limits` bounds the prompts that they cause."""

    def __init__(self, database: Database, tokens: PaymentTokens, clock: Clock, ids: Ids, limits: LinkLimits) -> None:
        self._database = database
        self._tokens = tokens
        self._clock = clock
        self._ids = ids
        self._limits = limits

    def new(self, booking_id: str) -> str:
        """A pass for the booking, good for a day."""
        ends_at = (self._clock.now() + PASS_LIFETIME) // SECOND
        named = f"{booking_id}.{ends_at}"
        return f"{_PREFIX}{named}.{self._tokens.sign('pass', named)}"

    def is_pass(self, bearer: str) -> bool:
        """Whether the bearer has the form of a pass."""
        return bearer.startswith(_PREFIX)

    async def admit(self, bearer: str, address: str, *, path: str, writes: bool) -> Caller:
        """The customer who has the pass's booking alone, and calls from this address.

        Raises ApiError `unauthenticated`, or `forbidden` for any path but those that a checkout calls; for a prompt
        also `link_closed` or `too_many_requests`.
        """
        booking_id, ends_at = self._read(bearer)
        # A list of what is open, so that a call that is added later is closed.
        if not (_PROMPT if writes else _READS).fullmatch(path):
            raise ApiError("forbidden", "A payment page pays its own booking and reads it, and does nothing else.")
        found = await self._database.read(find_page, booking_id)
        if found is None:
            raise unauthenticated("This payment page has ended: open the link again.")
        if writes:
            state = found.state(self._clock.now())
            # What is paid already is told with its payment, where all pushes are.
            if state not in (LinkState.OPEN, LinkState.SPENT):
                raise ApiError("link_closed", CLOSED[state])
            met = self._limits.met(LinkUse.PROMPT, found.page.link_id, address)
            await self._database.write(count_use, met, self._ids.new(USE_ID), self._clock.now())
        scopes = frozenset({PAYMENTS_READ, PAYMENTS_WRITE})
        return Caller(customer_of(booking_id), scopes, ends_at, Scope(found.page.merchant_id))

    def _read(self, bearer: str) -> tuple[str, Instant]:
        parts = _PASS.fullmatch(bearer)
        if parts is None or not self._tokens.verifies(parts[3], "pass", f"{parts[1]}.{parts[2]}"):
            raise unauthenticated("This payment page is not one of ours: open the link again.")
        ends_at = int(parts[2]) * SECOND
        if ends_at <= self._clock.now():
            raise unauthenticated("This payment page has ended: open the link again.")
        return parts[1], ends_at
