"""The addresses at which Daraja posts the outcome of a push, and any client may claim to be Daraja (law: proof).

What has anything of a payment in it is durable before it is acknowledged, since Daraja sends it once (daraja: callback
retries). What it proves is decided when it is settled. At a payment's own address everything is kept, also what cannot
be read.
"""

import logging
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from pokea.api.auth.callers import Authenticator, stranger_at
from pokea.api.callback_address import CALLBACK_PATHS, callback_address, name_in, read_own_name
from pokea.api.errors import method_not_allowed, problem_response
from pokea.api.fast_path import FastRoute
from pokea.api.responses import json_answer
from pokea.clock import Clock
from pokea.daraja.callback import CallbackReading, read_callback, read_relayed
from pokea.daraja.wire import CALLBACK_ACCEPTED, CALLBACK_INVALID
from pokea.errors import ApiError
from pokea.operations.evidence import Delivery
from pokea.operations.settler import PaymentSettler
from pokea.redact import masked_beginning
from pokea.settings import Network

_ACCEPTED = json_answer(CALLBACK_ACCEPTED)
_LOOKED_AT_BYTES = 4_096
_LOGGED_CHARACTERS = 200

_log = logging.getLogger("pokea.callbacks")


class CallbackRoutes:
    """The callback addresses: payments' own, and the bare ones."""

    def __init__(
        self, settler: PaymentSettler, gate: Authenticator, clock: Clock, allowed: Sequence[Network] = ()
    ) -> None:
        self._settler = settler
        self._gate = gate
        self._clock = clock
        self._allowed = tuple(allowed)
        self._bare = {path: FastRoute(self._take, "", path, quiet=True) for path in CALLBACK_PATHS}

    def routes(self) -> list[Route]:
        """Every callback address."""
        suffixes = ("", "/{name}")
        return [Route(path + suffix, self._receive, methods=["POST"]) for path in CALLBACK_PATHS for suffix in suffixes]

    def shortcut(self, path: str) -> FastRoute | None:
        """The way past the general stack for a callback address, bare or a payment's own."""
        address = callback_address(path)
        if address is None:
            return None
        if not address.name:
            return self._bare[address.path]
        return FastRoute(self._take, address.name, f"{address.path}/{{name}}", quiet=True)

    def own_shortcut(self, path: str) -> FastRoute | None:
        """The same for what may be a payment's own address: there another method than Daraja's loses nothing either."""
        return self.shortcut(path) if name_in(path) else None

    async def _receive(self, request: Request) -> Response:
        return await self._take(request.scope, name_in(request.scope["path"]), await request.body())

    async def _take(self, scope: Scope, name: str, body: bytes) -> Response:
        self._settler.check_room()
        payment_id, token = read_own_name(name)
        reading = read_callback(body)
        is_regular = reading is not None and scope["method"] == "POST" and _why_cut(scope) is None
        if reading is None and token:
            # The sender may know the payment's token: then nothing that it says may be lost (law: proof).
            reading = read_relayed(body, _content_encoding(scope)) or CallbackReading()
        if reading is None:
            return _refused(scope, body)
        sender = self._gate.address(Request(scope)) if token and self._allowed else ""
        stranger = stranger_at(sender, self._allowed)
        delivery = Delivery(
            token,
            reading,
            body,
            self._clock.now(),
            payment_id=payment_id,
            from_allowed_address=not stranger,
            only_of_owner=not is_regular,
            stranger=stranger,
        )
        owner_id = await self._settler.deliver(delivery)
        if owner_id is None:
            return _ACCEPTED if is_regular else _refused(scope, body)
        if not is_regular:
            _log.warning(
                "A callback for %s does not have Daraja's form: it is kept, and Daraja is asked. It begins: %s",
                owner_id,
                _beginning(body),
            )
        return _ACCEPTED


def _refused(scope: Scope, body: bytes) -> Response:
    """The answer to what is no callback of a payment. Raises the ApiError of a body that did not come whole."""
    if (why_cut := _why_cut(scope)) is not None:
        raise why_cut
    if scope["method"] != "POST":
        return problem_response(method_not_allowed(scope["method"], ["POST"]), scope, {"Allow": "POST"})
    _log.warning("no STK callback: %s", _beginning(body))
    return json_answer(CALLBACK_INVALID, 400)


def _why_cut(scope: Scope) -> ApiError | None:
    """What would be said of the body at another address, if only its beginning has come."""
    refusal: ApiError | None = scope.get("state", {}).get("cut")
    return refusal


def _content_encoding(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"content-encoding"), "")


def _beginning(body: bytes) -> str:
    """The beginning of a body as it may be logged."""
    return masked_beginning(body[:_LOOKED_AT_BYTES].decode("utf-8", "replace"), _LOGGED_CHARACTERS)
