"""The access token of one app, as one process uses it: refreshed ahead of its end, once, however many ask (law: keys
and tokens)."""

import asyncio

from pokea.addresses import join_address
from pokea.clock import Clock, Instant, seconds
from pokea.daraja.answer_forms import Hide
from pokea.daraja.credentials import Credentials
from pokea.daraja.outcomes import SubmissionRefused
from pokea.daraja.responses import read_token_answer, unavailable
from pokea.daraja.tokens import StoredToken, TokenStore
from pokea.errors import Fault, OutcomeUnknown, Unavailable
from pokea.transport import NoAnswer, NotSent, Transport

TOKEN_PATH = "/oauth/v1/generate?grant_type=client_credentials"  # noqa: S105 # an address, not a credential
MARGIN: Instant = seconds(60)
"""How long before its end a token is no longer used (daraja: Token behaviour)."""
LEASE: Instant = seconds(30)
"""How long one process may refresh before another may try (law: keys and tokens)."""
_TOKEN_TIMEOUT_SECONDS = 10.0
_PATIENCE_SECONDS = 35.0
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 0.5


class AccessTokens:
    """Gives out the app's token. A new token may void the old one (daraja: Token behaviour), so no caller fetches one
    alone."""

    def __init__(
        self, credentials: Credentials, transport: Transport, store: TokenStore, clock: Clock, hide: Hide
    ) -> None:
        self._credentials = credentials
        self._transport = transport
        self._store = store
        self._clock = clock
        self._hide = hide
        self._known: StoredToken | None = None
        self._fetching: asyncio.Task[StoredToken | SubmissionRefused] | None = None

    async def get(self, refused_generation: int, timeout_seconds: float) -> StoredToken | SubmissionRefused:
        """A token of a later generation than `refused_generation` (0 for any), or why there is none in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while (known := self._usable(self._known, refused_generation)) is None:
            # The task belongs to no caller: one that gives up waiting does not stop it for the others.
            if self._fetching is None or self._fetching.done():
                self._fetching = loop.create_task(self._fetch(refused_generation))
            try:
                async with asyncio.timeout_at(deadline):
                    found = await asyncio.shield(self._fetching)
            except TimeoutError:
                return unavailable("There was no access token in time.")
            if isinstance(found, SubmissionRefused) or found.generation > refused_generation:
                return found
        return known

    def _usable(self, token: StoredToken | None, refused_generation: int) -> StoredToken | None:
        if token is None or token.generation <= refused_generation:
            return None
        return token if token.expires_at - MARGIN > self._clock.now() else None

    async def _fetch(self, refused_generation: int) -> StoredToken | SubmissionRefused:
        try:
            return await self._find_or_refresh(refused_generation)
        except (OutcomeUnknown, Unavailable):
            return unavailable("The database that keeps the access token does not answer.", fault=Fault.OURS)

    async def _find_or_refresh(self, refused_generation: int) -> StoredToken | SubmissionRefused:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_SECONDS
        pause = _FIRST_PAUSE_SECONDS
        while loop.time() < deadline:
            current = await self._store.current()
            usable = self._usable(current, refused_generation)
            if usable is not None:
                self._known = usable
                return usable
            seen_generation = current.generation if current is not None else 0
            now = self._clock.now()
            if await self._store.claim(seen_generation, now, now + LEASE):
                refreshed = await self._refresh(seen_generation)
                if refreshed is not None:
                    return refreshed
                continue
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        return unavailable("Another process has not finished refreshing the access token.")

    async def _refresh(self, seen_generation: int) -> StoredToken | SubmissionRefused | None:
        """A fresh token, or why there is none; None when another process has stored one meanwhile."""
        asked_at = self._clock.now()
        try:
            reply = await self._transport.send(
                "GET",
                join_address(self._credentials.base_url, TOKEN_PATH),
                {"Authorization": self._credentials.basic_authorization().reveal()},
                None,
                _TOKEN_TIMEOUT_SECONDS,
            )
            answer = read_token_answer(*reply, self._hide)
        except (NotSent, NoAnswer) as failure:
            answer = unavailable(f"Daraja gave no access token: {self._hide(str(failure))}.")
        if isinstance(answer, SubmissionRefused):
            await self._store.release(seen_generation)
            return answer
        expires_at = asked_at + seconds(answer.lifetime_seconds)
        if not await self._store.store(seen_generation, answer.token, expires_at):
            return None
        self._known = StoredToken(seen_generation + 1, answer.token, expires_at)
        return self._known
