"""One universe, from its first customer to the last check.

Faults and crashes come while customers do; then they cease, time runs on until everything that can be found out has
been, and the books are checked; then the charges are fed in as a statement, and the books must agree with the truth in
every line (law: universes).
"""

import asyncio
import base64
import json
import random
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from pokea.api.auth.tokens import issue_token
from pokea.api.callback_address import read_own_name
from pokea.audit.every_rule import RULES
from pokea.audit.rule import Violation, violations
from pokea.clock import SECOND
from pokea.redact import Secret
from pokea.simulator.server import Simulator
from pokea.transport import NoAnswer, NotSent, Reply
from pokea.universe import oracle
from pokea.universe.chronicle import Chronicle
from pokea.universe.customers import PIN, Customer
from pokea.universe.disk import Store
from pokea.universe.fault_plan import FaultPlan, Trouble
from pokea.universe.fleet import JWT_SECRET, NEXT_SECRET_KEY, SECRET_KEY, TOKENS, Fleet
from pokea.universe.forger import forgeries
from pokea.universe.loop import VirtualLoop
from pokea.universe.network import Hear, Network, Sent, WorldTransport
from pokea.universe.oracle import PromptBegun, Taken
from pokea.universe.plan import Burst, Plan
from pokea.universe.process import LifeClock, Process
from pokea.universe.receivers import Receivers
from pokea.universe.recorder import Acknowledged, Log, Wire, name_of
from pokea.universe.statements import Statements
from pokea.universe.treasury import CUSTOMER_SCOPES, SERVICE, Treasury

DARAJA = "http://daraja.test"
_DARAJA_ADDRESS = "196.201.214.200"
_TOKEN_SECONDS = 400 * 24 * 3600.0
_SETTLES_WITHIN_SECONDS = 120.0


class DarajaSide:
    """The simulator as the network sees it: always there."""

    application: ASGIApp | None = None

    def door(self) -> tuple[ASGIApp | None, Process | None]:
        """Where a connection goes."""
        return self.application, None


