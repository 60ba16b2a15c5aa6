"""The clients as one thing: a call by its name with the arguments of a case, and what came of it as JSON.

A case is written in the API's own names; a driver turns them into those of its language.
"""

import asyncio
import inspect
import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

import msgspec

from pokea.client import AsyncPokea, CallRefused, ClientError, NoReply, Page, Pokea


class Driver(Protocol):
    """A client that is called by names."""

    def perform(self, url: str, token: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a call comes to: `{"value": …}`, or `{"error": {"kind", …}}`."""
        ...


class Blocking:
    """The blocking client of Python."""

    def perform(self, url: str, token: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a call comes to."""
        with Pokea(url, token) as client:
            try:
                found = _method(client, name)(**_python(arguments))
                return {"value": _json(list(found) if inspect.isgenerator(found) else found)}
            except (ClientError, ValueError) as failure:
                return {"error": _told(failure)}


class Asynchronous:
    """The asyncio client of Python."""

    def perform(self, url: str, token: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a call comes to."""
        return asyncio.run(self._perform(url, token, name, arguments))

    async def _perform(self, url: str, token: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        async with AsyncPokea(url, token) as client:
            try:
                found = _method(client, name)(**_python(arguments))
                if inspect.isasyncgen(found):
                    return {"value": _json([each async for each in found])}
                return {"value": _json(await found)}
            except (ClientError, ValueError) as failure:
                return {"error": _told(failure)}


def _method(client: Any, name: str) -> Any:
    for part in name.split("."):
        client = getattr(client, part)
    return client


def _python(arguments: Mapping[str, Any]) -> dict[str, Any]:
    named = {re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name): each for name, each in arguments.items()}
    if named.get("expires_at"):
        named["expires_at"] = date.fromisoformat(named["expires_at"])
    return named


def _json(found: Any) -> Any:
    if isinstance(found, Page):
        return {"items": _json(list(found.items)), "nextCursor": found.next_cursor}
    return json.loads(msgspec.json.encode(found))


def _told(failure: Exception) -> dict[str, Any]:
    if isinstance(failure, CallRefused):
        return {
            "kind": failure.code,
            "status": failure.status,
            "fields": [each.field for each in failure.errors],
            "extra": failure.extra,
            "retryAfterSeconds": failure.retry_after_seconds,
        }
    if not isinstance(failure, ClientError):
        return {"kind": "mistake"}
    kind = re.sub(r"(?<!^)([A-Z])", r"_\1", type(failure).__name__).lower()
    key = {"idempotencyKey": failure.idempotency_key} if isinstance(failure, NoReply) else {}
    return {"kind": kind, "status": getattr(failure, "status", None)} | key
