"""A call to one of Daraja's APIs: the request as it came, what becomes of it, and what an API is to the gateway."""

from collections.abc import Mapping, Set
from typing import NamedTuple, Protocol

from pokea.clock import Instant
from pokea.simulator.canned import Answer, EnvelopeError
from pokea.simulator.faults import FaultKind, FaultRule


class ParsedRequest(NamedTuple):
    """A request to one of Daraja's paths."""

    method: str
    path: str
    authorization: str
    content_type: str
    parameters: Mapping[str, str]
    body: bytes


class GatewayVerdict(NamedTuple):
    """What becomes of a request. `answer` None: the connection is cut."""

    answer: Answer | None
    hold_seconds: float = 0.0
    after_callback_of: str | None = None
    """The CheckoutRequestID or ConversationID whose callback goes out before the answer does."""
    fault: str | None = None
    """The kind of the fault that acted."""


class DarajaCall(Protocol):
    """An API that takes POST, behind the token."""

    @property
    def kinds(self) -> Set[FaultKind]:
        """The faults that meet a request to it, besides those that act anywhere."""

    def phone(self, asked: ParsedRequest) -> str | None:
        """The customer's phone that a request concerns, for faults that are meant for one."""

    def bad_token(self, token: str) -> EnvelopeError:
        """Its refusal of a token that opens nothing (daraja: Token behaviour)."""

    def answer(self, asked: ParsedRequest, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        """Its answer to a request whose token is good, under a fault that is spent if it acts."""
