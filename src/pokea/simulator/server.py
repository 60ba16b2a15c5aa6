"""The simulator as one ASGI application: Daraja's paths, `/sim/api`, and one task that lets due things happen."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from pokea.clock import Clock, Instant
from pokea.errors import ApiError
from pokea.simulator.apis.conversations import Conversation, Conversations
from pokea.simulator.apis.every import calls_of
from pokea.simulator.core import Core
from pokea.simulator.event_log import EventLog
from pokea.simulator.faults import Faults
from pokea.simulator.gateway import Gateway
from pokea.simulator.http.control import SimApi
from pokea.simulator.http.daraja import DarajaApi
from pokea.simulator.journal import Journal
from pokea.simulator.options import SimulatorOptions
from pokea.simulator.organisation_api import OrganisationApi
from pokea.simulator.provider import Provider
from pokea.simulator.sender import CallbackSender
from pokea.simulator.sim_answers import problem, refusal_response
from pokea.simulator.timekeeping import SimulatedTime, Wake
from pokea.simulator.validation import PushFields
from pokea.transport import Transport

_log = logging.getLogger(__name__)


class Simulator:
    """Daraja at home. `app` serves it; its lifespan starts and stops it.

    The transport carries the callbacks, and is closed when the simulator stops. `pages` are routes put in front of
    `/sim/api`, such as the handset's page.
    """

    def __init__(
        self,
        options: SimulatorOptions,
        transport: Transport,
        clock: Clock,
        random: random.Random,
        pages: Sequence[BaseRoute] = (),
    ) -> None:
        self.options = options
        self._transport = transport
        self._wake = Wake()
        self._task: asyncio.Task[None] | None = None
        self._time = SimulatedTime(clock)
        feed, faults = EventLog(), Faults()
        self.journal = Journal(options.most_records)
        self._core = core = Core(options, random, faults, self.journal, feed)
        self._provider = provider = Provider(core)
        self._courier = CallbackSender(core, transport, self._time, self._changed)
        self._conversations = Conversations(core)
        gateway = Gateway(core, calls_of(core, provider, self._conversations))
        self._daraja = DarajaApi(gateway, self.journal, feed, self._time, self._courier, self._changed)
        self._api = SimApi(core, provider, self._time, self._courier, self._changed)
        organisation = OrganisationApi(core, self._time, self._changed)
        self.app = Starlette(
            routes=[*self._daraja.routes(), *pages, *self._api.routes(), *organisation.routes()],
            exception_handlers={HTTPException: self._http_error, ApiError: refusal_response},
            lifespan=self._lifespan,
        )
        self.app.router.redirect_slashes = False

    async def start(self) -> None:
        """Begin to let due things happen."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(_complain)

    def asked(self, checkout_request_id: str) -> PushFields | None:
        """What an accepted push asked for, while it is kept: to compare a merchant's books with the truth."""
        payment = self._provider.find(checkout_request_id)
        return payment.fields if payment else None

    def prompts_begun(self) -> list[tuple[PushFields, Instant]]:
        """Each prompt that came up on a phone, with what it asked for and when it began, while it is kept."""
        return [(payment.fields, payment.accepted_at) for payment in self._provider.payments() if payment.prompt]

    def conversations(self) -> list[Conversation]:
        """Each request for money out, and each question, that was acknowledged, while it is kept, oldest first."""
        return self._conversations.all()

    def release(self) -> None:
        """End streams and held answers, so that a server that waits for its connections can stop."""
        self._api.close()
        self._daraja.release()

    async def stop(self) -> None:
        """End streams, held answers and callbacks on their way, and close the transport; safe to call twice."""
        self.release()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._courier.stop()
        await self._transport.close()

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    async def _run(self) -> None:
        while True:
            self._courier.fire_due()
            self._api.announce()
            await self._time.sleep(self._core.next_due(), self._wake)

    def _changed(self) -> None:
        self._wake.up()

    async def _http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101  # the handler is registered for this type alone
        if request.url.path.startswith("/sim"):
            code = "method_not_allowed" if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else "not_found"
            return problem(error.status_code, code, f"{request.method} {request.url.path}: {error.detail}.")
        return await self._daraja.unknown(request)


def _complain(task: asyncio.Task[None]) -> None:
    failure = None if task.cancelled() else task.exception()
    if failure is not None:
        _log.critical("the simulator has stopped: nothing happens by itself any more", exc_info=failure)
