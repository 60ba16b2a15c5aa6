"""An endpoint as a value, as its row has it. Pure."""

from enum import StrEnum
from typing import Final, NamedTuple

from pokea.clock import HOUR, Instant
from pokea.events.outbox import Event, encode_state
from pokea.events.states import EndpointState
from pokea.events.types import ENDPOINT_DISABLED, PING

ENDPOINT_ID: Final = "wh"
SECRET_ID: Final = "whk"  # noqa: S105 - the beginning of an id
PING_ID: Final = "ping"
MOST_ENDPOINTS: Final = 50
MOST_SECRETS: Final = 5
"""So many secrets of one endpoint sign at a time, at most."""
LONGEST_ROTATION: Final[Instant] = 30 * 24 * HOUR
ALWAYS_SENT: Final = (PING,)
"""Types that reach their endpoint whatever it subscribes to."""


class EndpointStatus(StrEnum):
    """Whether anything is sent to an endpoint."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class Reason(StrEnum):
    """Why an endpoint was disabled."""

    GONE = "gone"
    FAILING = "failing"


class Endpoint(NamedTuple):
    """An endpoint's row; the fields are the table's columns, in their order (`pokea.storage.webhook_tables`)."""

    id: str
    merchant_id: int
    url: str
    types: str
    description: str | None
    is_latest_only: bool
    created_at: Instant
    disabled_at: Instant | None = None
    reason: str | None = None
    times_disabled: int = 0
    failures: int = 0
    probes: int = 0
    probe_at: Instant = 0
    failing_since: Instant | None = None
    held_until: Instant = 0
    window: int = 1
    lease: str | None = None
    lease_until: Instant = 0

    @property
    def patterns(self) -> list[str]:
        """The patterns of the types that it subscribes to."""
        return self.types.split(" ")

    @property
    def status(self) -> EndpointStatus:
        """Whether anything is sent to it."""
        return EndpointStatus.ENABLED if self.disabled_at is None else EndpointStatus.DISABLED

    @property
    def is_open(self) -> bool:
        """Whether its breaker is open: one probe at a time is sent, and nothing else."""
        return self.probes > 0


def as_enabled(endpoint: Endpoint) -> Endpoint:
    """The endpoint as one about which nothing is known yet."""
    return endpoint._replace(
        disabled_at=None, reason=None, failures=0, probes=0, probe_at=0, failing_since=None, held_until=0, window=1
    )


def as_disabled(endpoint: Endpoint, reason: Reason, now: Instant) -> Endpoint:
    """The endpoint as one to which nothing is sent any more."""
    return as_enabled(endpoint)._replace(
        disabled_at=now, reason=reason.value, times_disabled=endpoint.times_disabled + 1
    )


def event_of_endpoint(endpoint: Endpoint, now: Instant) -> Event:
    """The event that the endpoint was disabled."""
    data = encode_state(EndpointState(url=endpoint.url, reason=endpoint.reason or ""))
    return Event(endpoint.id, endpoint.times_disabled, endpoint.merchant_id, ENDPOINT_DISABLED, now, data)
