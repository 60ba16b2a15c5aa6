"""The OAuth token of one Daraja app, as all processes share it (law: keys and tokens)."""

from typing import NamedTuple, Protocol

from pokea.clock import Instant
from pokea.redact import Secret


class StoredToken(NamedTuple):
    """The newest token that is known. Generations count upward from 1; a generation without a readable token ended
    in 1970."""

    generation: int
    token: Secret
    expires_at: Instant


class TokenStore(Protocol):
    """Where the token is kept, and who may refresh it. Any method may raise `Unavailable`, and one
    that writes `OutcomeUnknown` (`pokea.errors`)."""

    async def current(self) -> StoredToken | None:
        """The newest generation; None before the first."""
        ...

    async def claim(self, seen_generation: int, now: Instant, lease_until: Instant) -> bool:
        """Whether the caller may refresh: the generation is still `seen_generation` (0 before the first), and nobody
        else holds a lease at `now`."""
        ...

    async def store(self, seen_generation: int, token: Secret, expires_at: Instant) -> bool:
        """Keep a token as the generation after `seen_generation`; False when the generation has moved meanwhile."""
        ...

    async def release(self, seen_generation: int) -> None:
        """The refresh failed: another may try at once."""
        ...
