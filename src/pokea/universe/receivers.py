"""The merchant's own receivers of webhooks: they die, answer slowly, wrongly or not at all, and come back.

What each has taken is written down as it comes, and at the end it is held against the list of events (law: universes).
"""

import asyncio
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final, Protocol

from pokea.audit.rule import Violation
from pokea.clock import SECOND
from pokea.courier import Courier, Letter, NoCourier, NotDelivered, Place, Receipted
from pokea.public_addresses import Allowance, NetworkAddress
from pokea.redact import Secret
from pokea.transport import NoAnswer, NotSent, Reply
from pokea.universe.chronicle import Chronicle
from pokea.universe.disk import Store
from pokea.universe.hook_oracle import Shelf, told_versions
from pokea.universe.loop import VirtualLoop
from pokea.universe.plan import Plan, PlannedEndpoint
from pokea.universe.process import Process
from pokea.universe.service_calls import ServiceCalls
from pokea.webhooks.signing import key_of, signed_headers

_ADDRESS: Final = "203.0.114.7"
_CONNECT_SECONDS: Final = 5.0
_WHOLE_SECONDS: Final = 15.0
_QUICK_SECONDS: Final = (0.005, 0.2)
_SLOW_SECONDS: Final = (1.0, 14.0)
_ANSWERS: Final[Mapping[str, Receipted]] = {
    "wrong": Receipted(500, "", b"Internal Server Error"),
    "moved": Receipted(302, "", b""),
    "busy": Receipted(429, "45", b"Not now"),
    "gone": Receipted(410, "", b"No more"),
}
_TAKEN: Final = Receipted(204, "", b"")
_PAUSE_SECONDS: Final = 10.0
_ATTEMPTS: Final = 60
_PATIENCE_SECONDS: Final = 20.0
_ARRIVES_WITHIN_SECONDS: Final = 700.0
_FIRST_REFUSAL, _FIRST_FAULT, _TOO_MANY = 300, 500, 429


class HookCounter(ServiceCalls, Protocol):
    """Where the merchant's admin stands."""

    def keep_secret(self, what: str, secret: str) -> None:
        """No line of the log may show it."""
        ...


