"""The clients as one thing: a call by its name with the arguments of a case, and what came of it as JSON.

A case is written in the API's own names; a driver turns them into those of its language.
"""

import asyncio
import base64
import fcntl
import inspect
import json
import re
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import msgspec

from pokea.client import AsyncPokea, CallRefused, ClientError, NoReply, Page, Pokea, verify_webhook
from tests.house.test_house import HOUSE

_WEB = HOUSE / "web"
_PROOF = "verifyWebhook"
_DRIVER = Path(__file__).parent / "driver.mjs"


class Driver(Protocol):
    """A client that is called by names."""

    def perform(self, url: str, token: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a call comes to: `{"value": …}`, or `{"error": {"kind", …}}`."""
        ...


class Blocking:
    """The blocking client of Python."""

    def perform(self, url: str, token: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a call comes to."""
        if name == _PROOF:
            return _proved(**arguments)
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
        if name == _PROOF:
            return _proved(**arguments)
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


class TypeScript:
    """The client for TypeScript, in a process of Node.js."""

    def __init__(self) -> None:
        with (_WEB / "client/package.json").open() as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)  # Tests run in several processes.
            build = [str(HOUSE / "tools/node"), "npm", "--prefix", str(_WEB), "run", "--silent", "client"]
            subprocess.run(build, check=True)
        command = [str(HOUSE / "tools/node"), "node", str(_DRIVER)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def perform(self, url: str, token: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a call comes to."""
        assert self._process.stdin
        assert self._process.stdout
        call = {"url": url, "token": token, "name": name, "arguments": arguments}
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        """End its process."""
        self._process.communicate(timeout=30)


def _proved(headers: dict[str, str], body: str, secrets: str | list[str], now: int) -> dict[str, Any]:
    try:
        return {"value": _json(verify_webhook(headers, base64.b64decode(body), secrets, now))}
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
        items = _json(list(found.items))
        return {"items": items, "nextCursor": found.next_cursor, "ageSeconds": found.age_seconds}
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