class World:
    """Everything there is, and the counter at which customers stand."""

    def __init__(
        self,
        loop: VirtualLoop,
        plan: Plan,
        chance: random.Random,
        store: Store,
        log: Log,
        chance_of_out: random.Random,
        chance_of_hooks: random.Random,
    ) -> None:
        self._loop = loop
        self._plan = plan
        self._chance = chance
        self._store = store
        self._log = log
        self.chronicle = Chronicle()
        self._weather = FaultPlan(plan.standstills)
        self._wire = Wire(store.has_address)
        self._clock = LifeClock(loop, plan.epoch)
        self._network = Network(loop, self._weather, chance, self.chronicle)
        daraja = DarajaSide()
        self._receivers = Receivers(loop, plan, store, self, self.chronicle, chance_of_hooks)
        ways = self._network, daraja, self._wire, self._receivers.courier
        self.fleet = Fleet(loop, plan, chance, self.chronicle, store, self._weather, *ways)
        transport = WorldTransport(self._network, self.fleet, _DARAJA_ADDRESS)
        self._simulator = Simulator(plan.options, transport, self._clock, chance)
        daraja.application = self._simulator.app
        self._daraja = daraja
        self._calm = Network(loop, FaultPlan(), chance, Chronicle())
        self._treasury = Treasury(
            loop,
            plan,
            store,
            self.fleet,
            self,
            Network(loop, self._weather, chance_of_out, self.chronicle),
            self._simulator,
            self.chronicle,
            chance_of_out,
        )
        self._statements = Statements(self, self.fleet, store, chance, self._taken)
        self._acknowledged: list[Acknowledged] = []
        self._complaints: list[str] = []
        self._secrets: dict[str, str] = {}
        self._tokens: dict[str, str] = {}

    async def run(self) -> list[Violation]:
        """Let everything happen; what is wrong with the books at the end."""
        await self._simulator.start()
        await self.fleet.begin()
        await self._live()
        await self._calm_down()
        await asyncio.sleep(self._plan.run_on_seconds)
        await self.fleet.stand()
        early = self._check(oracle.truthful(self._simulator.journal.callbacks, self._taken(), self._doubted()))
        await self._bring_statements()
        await self._settle_by_hand()
        await self._treasury.finish()
        await self._receivers.finish()
        late = [*self._check(None), *self._receivers.violations()]
        await self.fleet.drain_all()
        await self._simulator.stop()
        complaints = [*self._complaints, *self.fleet.complaints, *self.fleet.failures(), *self._log.stumbles()]
        leaks = self._log.leaks(self._secrets)
        found = [
            *early,
            *late,
            *(Violation("nobody_stumbles", each) for each in complaints),
            *(Violation("nothing_leaks", each) for each in leaks),
        ]
        return list(dict.fromkeys(found))

    async def _live(self) -> None:
        """Customers, faults, crashes and deploys, each at its time."""
        plan = self._plan
        for occasion in plan.occasions():
            self.chronicle.count(occasion)
        for trouble in plan.standing:
            await self._begin(trouble)
        tasks = [asyncio.create_task(Customer(visit, self).come(), name=visit.name) for visit in plan.visits]
        tasks += [asyncio.create_task(self._storm(burst)) for burst in plan.bursts]
        tasks += [asyncio.create_task(self._after(at, self._kill)) for at in plan.kills_at_seconds]
        tasks += [asyncio.create_task(self._after(at, self.fleet.deploy)) for at in plan.deploys_at_seconds]
        tasks += [asyncio.create_task(self._after(at, self._fetch_token)) for at in plan.rivals_at_seconds]
        tasks += [asyncio.create_task(self._after(at, self._reverse)) for at in plan.reversals_at_seconds]
        tasks += [asyncio.create_task(self._after(at, self._statements.bring, defect)) for at, defect in plan.readings]
        tasks += [asyncio.create_task(each.live()) for each in (self._treasury, self._receivers)]
        for task in tasks:
            await task
        await asyncio.sleep(max(0.0, plan.active_seconds - self._loop.time()))

    async def _after(self, seconds: float, what: Any, *arguments: Any) -> None:
        await asyncio.sleep(seconds)
        await what(*arguments)

    async def _kill(self) -> None:
        self.fleet.kill_one()

    async def _reverse(self) -> None:
        """An operator of the portal gives a customer's money back."""
        charges = [charge for _, charge in self._taken()]
        if charges:
            receipt = self._chance.choice(charges).receipt
            answer = await self.phone("POST", "/reversals", {"receipt": receipt})
            self.note("the world", "weather", f"{receipt} is reversed: {answer.get('receipt') or answer['code']}")
            self.chronicle.count("reversals")

    async def _fetch_token(self) -> None:
        """Another program of the merchant asks Daraja for a token."""
        options = self._plan.options
        pair = base64.b64encode(f"{options.consumer_key}:{options.consumer_secret}".encode()).decode()
        url = f"{DARAJA}/oauth/v1/generate?grant_type=client_credentials"
        await self._calm.carry(
            "rival", Sent("GET", url, {"authorization": f"Basic {pair}"}, None, ""), self._daraja, 60
        )
        self.note("the world", "weather", "another program has fetched a token")
        self.chronicle.count("rival tokens")

    async def _storm(self, burst: Burst) -> None:
        await asyncio.sleep(burst.at_seconds)
        await self._begin(burst.trouble)
        await asyncio.sleep(burst.lasts_seconds)
        self.note("the world", "weather", f"{burst.trouble.where} {burst.trouble.kind} is over")
        self._weather.end(burst.trouble)
        if burst.trouble.where == "daraja":
            await self._set_faults(self._weather.daraja)

    async def _begin(self, trouble: Trouble) -> None:
        self._weather.begin(trouble)
        self.note("the world", "weather", f"{trouble.where} {trouble.kind} begins, likely {trouble.likely:.2f}")
        if trouble.where == "daraja":
            await self._set_faults([trouble], keep=True)

    async def _set_faults(self, troubles: Sequence[Trouble], keep: bool = False) -> None:
        if not keep:
            await self._count_faults()
            await self.phone("DELETE", "/faults")
        for trouble in troubles:
            order = {"kind": trouble.kind, "probability": trouble.likely, "seconds": trouble.seconds}
            if trouble.when is not None:
                order["when"] = trouble.when
            await self.phone("POST", "/faults", {name: value for name, value in order.items() if value is not None})

    async def _count_faults(self) -> None:
        for rule in (await self.phone("GET", "/faults"))["faults"]:
            self.chronicle.count(f"daraja.{rule['kind']}", rule["acted"])

    async def _calm_down(self) -> None:
        """No more faults and no more crashes; whoever is down comes up."""
        self.note("the world", "weather", "every fault is over")
        self._weather.clear()
        self.fleet.spare()
        await self._set_faults(())
        await self.fleet.stand()
        await self._treasury.calm()
        await self._receivers.calm()

    # The counter

    async def call(
        self,
        who: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        patience_seconds: float = 60.0,
        token: str | None = None,
    ) -> Reply:
        """Call the service as `who`. Raises NotSent or NoAnswer."""
        headers = {"authorization": f"Bearer {token or self._token(who)}", "content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = key
        content = json.dumps(body).encode() if body is not None else None
        sent = Sent(method, f"{SERVICE}/api/v1{path}", headers, content, "41.90.0.1")
        reply = await self._network.carry(who, sent, self.fleet, patience_seconds)
        if token is not None:
            self._secrets[f"the client secret of {who}"] = token
        return reply

    async def watch(
        self, who: str, path: str, secret: str, last_seen: int, patience_seconds: float, hear: Hear
    ) -> Reply:
        """Watch events by a client secret, from the one after `last_seen` on. Raises NotSent or NoAnswer."""
        self._secrets[f"the client secret of {who}"] = secret
        headers = {"authorization": f"Bearer {secret}", "last-event-id": str(last_seen)}
        sent = Sent("GET", f"{SERVICE}/api/v1{path}", headers, None, "41.90.0.1")
        return await self._network.carry(who, sent, self.fleet, patience_seconds, hear=hear)

    def is_committed(self, transaction_id: str, version: int) -> bool:
        """Whether the payment has reached this version in the database."""
        found = self._store.connection.execute("select version from payments where id = ?", (transaction_id,))
        return any(reached >= version for (reached,) in found)

    def _token(self, who: str) -> str:
        if who not in self._tokens:
            scopes = ("admin",) if who == "admin" else CUSTOMER_SCOPES
            self._tokens[who] = issue_token(Secret(JWT_SECRET), who, scopes, self._clock.now(), _TOKEN_SECONDS)
        return self._tokens[who]

    async def phone(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Use a phone, or Daraja's test API: there is no network in between."""
        content = json.dumps(body).encode() if body is not None else None
        sent = Sent(method, f"{DARAJA}/sim/api{path}", {"content-type": "application/json"}, content, "127.0.0.1")
        reply = await self._calm.carry("phone", sent, self._daraja, 60)
        return json.loads(reply.body)

    async def download(self, path: str) -> tuple[int, bytes]:
        """Status and body of what Daraja's test API answers."""
        sent = Sent("GET", f"{DARAJA}/sim/api{path}", {}, None, "127.0.0.1")
        reply = await self._calm.carry("phone", sent, self._daraja, 60)
        return reply.status, reply.body

    def note(self, who: str, subject: str, what: str) -> None:
        """Write a line of the chronicle."""
        self.chronicle.note(round(self._loop.time() * SECOND), who, subject, what)

    def count(self, name: str) -> None:
        """Count something for the report."""
        self.chronicle.count(name)

    def complain(self, what: str) -> None:
        """The service has told something that cannot be."""
        self._complaints.append(what)

    def keep_secret(self, what: str, secret: str) -> None:
        """No line of the log may show it."""
        self._secrets[what] = secret

    def new_key(self) -> str:
        """A fresh idempotency key."""
        return self._chance.randbytes(8).hex()

    async def forge(self, who: str, booking: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Tell the service that the payment is paid, which it is not."""
        amount, msisdn = booking["bookingFee"]["amount"], "254700000000"
        path = urlsplit(self._plan.settings["mpesa_callback_url"]).path
        callbacks = list(self._simulator.journal.callbacks)
        with self._store.engine.connect() as connection:
            victims = oracle.unpaid(connection, self._wire.pushes, answer["transactionId"])
        for forgery in forgeries(answer, amount, msisdn, callbacks, self._chance, victims):
            url = f"{SERVICE}{path}{forgery.path}"
            sent = Sent("POST", url, {"content-type": "application/json"}, forgery.body, "102.0.0.66")
            self.chronicle.count("forgeries")
            try:
                reply = await self._network.carry(f"{who}, forging", sent, self.fleet, 20)
            except (NotSent, NoAnswer):
                continue
            if reply.status == oracle.ACKNOWLEDGED:
                self._acknowledged.append(Acknowledged(forgery.path.removeprefix("/"), forgery.body))

    # The truth

    def _taken(self) -> list[Taken]:
        found = []
        for charge in self._simulator.journal.charges:
            fields = self._simulator.asked(charge.checkout_request_id)
            assert fields is not None  # noqa: S101 - the simulator of a universe forgets nothing
            found.append(Taken(name_of(fields.callback_url), charge))
        return found

    def _prompted(self) -> list[PromptBegun]:
        return [
            PromptBegun(name_of(fields.callback_url), began_at) for fields, began_at in self._simulator.prompts_begun()
        ]

    async def _bring_statements(self) -> None:
        """A damaged statement, one that was made too early for what is not settled, and then the true one."""
        await self._statements.bring(self._plan.last_defect)
        if self._statements.unsettled():
            await self._statements.bring("ends_early")
        await self._statements.bring("none")

    async def _settle_by_hand(self) -> None:
        """Every charge becomes evidence, as when a person has decided which payment each line is."""
        running = await self.fleet.stand()
        with self._store.engine.connect() as connection:
            lines = oracle.statement_of(oracle.read_books(connection, TOKENS.proves), self._taken(), self._clock.now())
        for line in lines:
            await running.life.run(running.service.settler.submit(line))
        await asyncio.sleep(_SETTLES_WITHIN_SECONDS)

    def _doubted(self) -> set[str]:
        if self._plan.settings["pokea_confirm_from"] is None:
            return set()
        with self._store.engine.connect() as connection:
            books = oracle.read_books(connection, TOKENS.proves)
            return oracle.told_of_failure(connection, books, self._simulator.journal.callbacks, self._wire.pushes)

    def _check(self, told: Sequence[str] | None) -> list[Violation]:
        acknowledged = [
            *self._acknowledged,
            *(
                Acknowledged(name_of(entry.url), entry.body)
                for entry in self._simulator.journal.callbacks
                if entry.status == oracle.ACKNOWLEDGED
            ),
        ]
        taken = self._taken()
        with self._store.engine.connect() as connection:
            books = oracle.read_books(connection, TOKENS.proves)
            found = [
                *violations(connection, self._clock.now(), RULES),
                *oracle.charged_is_completed(books, taken, told),
                *oracle.completed_is_charged(books, taken),
                *oracle.one_push_a_payment(books, self._wire.pushes),
                *oracle.pushed_in_time(self._wire.pushes),
                *oracle.prompted_in_time(books, self._wire.pushes, self._prompted()),
                *oracle.acknowledged_is_kept(connection, books, acknowledged),
                *oracle.unknown_is_kept(connection, self.fleet.told_by_successor),
                *oracle.answered_is_kept(connection, books, self._wire.pushes),
                *oracle.quiet_is_asked(connection),
                *self._statements.violations(books, taken),
            ]
        found += self._treasury.violations(self._wire.out)
        self.chronicle.counts["payments"] = len(books.status)
        self.chronicle.counts["completed"] = sum(status == "completed" for status in books.status.values())
        self.chronicle.counts["charges"] = len(taken)
        self._secrets |= self._own_secrets()
        return found

    def _own_secrets(self) -> dict[str, str]:
        phones = {visit.msisdn: visit.name for visit in self._plan.visits}
        found = {f"the phone of {name}": msisdn for msisdn, name in phones.items()}
        found |= {f"the phone of {name} as typed": f"0{msisdn[3:]}" for msisdn, name in phones.items()}
        found |= {f"the token of {name}": token for name, token in self._tokens.items()}
        found |= {f"the last token of {name}": token for name, token in self._treasury.tokens.items()}
        names = enumerate(push.name for push in self._wire.pushes)
        found |= {f"a callback token ({number})": read_own_name(name).token for number, name in names}
        options = self._plan.options
        return found | {
            "the PIN": PIN,
            "the passkey": options.passkey,
            "the consumer secret": options.consumer_secret,
            "the secret key": SECRET_KEY,
            "the next secret key": NEXT_SECRET_KEY,
            "the JWT secret": JWT_SECRET,
        }
