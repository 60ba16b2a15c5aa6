"""The calls of money out, put together."""

from collections.abc import Iterator

from pokea.api.call_router import CallRouter
from pokea.disbursements.brake_routes import BrakeRoutes
from pokea.disbursements.doors import OutDoor
from pokea.disbursements.finding_routes import FindingRoutes, Revisit, Search
from pokea.disbursements.model import DisbursementKind
from pokea.disbursements.payee_routes import PayeeRoutes
from pokea.disbursements.routes import DisbursementRoutes


def people_routes(door: OutDoor, search: Search, revisit: Revisit) -> Iterator[CallRouter]:
    """What people and their programs call; Daraja's addresses are in `inbound`."""
    for kind in DisbursementKind:
        yield DisbursementRoutes(door, kind).router()
        yield FindingRoutes(door, kind, search, revisit).router()
    yield PayeeRoutes(door).router()
    yield BrakeRoutes(door).router()
