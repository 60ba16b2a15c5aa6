"""What runs at home: a simulator, and a service beside it on a fresh file, with people who may do everything."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pokea.api.auth.callers import ADMIN, BOOKINGS_WRITE, PAYMENTS_READ, PAYMENTS_WRITE
from pokea.api.auth.tokens import issue_token
from pokea.api.pages import handset_routes, read_pages, shop_routes
from pokea.app import Service, open_service
from pokea.clock import SystemClock
from pokea.events.routes import EventList
from pokea.out_rules import SANDBOX_INITIATOR, SANDBOX_INITIATOR_PASSWORD
from pokea.redact import Secret
from pokea.scope import DEFAULT_SCOPE
from pokea.settings import Settings, given_settings
from pokea.simulator.options import SimulatorOptions
from pokea.simulator.server import Simulator
from pokea.storage.database import Database
from pokea.transport import HttpTransport

_TOKEN_SECONDS: Final = 24 * 3600


def open_simulator(options: SimulatorOptions, shop_origins: Sequence[str] = ()) -> Simulator:
    """A simulator on the real network and clock; a seed of 0 draws another one each time.

    Pages of `shop_origins` may show its phones in a frame.
    """
    chance = random.Random(options.seed or None)  # noqa: S311 - it draws receipts and faults, not secrets
    pages = handset_routes(read_pages(), shop_origins)
    return Simulator(options, HttpTransport(), SystemClock(), chance, pages)


class Demo(NamedTuple):
    """A service and the simulator that it talks to, a token that may do everything, and the secret that signs more."""

    service: Service
    simulator: Simulator
    token: str
    jwt_secret: str

    def release(self) -> None:
        """Let go of everything that would keep a connection open."""
        self.service.release()
        self.simulator.release()


def _event_route(database: Database, settings: Settings) -> Route:
    """What the shop's page shows of the events: with no token, since all of the demo is its visitor's."""
    events = EventList(database, livemode=settings.is_live, environment=settings.mpesa_environment)

    async def get_events(request: Request) -> Response:
        return await events.answer(request, DEFAULT_SCOPE)

    return Route("/demo/events.json", get_events)


def open_demo(
    file: Path, address: str, simulator_address: str, new_secret: Callable[[], str], sites: Sequence[str] = ()
) -> Demo:
    """Service and simulator on a fresh SQLite file, with settings of their own; pages of `sites` may call it."""
    jwt_secret = new_secret()
    settings = given_settings(
        mpesa_environment="simulator",
        mpesa_base_url=simulator_address,
        mpesa_callback_url=f"{address}/api/v1/payments/mpesa/callback",
        pokea_database_url=f"sqlite:///{file}",
        pokea_secret_key=new_secret(),
        pokea_jwt_secret=jwt_secret,
        pokea_allowed_origins=tuple(sites),
        pokea_business_name=SimulatorOptions().organisation,
        pokea_money_out="on",
        mpesa_initiator_name=SANDBOX_INITIATOR,
        mpesa_initiator_password=SANDBOX_INITIATOR_PASSWORD,
        pokea_payee_wait_hours=0,
    )

    def token(subject: str, *scopes: str) -> str:
        return issue_token(Secret(jwt_secret), subject, scopes, SystemClock().now(), _TOKEN_SECONDS)

    shop = {
        "token": token("demo-customer", PAYMENTS_READ, PAYMENTS_WRITE, BOOKINGS_WRITE),
        "simulatorUrl": simulator_address,
        "bookingFee": settings.pokea_booking_fee,
    }
    service = open_service(settings, pages=shop_routes(read_pages(), shop, simulator_address))
    service.application.router.routes.append(_event_route(service.database, settings))
    simulator = open_simulator(SimulatorOptions(), [address, *sites])
    return Demo(service, simulator, token("demo", ADMIN), jwt_secret)
