"""What each call of money out passes before anything is done: who calls, whether money out is on, sign-in, and key."""

from collections.abc import Callable
from typing import NamedTuple

from starlette.requests import Request

from pokea.api.auth.callers import Authenticator, Caller
from pokea.api.idempotency import required_key
from pokea.clock import Clock
from pokea.disbursements.calls import OutCall
from pokea.disbursements.limits import OutRules
from pokea.errors import ApiError
from pokea.ids import Ids
from pokea.storage.database import Database

CALL_ID = "oc"
NONCE = "nc"


class OutDoor(NamedTuple):
    """The parts that all calls of money out need. `wake` lets the worker look at what is due now."""

    gate: Authenticator
    database: Database
    clock: Clock
    ids: Ids
    rules: OutRules
    wake: Callable[[], None]

    async def enter(self, request: Request, scope: str, *others: str, signed_in: bool = False) -> Caller:
        """Who calls to change something, given that they have one of the scopes, and that money out is on.

        Raises ApiError `unauthenticated`, `forbidden`, `money_out_off`, and with `signed_in` also `sign_in_again`.
        """
        caller = await self.gate.require(request, scope, *others)
        if not self.rules.is_on:
            raise ApiError("money_out_off", "Money out is off: an operator sets POKEA_MONEY_OUT to `on`.")
        if signed_in:
            caller.check_sign_in(self.clock.now())
        return caller

    def call(self, request: Request, caller: Caller, body: bytes, object_prefix: str = CALL_ID) -> OutCall:
        """The call with its key, which is bound to this address and body.

        Raises ApiError `idempotency_key_required`, or `invalid_request` naming the header.
        """
        route = f"{request.method} {request.url.path}"
        key = required_key(request, caller, route, body)
        return OutCall(
            self.ids.new(object_prefix),
            caller.scope,
            caller.subject,
            caller.is_admin,
            key,
            self.ids.new(NONCE),
            self.clock.now(),
        )
