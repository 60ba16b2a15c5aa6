"""`/sim/api`: the phones, the faults, the journal and the clock, for tests and for the handset page."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from pokea.clock import SECOND, iso, seconds
from pokea.errors import ApiError, invalid
from pokea.money import shillings_json
from pokea.simulator import results
from pokea.simulator.core import Core
from pokea.simulator.faults import PATHS, FaultRule, Misplaced
from pokea.simulator.handset import Behaviour, Subscriber
from pokea.simulator.http.orders import (
    AnswerOrder,
    ClockOrder,
    FaultOrder,
    SubscriberOrder,
    cents_of,
    msisdn_of,
    name_of,
    read_order,
)
from pokea.simulator.messages import message_document, prompt_document
from pokea.simulator.provider import NoSuchPrompt, Provider
from pokea.simulator.sender import CallbackSender
from pokea.simulator.sim_answers import json_response, problem
from pokea.simulator.timekeeping import SimulatedTime

_MOST_STREAMS: Final = 100
_HEARTBEAT_SECONDS: Final = 15.0


class SimApi:
    """The handlers of `/sim/api`."""

    def __init__(
        self,
        core: Core,
        provider: Provider,
        time: SimulatedTime,
        courier: CallbackSender,
        changed: Callable[[], None],
    ) -> None:
        self._core = core
        self._options = core.options
        self._provider = provider
        self._faults = core.faults
        self._journal = core.journal
        self._feed = core.feed
        self._time = time
        self._courier = courier
        self._changed = changed
        self._streams: dict[int, asyncio.Event] = {}
        self._opened = 0
        self._closing = False

    def routes(self) -> list[Route]:
        """Every path of the table in docs/simulator.md, and the three that the handset page needs besides."""
        return [
            Route("/sim/api/subscribers", self.list_subscribers, methods=["GET"]),
            Route("/sim/api/subscribers", self.put_subscriber, methods=["POST"]),
            Route("/sim/api/prompts", self.list_prompts, methods=["GET"]),
            Route("/sim/api/prompts/{id}/answer", self.answer_prompt, methods=["POST"]),
            Route("/sim/api/faults", self.list_faults, methods=["GET"]),
            Route("/sim/api/faults", self.add_fault, methods=["POST"]),
            Route("/sim/api/faults", self.clear_faults, methods=["DELETE"]),
            Route("/sim/api/faults/{id:int}", self.remove_fault, methods=["DELETE"]),
            Route("/sim/api/journal", self.read_journal, methods=["GET"]),
            Route("/sim/api/clock", self.read_clock, methods=["GET"]),
            Route("/sim/api/clock", self.advance_clock, methods=["POST"]),
            Route("/sim/api/events", self.stream_events, methods=["GET"]),
        ]

    # Phones

    async def list_subscribers(self, request: Request) -> Response:
        """Every phone with its balance and its latest messages."""
        phones = [_subscriber_document(subscriber) for subscriber in self._core.subscribers.all()]
        return json_response({"subscribers": phones})

    async def put_subscriber(self, request: Request) -> Response:
        """A phone as the test wants it: made, or changed in the fields that are given."""
        order = await read_order(request, SubscriberOrder)
        msisdn = msisdn_of(order.msisdn)
        cents = None if order.balance is UNSET else cents_of("balance", order.balance)
        new = self._core.subscribers.find(msisdn) is None
        subscriber = self._core.subscribers.obtain(msisdn)
        if subscriber is None:
            raise ApiError("unavailable", f"There is room for {self._options.most_subscribers} phones only.")
        if new and cents is None and order.behaviour is Behaviour.INSUFFICIENT:
            cents = 0
        if cents is not None:
            subscriber.set_balance(cents)
        if order.pin is not UNSET:
            subscriber.pin = order.pin
        if order.name is not UNSET:
            subscriber.name = name_of(order.name)
        if order.behaviour is not UNSET:
            subscriber.behaviour = order.behaviour
        if order.delay_seconds is not UNSET:
            subscriber.delay_seconds = order.delay_seconds
        document = _subscriber_document(subscriber)
        self._feed.add("subscriber", self._time.now(), subscriber=document)
        self._changed()
        return json_response(document, 201)

    async def list_prompts(self, request: Request) -> Response:
        """What is on the phones; `?msisdn=` for one phone."""
        asked = request.query_params.get("msisdn")
        prompts = self._provider.prompts(msisdn_of(asked) if asked is not None else None)
        return json_response({"prompts": [prompt_document(prompt) for prompt in prompts], "now": iso(self._time.now())})

    async def answer_prompt(self, request: Request) -> Response:
        """What the phone's owner does."""
        order = await read_order(request, AnswerOrder)
        if order.action == "pay" and order.pin is UNSET:
            raise invalid("pin", "pin: paying takes the four digits of the PIN.")
        pin = order.pin if order.action == "pay" and order.pin is not UNSET else None
        try:
            code = self._provider.answer(request.path_params["id"], pin, self._time.now())
        except NoSuchPrompt as failure:
            if failure.ended:
                return problem(409, "prompt_ended", str(failure))
            raise ApiError("not_found", str(failure)) from None
        self._changed()
        return json_response(
            {"resultCode": int(code), "resultDesc": results.description(code, "callback", self._options)}
        )

    # Faults

    async def list_faults(self, request: Request) -> Response:
        """The faults in force, in the order in which they are tried."""
        return json_response({"faults": [_fault_document(rule) for rule in self._faults.all()]})

    async def add_fault(self, request: Request) -> Response:
        """Switch a fault on."""
        order = await read_order(request, FaultOrder)
        msisdn = None if order.msisdn is None else msisdn_of(order.msisdn)
        try:
            rule = self._faults.add(
                order.kind, order.probability, order.count, msisdn, order.seconds, order.path, order.when
            )
        except Misplaced as failure:
            raise invalid(failure.field, str(failure)) from None
        self._tell_faults()
        return json_response(_fault_document(rule), 201)

    async def clear_faults(self, request: Request) -> Response:
        """Switch every fault off."""
        self._faults.clear()
        self._tell_faults()
        return json_response({"faults": []})

    async def remove_fault(self, request: Request) -> Response:
        """Switch one fault off."""
        if not self._faults.remove(request.path_params["id"]):
            raise ApiError("not_found", "There is no such fault: it has been switched off, or has acted often enough.")
        self._tell_faults()
        return await self.list_faults(request)

    def _tell_faults(self) -> None:
        self._feed.add("faults", self._time.now(), faults=[_fault_document(rule) for rule in self._faults.all()])
        self._changed()

    # The truth and the time

    async def read_journal(self, request: Request) -> Response:
        """Charges, callbacks and requests, oldest first."""
        return json_response(self._journal.document())

    async def read_clock(self, request: Request) -> Response:
        """The simulator's time."""
        return json_response(self._clock_document())

    async def advance_clock(self, request: Request) -> Response:
        """Move the simulator's time on; what is due by then has happened before this answers."""
        order = await read_order(request, ClockOrder)
        await self._courier.finish_due()  # What is on its way now must not be overtaken by what is due later.
        self._time.advance(seconds(order.advance_seconds))
        await self._courier.finish_due()
        self._feed.add("clock", self._time.now(), **self._clock_document())
        self._changed()
        return json_response(self._clock_document())

    def _clock_document(self) -> dict[str, Any]:
        return {"now": iso(self._time.now()), "advancedSeconds": self._time.offset / SECOND}

    # What happens, as it happens

    async def stream_events(self, request: Request) -> Response:
        """A server-sent stream from now on, or from after `Last-Event-ID` (or `?after=`) as far as that is kept."""
        if len(self._streams) >= _MOST_STREAMS:
            raise ApiError("unavailable", f"There are {_MOST_STREAMS} streams already.")
        asked = request.headers.get("last-event-id") or request.query_params.get("after") or ""
        last_id = int(asked) if asked.isascii() and asked.isdigit() else self._feed.last_id
        return StreamingResponse(
            self._stream(min(last_id, self._feed.last_id)),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    def announce(self) -> None:
        """Something was added to the feed."""
        for event in self._streams.values():
            event.set()

    def close(self) -> None:
        """End every stream, because the simulator stops."""
        self._closing = True
        self.announce()

    async def _stream(self, last_id: int) -> AsyncIterator[bytes]:
        self._opened += 1
        number = self._opened
        event = self._streams[number] = asyncio.Event()
        loop = asyncio.get_running_loop()
        try:
            yield b"retry: 1000\n\n"
            while not self._closing:
                happenings = self._feed.since(last_id)
                for happening in happenings:
                    yield happening.as_event()
                if happenings:
                    last_id = happenings[-1].id
                    continue
                event.clear()
                heartbeat = loop.call_later(_HEARTBEAT_SECONDS, event.set)
                try:
                    await event.wait()
                finally:
                    heartbeat.cancel()
                if self._feed.last_id == last_id:
                    yield b": still here\n\n"
        finally:
            del self._streams[number]


def _subscriber_document(subscriber: Subscriber) -> dict[str, Any]:
    return {
        "msisdn": subscriber.msisdn,
        "name": subscriber.name,
        "balance": shillings_json(subscriber.balance_cents),
        "behaviour": subscriber.behaviour,
        "delaySeconds": subscriber.delay_seconds,
        "messages": [message_document(message) for message in subscriber.messages],
    }


def _fault_document(rule: FaultRule) -> dict[str, Any]:
    names = {address: name for name, address in PATHS.items()}
    return {
        "id": rule.id,
        "kind": rule.kind,
        "probability": rule.probability,
        "count": rule.count,
        "msisdn": rule.msisdn,
        "seconds": rule.seconds,
        "path": names.get(rule.path or ""),
        "when": rule.when,
        "acted": rule.acted,
    }
