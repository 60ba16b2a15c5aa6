"""Whether the service can take payments, for load balancers that ask every few seconds and for those who ask at will.

A check may cost the database something, and the call needs no token. So an answer is kept for a second, and callers
that come while the checks run wait for them together.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from pokea.api.logs import outside_requests
from pokea.errors import PokeaError

ReadinessCheck = Callable[[], Awaitable[object]]
"""Returns when its part is ready; raises PokeaError or takes too long when it is not."""

READINESS_TIMEOUT_SECONDS = 2.0
_KEPT_SECONDS = 1.0

_log = logging.getLogger("pokea.readiness")


class Readiness:
    """The parts of the service that must answer before it is ready, by their names."""

    def __init__(self, checks: Mapping[str, ReadinessCheck]) -> None:
        self._checks = checks
        self._kept_until = -1.0
        self._unready: list[str] = []
        self._looking: asyncio.Task[None] | None = None

    async def unready(self) -> list[str]:
        """The names of what is not ready, as they were within the last second."""
        if asyncio.get_running_loop().time() >= self._kept_until:
            if self._looking is None:
                self._looking = asyncio.create_task(self._look(), context=outside_requests())
            await asyncio.shield(self._looking)
        return self._unready

    async def _look(self) -> None:
        try:
            answers = await asyncio.gather(*(_is_ready(name, check) for name, check in self._checks.items()))
            self._unready = [name for name, ready in zip(self._checks, answers, strict=True) if not ready]
            self._kept_until = asyncio.get_running_loop().time() + _KEPT_SECONDS
        finally:
            self._looking = None


async def _is_ready(name: str, check: ReadinessCheck) -> bool:
    try:
        async with asyncio.timeout(READINESS_TIMEOUT_SECONDS):
            await check()
    except (PokeaError, TimeoutError) as failure:
        _log.warning("%s is not ready: %s", name, failure or type(failure).__name__)
        return False
    return True