class Receivers:
    """All receivers, and the admin who makes their endpoints."""

    def __init__(
        self,
        loop: VirtualLoop,
        plan: Plan,
        store: Store,
        counter: HookCounter,
        chronicle: Chronicle,
        chance: random.Random,
    ) -> None:
        self._loop = loop
        self._plan = plan
        self._store = store
        self._counter = counter
        self._chronicle = chronicle
        self._chance = chance
        self._is_calm = False
        self._shelves = {each.host: Shelf(each) for each in plan.endpoints}

    def courier(self, life: Process) -> Courier:
        """What a life sends webhooks with; none where there is no endpoint in this universe."""
        return LifeCourier(life, self) if self._shelves else NoCourier()

    async def live(self) -> None:
        """Let the admin make the endpoints, enable what was disabled, and delete some."""
        work = [asyncio.create_task(self._keep(shelf)) for shelf in self._shelves.values()]
        for each in work:
            await each

    async def calm(self) -> None:
        """Every receiver takes what comes, and every endpoint is enabled."""
        self._is_calm = True
        for shelf in self._living():
            await self._enable(shelf)

    async def finish(self) -> None:
        """Let arrive what happened last."""
        if self._shelves:
            await asyncio.sleep(_ARRIVES_WITHIN_SECONDS)

    def violations(self) -> Iterator[Violation]:
        """What is wrong with what came, once everything should have come."""
        if self._shelves:
            yield from told_versions(self._store.connection, list(self._shelves.values()))

    def _living(self) -> Sequence[Shelf]:
        return [each for each in self._shelves.values() if each.endpoint_id and not each.is_deleted]

    async def _keep(self, shelf: Shelf) -> None:
        planned = shelf.planned
        await asyncio.sleep(planned.made_at_seconds)
        await self._make(shelf)
        for spell in planned.spells:
            if spell.kind == "gone" and shelf.endpoint_id:
                await asyncio.sleep(max(0.0, spell.ends_seconds - self._loop.time()))
                await self._enable(shelf)
        if planned.deleted_at_seconds is not None and shelf.endpoint_id:
            await asyncio.sleep(max(0.0, planned.deleted_at_seconds - self._loop.time()))
            shelf.is_deleted = True
            await self._until_answered("DELETE", f"/webhooks/{shelf.endpoint_id}")

    async def _make(self, shelf: Shelf) -> None:
        planned = shelf.planned
        wanted = {"url": f"https://{planned.host}/hook", "types": planned.types, "latestOnly": planned.latest_only}
        made = await self._until_answered("POST", "/webhooks", wanted, f"endpoint {planned.host}")
        if made is None:
            return
        endpoint = json.loads(made.body)["webhook"]
        shelf.endpoint_id = endpoint["id"]
        shelf.known_from = self._last_sequence()
        if "secret" in endpoint:
            shelf.key = key_of(Secret(endpoint["secret"]))
            self._counter.keep_secret(f"the secret of {planned.host}", endpoint["secret"])

    async def _enable(self, shelf: Shelf) -> None:
        answer = await self._until_answered("POST", f"/webhooks/{shelf.endpoint_id}/enable", {"from": "disabled"})
        if answer is not None:
            self._chronicle.count("endpoints.enabled")

    async def _until_answered(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, key: str | None = None
    ) -> Reply | None:
        """The success of a call that is made until it is answered; None if it was refused, or never answered."""
        for _ in range(_ATTEMPTS):
            try:
                reply = await self._counter.call("admin", method, path, body, key, _PATIENCE_SECONDS)
            except (NotSent, NoAnswer):
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if reply.status < _FIRST_REFUSAL:
                return reply
            if reply.status < _FIRST_FAULT and reply.status != _TOO_MANY:
                return None
            await asyncio.sleep(_PAUSE_SECONDS)
        return None

    def _last_sequence(self) -> int:
        ((last,),) = self._store.connection.execute("select last_sequence from event_stream")
        return int(last)

    # The receivers

    async def deliver(self, host: str, letter: Letter) -> Receipted:
        """Bring a message to a receiver. Raises NotDelivered."""
        shelf = self._shelves[host]
        kind = self._kind(shelf.planned)
        self._chronicle.count(f"webhooks.{kind}")
        await asyncio.sleep(self._chance.uniform(*_QUICK_SECONDS))
        if kind == "dead":
            await asyncio.sleep(_CONNECT_SECONDS)
            raise NotDelivered("No connection within 5 s.", is_slow=True)
        if kind in _ANSWERS:
            return _ANSWERS[kind]
        self._take(shelf, letter)
        if kind == "slow":
            await asyncio.sleep(self._chance.uniform(*_SLOW_SECONDS))
        if kind == "too slow":
            await asyncio.sleep(_WHOLE_SECONDS)
            raise NotDelivered("No answer within 15 s.", is_slow=True)
        if kind == "unanswered":
            raise NotDelivered("The connection was closed in the middle of the answer.")
        await asyncio.sleep(self._chance.uniform(*_QUICK_SECONDS))
        return _TAKEN

    def _kind(self, planned: PlannedEndpoint) -> str:
        if self._is_calm:
            return "taken"
        now = self._loop.time()
        now_on = (spell.kind for spell in planned.spells if spell.begins_seconds <= now < spell.ends_seconds)
        return next(now_on, "taken")

    def _take(self, shelf: Shelf, letter: Letter) -> None:
        headers = dict(letter.headers)
        data = json.loads(letter.body)["data"]
        sent_at = int(headers["webhook-timestamp"]) * SECOND
        is_signed = shelf.key is None or signed_headers(headers["webhook-id"], sent_at, letter.body, [shelf.key])[
            2
        ] == ("webhook-signature", headers["webhook-signature"])
        found = self._store.connection.execute(
            "select 1 from events where object_id = ? and version = ?", (data["id"], data["version"])
        )
        shelf.take(data["id"], data["version"], is_signed=is_signed, is_committed=found.fetchone() is not None)
        self._counter.note(shelf.planned.host, "webhook", f"takes {headers['webhook-id']}")


class LifeCourier:
    """A life's door to the receivers."""

    def __init__(self, life: Process, receivers: Receivers) -> None:
        self._life = life
        self._receivers = receivers

    async def resolve(self, _host: str, _port: int) -> Sequence[NetworkAddress]:
        """A public address. Raises Dead."""
        self._life.check()
        return [ip_address(_ADDRESS)]

    async def post(self, place: Place, letter: Letter, _allowance: Allowance) -> Receipted:
        """The answer of any status. Raises NotDelivered, Dead."""
        self._life.check()
        await self._life.survive("before send webhook")
        answer = await self._receivers.deliver(place.host, letter)
        await self._life.survive("after send webhook")
        return answer

    async def close(self) -> None:
        """There is nothing to let go of. Raises Dead."""
        self._life.check()
