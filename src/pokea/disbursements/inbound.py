"""The addresses at which Daraja posts what became of money out (law: proof of money out).

Each carries a token of 48 hexadecimal digits that belongs to one attempt, or one question, and one purpose. What comes
to a known address is stored before it is acknowledged, whatever it is; an unknown one is answered 404 and nothing is
kept of it.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pokea.api.auth.callers import Authenticator, stranger_at
from pokea.api.fast_path import FastRoute, taking
from pokea.api.responses import json_answer
from pokea.clock import Clock
from pokea.daraja.wire import CALLBACK_ACCEPTED
from pokea.disbursements import store
from pokea.disbursements.evidence import OutDelivery, OutEvidence, Purpose
from pokea.disbursements.model import OutAttempt
from pokea.errors import ApiError
from pokea.operations.settler import Settler
from pokea.operations.tokens import callback_digest
from pokea.settings import Network
from pokea.storage.database import Database

PREFIX: Final = "/api/v1/out"
_PURPOSES: Final[Mapping[str, frozenset[Purpose]]] = {
    "result": frozenset({Purpose.RESULT}),
    "timeout": frozenset({Purpose.TIMEOUT, Purpose.STATUS_TIMEOUT, Purpose.BALANCE_TIMEOUT, Purpose.CHECK_TIMEOUT}),
    "status": frozenset({Purpose.STATUS, Purpose.BALANCE, Purpose.CHECK}),
}
"""Which purposes the addresses of each path have."""
_ADDRESS: Final = re.compile(rf"{PREFIX}/({'|'.join(_PURPOSES)})/([0-9a-f]{{48}})")
_SLASHES: Final = re.compile("/{2,}")
_LONGEST_PATH: Final = 500
_ACCEPTED: Final = json_answer(CALLBACK_ACCEPTED)

_log = logging.getLogger("pokea.out")

OutSettler = Settler[OutDelivery | OutEvidence, OutAttempt]
"""The settler of attempts."""


class OutAddressRoutes:
    """The three addresses. `allowed` are the networks from which Daraja posts; none for all."""

    def __init__(
        self,
        database: Database,
        settler: OutSettler,
        gate: Authenticator,
        clock: Clock,
        allowed: Sequence[Network] = (),
    ) -> None:
        self._database = database
        self._settler = settler
        self._gate = gate
        self._clock = clock
        self._allowed = tuple(allowed)
        self._take = taking(self._receive)

    def routes(self) -> list[Route]:
        """Every address of money out."""
        return [Route(f"{PREFIX}/{path}/{{token}}", self._receive, methods=["POST"]) for path in _PURPOSES]

    def shortcut(self, path: str) -> FastRoute | None:
        """The way past the general stack for what has the form of one of the addresses, and what it means of it."""
        named = _named(path)
        return None if named is None else FastRoute(self._take, named[2], f"{PREFIX}/{named[1]}/{{token}}")

    async def _receive(self, request: Request) -> Response:
        named = _named(request.scope["path"])
        path, token = named.groups() if named is not None else ("", "")
        address = await self._database.read_one(store.find_address, callback_digest(token)) if token else None
        if address is None or Purpose(address.purpose) not in _PURPOSES[path]:
            raise ApiError("not_found", "There is no such address.")
        self._settler.check_room()
        sender = self._gate.address(request) if self._allowed else ""
        stranger = stranger_at(sender, self._allowed)
        if stranger:
            _log.warning(
                "A body for %s came from %s, which is not on POKEA_CALLBACK_ALLOWED_IPS: it is kept, and Daraja is "
                "asked. If the address is Safaricom's, add it to the list.",
                address.owner_id,
                stranger,
            )
        await self._settler.deliver(OutDelivery(token, await request.body(), self._clock.now(), stranger))
        return _ACCEPTED


def _named(path: str) -> re.Match[str] | None:
    """The address that a path means: its purpose and its token.

    Doubled slashes are read as one, and those at the end as none, since a Result is posted once (daraja: acknowledge
    first).
    """
    named = _ADDRESS.fullmatch(path)
    if named is None and "/out/" in path and len(path) <= _LONGEST_PATH:
        named = _ADDRESS.fullmatch(_SLASHES.sub("/", path).rstrip("/"))
    return named
