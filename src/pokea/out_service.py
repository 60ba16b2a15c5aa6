"""Money out of one process, put together: settler, worker, Daraja's addresses and people's calls."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pokea.api.auth.callers import Authenticator
from pokea.api.call_router import CallRouter
from pokea.clock import HOUR, Clock, Instant
from pokea.daraja.calls import Calls
from pokea.daraja.initiator import Initiator, initiator_of
from pokea.daraja.out_client import OutClient
from pokea.disbursements.addresses import AddressBook
from pokea.disbursements.claims import Making
from pokea.disbursements.consequences import HouseConsequences, Shortcodes
from pokea.disbursements.doors import OutDoor
from pokea.disbursements.findings import StatementSearch
from pokea.disbursements.gatekeeping import Gatekeeper
from pokea.disbursements.inbound import OutAddressRoutes, OutSettler
from pokea.disbursements.limits import rules_of
from pokea.disbursements.model import OutAttempt
from pokea.disbursements.settle import OutSettling
from pokea.disbursements.wiring import people_routes
from pokea.disbursements.worker import OutPolicy, OutWorker
from pokea.errors import invalid
from pokea.escrow.release_worker import ReleaseWorker
from pokea.escrow.routes import EscrowRoutes, EscrowTerms
from pokea.ids import Ids
from pokea.ledger.routes import ledger_routes
from pokea.links.routes import site_of
from pokea.operations.settle import Change
from pokea.operations.tokens import PaymentTokens, originator_id
from pokea.reconciliation.absence import search_statement
from pokea.reconciliation.receiving import receiving_account
from pokea.reconciliation.statement_file import NotAStatement
from pokea.redact import Secret
from pokea.settings import Settings
from pokea.storage.database import Database
from pokea.transport import Transport


class OutParts(NamedTuple):
    """What money out shares with the rest of the service. `calls` has Daraja's access token."""

    database: Database
    clock: Clock
    transport: Transport
    ids: Ids
    tokens: PaymentTokens
    calls: Calls
    publish: Callable[[Sequence[Change]], None]


class MoneyOut:
    """Refunds and payouts of one process. Without an initiator nothing is sent, and all can be read."""

    def __init__(self, settings: Settings, parts: OutParts, longest_sleep_seconds: float) -> None:
        self._parts = parts
        self._rules = rules_of(settings)
        self._networks = settings.callback_networks
        self._receiving = receiving_account(settings)
        hours = settings.pokea_release_after_hours
        self._terms = EscrowTerms(
            settings.commission_hundredths,
            None if hours is None else hours * HOUR,
            settings.pokea_business_name or None,
        )
        self._releases = ReleaseWorker(parts.database, parts.clock, parts.ids, settings.commission_hundredths)
        self._releases_by_time = self._rules.is_on and hours is not None
        gatekeeper = Gatekeeper(self._rules)
        shortcodes = Shortcodes(self._rules.shortcode, self._rules.payout_shortcode)
        consequences = HouseConsequences(shortcodes, gatekeeper.note_facts, gatekeeper.follow_fees)
        self.settler: OutSettler = OutSettler(parts.database, parts.clock, OutSettling(consequences), self._publish)
        initiator = initiator_of(settings, parts.transport)
        key = Secret(settings.pokea_secret_key.get_secret_value())
        making = Making(
            parts.ids,
            lambda attempt_id: originator_id(key, attempt_id),
            AddressBook(site_of(settings.mpesa_callback_url), parts.tokens.sign),
        )
        budget = f"{parts.calls.credentials.app_name()}:out"
        policy = OutPolicy(gatekeeper, making, shortcodes, budget, settings.pokea_status_rate)
        self._worker = None if initiator is None else self._new_worker(initiator, policy, longest_sleep_seconds)

    def _new_worker(self, initiator: Initiator, policy: OutPolicy, longest_sleep_seconds: float) -> OutWorker:
        parts = self._parts
        return OutWorker(
            parts.database,
            parts.clock,
            self.settler,
            OutClient(parts.calls, initiator, self._rules.payout_shortcode),
            policy,
            self._publish,
            longest_sleep_seconds,
        )

    def routers(self, gate: Authenticator) -> Iterator[CallRouter]:
        """What people call."""
        parts = self._parts
        door = OutDoor(gate, parts.database, parts.clock, parts.ids, self._rules, self.wake)
        yield from people_routes(door, self._search, self.settler.revisit)
        yield EscrowRoutes(door, self._terms).router()
        yield ledger_routes(gate, parts.database)

    def _search(self, text: str, attempt: OutAttempt, read_at: Instant) -> StatementSearch:
        try:
            return search_statement(text, attempt, self._rules, self._receiving, read_at)
        except NotAStatement as failure:
            raise invalid("statement", str(failure)) from None

    def addresses(self, gate: Authenticator) -> OutAddressRoutes:
        """Where Daraja posts what became of money out."""
        parts = self._parts
        return OutAddressRoutes(parts.database, self.settler, gate, parts.clock, self._networks)

    def wake(self) -> None:
        """Something may be due now."""
        if self._worker is not None:
            self._worker.wake()

    async def start(self, *, background: bool) -> None:
        """Begin to settle and, in the background, to send and to find out."""
        await self.settler.start()
        if background and self._worker is not None:
            await self._worker.start()
        if background and self._releases_by_time:
            await self._releases.start()

    async def stop(self) -> None:
        """Begin nothing more, let what is out be answered, and settle all that waits."""
        await self._releases.stop()
        if self._worker is not None:
            await self._worker.stop()
        await self.settler.stop()

    def _publish(self, changes: Sequence[Change]) -> None:
        self._parts.publish([each for each in changes if each.event is not None])
        if any(each.next_action_at is not None for each in changes):
            self.wake()
