"""Where Daraja tells us the outcome of a push, and where anybody may claim to be Daraja (law 2).

What has anything of a payment in it is durable before it is acknowledged, since Daraja sends it once (reference 3.6).
What it proves is decided when it is settled. The same calls stand under an address without the word that Daraja is
reported to refuse in production (reference 2.5).
"""

import logging
import re
from collections.abc import Sequence
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from pokea.api.answers import json_answer
from pokea.api.callers import Gate
from pokea.api.short_way import Shortcut
from pokea.clock import Clock
from pokea.daraja.callback import read_callback
from pokea.daraja.wire import CALLBACK_ACCEPTED, CALLBACK_INVALID
from pokea.payments.evidence import Delivery
from pokea.payments.settler import Settler
from pokea.payments.tokens import is_callback_token
from pokea.redact import mask
from pokea.settings import Network

PATHS = ("/api/v1/payments/mpesa/callback", "/api/v1/payments/stk/callback")
_ACCEPTED = json_answer(CALLBACK_ACCEPTED)
_MASKED_BYTES = 1_000
_LOGGED_CHARACTERS = 200
_TORN_END = re.compile(r"[\w+/=.-]*$")

_log = logging.getLogger("pokea.callbacks")


class CallbackRoutes:
    """The callback addresses, with and without a token."""

    def __init__(self, settler: Settler, gate: Gate, clock: Clock, allowed: Sequence[Network] = ()) -> None:
        self._settler = settler
        self._gate = gate
        self._clock = clock
        self._allowed = tuple(allowed)
        self._bare = {path: Shortcut(self._take, "", path) for path in PATHS}

    def routes(self) -> list[Route]:
        """Every callback address."""
        return [Route(path + suffix, self._receive, methods=["POST"]) for path in PATHS for suffix in ("", "/{token}")]

    def shortcut(self, path: str) -> Shortcut | None:
        """The way past the general stack for a callback address, bare or with something like a token."""
        for base, bare in self._bare.items():
            if path.startswith(base):
                if path == base:
                    return bare
                token = path[len(base) + 1 :]
                return Shortcut(self._take, token, f"{base}/{{token}}") if is_callback_token(token) else None
        return None

    async def _receive(self, request: Request) -> Response:
        return await self._take(request.scope, request.path_params.get("token", ""), await request.body())

    async def _take(self, scope: Scope, token: str, body: bytes) -> Response:
        self._settler.check_room()
        reading = read_callback(body)
        if reading is None:
            _log.warning("no STK callback: %s", _beginning(body))
            return json_answer(CALLBACK_INVALID, 400)
        if not is_callback_token(token):
            token = ""
        await self._settler.submit(Delivery(token, reading, body, self._clock.now(), self._is_allowed(scope)))
        return _ACCEPTED

    def _is_allowed(self, scope: Scope) -> bool:
        """Whether the sender's address is believed; a stranger's callback is kept and asked about, not dropped."""
        if not self._allowed:
            return True
        address = self._gate.address(Request(scope))
        try:
            sender = ip_address(address)
        except ValueError:
            return False
        if any(sender in network for network in self._allowed):
            return True
        _log.critical(
            "a callback came from %s, which is not on POKEA_CALLBACK_ALLOWED_IPS: it is kept, and Daraja is asked. "
            "If the address is Safaricom's, add it to the list.",
            address,
        )
        return False


def _beginning(body: bytes) -> str:
    """The beginning of a body as it may be logged: masked before it is cut, since half a secret wears no mask."""
    text = body[:_MASKED_BYTES].decode("utf-8", "replace")
    whole = text if len(body) <= _MASKED_BYTES else _TORN_END.sub("", text)
    return mask(whole)[:_LOGGED_CHARACTERS]
