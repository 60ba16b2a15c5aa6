"""`/sim/api` for the organisation: its accounts, sweeps, reversals, and the statement that its portal would write."""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pokea.clock import iso
from pokea.errors import ApiError, invalid
from pokea.money import shillings_json
from pokea.simulator.core import Core
from pokea.simulator.http.orders import AccountsOrder, ReversalOrder, SweepOrder, cents_of, read_order
from pokea.simulator.initiator import certificate
from pokea.simulator.journal import OrganisationAccount
from pokea.simulator.organisation import TakingsAccount, Unbookable
from pokea.simulator.sim_answers import json_response, problem
from pokea.simulator.statement_file import Unwritable, statement_file
from pokea.simulator.statement_request import read_statement_order
from pokea.simulator.timekeeping import SimulatedTime

_CONFLICT: Final = 409


class OrganisationApi:
    """The handlers."""

    def __init__(
        self,
        core: Core,
        time: SimulatedTime,
        changed: Callable[[], None],
    ) -> None:
        self._core = core
        self._options = core.options
        self._journal = core.journal
        self._time = time
        self._changed = changed

    def routes(self) -> list[Route]:
        """Their paths."""
        return [
            Route("/sim/api/accounts", self.read_accounts, methods=["GET"]),
            Route("/sim/api/accounts", self.set_balances, methods=["POST"]),
            Route("/sim/api/accounts/sweep", self.sweep, methods=["POST"]),
            Route("/sim/api/reversals", self.reverse, methods=["POST"]),
            Route("/sim/api/certificate", self.read_certificate, methods=["GET"]),
            Route("/sim/api/statement", self.write_statement, methods=["GET"]),
        ]

    async def read_accounts(self, request: Request) -> Response:
        """The balance of each account, in shillings."""
        return json_response({"accounts": self._journal.accounts_document()})

    async def set_balances(self, request: Request) -> Response:
        """The accounts that are named hold so much from now on; the difference is a movement of its own."""
        order = await read_order(request, AccountsOrder)
        wanted = {
            account: cents_of(account.value, shillings)
            for account in OrganisationAccount
            if (shillings := getattr(order, account.value)) is not UNSET
        }
        for account, cents in wanted.items():
            self._core.organisation.set_balance(account, cents, self._time.now())
        self._core.feed.add("accounts", self._time.now(), accounts=self._journal.accounts_document())
        self._changed()
        return await self.read_accounts(request)

    async def sweep(self, request: Request) -> Response:
        """What the account holds goes to the bank, as it does by itself at night with `--sweep-at`."""
        order = await read_order(request, SweepOrder)
        swept = self._core.sweep(TakingsAccount(order.account), self._time.now())
        if swept is None:
            return problem(_CONFLICT, "nothing_to_sweep", f"The {order.account} account holds nothing.")
        self._changed()
        document = {"account": order.account, "receipt": swept.receipt, "amount": shillings_json(-swept.cents)}
        return json_response(document | {"at": iso(swept.at)}, 201)

    async def reverse(self, request: Request) -> Response:
        """An operator of the portal reverses a payment: the customer has the money again, and an SMS."""
        order = await read_order(request, ReversalOrder)
        try:
            entry = self._core.reverse(order.receipt, self._time.now())
        except Unbookable as failure:
            if failure.code == "not_found":
                raise ApiError("not_found", str(failure)) from None
            return problem(_CONFLICT, failure.code, str(failure))
        self._changed()
        return json_response(entry.document(), 201)

    async def read_certificate(self, request: Request) -> Response:
        """The certificate with whose key a SecurityCredential is made (daraja: SecurityCredential)."""
        return Response(certificate(), media_type="application/x-pem-file")

    async def write_statement(self, request: Request) -> Response:
        """The statement, as a file to download."""
        given: dict[str, str] = {}
        for name, text in request.query_params.multi_items():
            if name in given:
                raise invalid(name, f"{name}: must be given once.")
            given[name] = text
        order = read_statement_order(given, self._journal, self._options, self._time.now())
        try:
            file = statement_file(order, self._journal)
        except Unwritable as failure:
            raise invalid(failure.field, str(failure)) from None
        named = f"attachment; filename*=UTF-8''{quote(file.name)}"
        return Response(file.content, media_type=file.content_type, headers={"Content-Disposition": named})
