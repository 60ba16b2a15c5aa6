"""What those who use the service in a universe have in common: they call it, and it is written down."""

from collections.abc import Mapping
from typing import Any, Protocol

from pokea.transport import Reply


class ServiceCalls(Protocol):
    """Where a customer or the merchant's admin stands."""

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
        """Call the service. Raises NotSent or NoAnswer."""
        ...

    def note(self, who: str, subject: str, what: str) -> None:
        """Write a line of the chronicle."""
        ...
