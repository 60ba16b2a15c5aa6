"""One call to Daraja: with an access token that all calls share, within its time, and sent once.

It is sent once more for a refused access token alone, which the gateway checks before M-PESA sees the request.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from msgspec import Struct

from pokea.addresses import join_address
from pokea.clock import Clock, Deadline
from pokea.daraja.access_token import AccessTokens
from pokea.daraja.answer_forms import Hide
from pokea.daraja.credentials import Credentials
from pokea.daraja.outcomes import SubmissionRefused
from pokea.daraja.responses import TokenRefused, too_late, unavailable
from pokea.daraja.tokens import StoredToken, TokenStore
from pokea.daraja.wire import encode
from pokea.redact import Secret, mask
from pokea.transport import NotSent, Reply, Transport

T = TypeVar("T")
Read = Callable[[Reply, Hide], T | TokenRefused]


class CallTiming(NamedTuple):
    """How long a call may take, token and second sending included, and how much of that is kept for the answer: a call
    that has used up the rest before it is sent is not sent."""

    whole_seconds: float
    answer_seconds: float


class Calls:
    """Calls of one merchant, with one access token for all of them. What Daraja or the network does is a value."""

    def __init__(self, credentials: Credentials, transport: Transport, tokens: TokenStore, clock: Clock) -> None:
        self.credentials = credentials
        self.transport = transport
        self._clock = clock
        self._access = AccessTokens(credentials, transport, tokens, clock, self.hiding())

    async def call(
        self,
        path: str,
        request: Struct,
        read: Read[T],
        *,
        timing: CallTiming,
        hidden: Sequence[Secret] = (),
        sent_by: Deadline | None = None,
        may_reuse: bool = False,
    ) -> T | SubmissionRefused:
        """What the answer reads as; Refused when nothing was done for want of a connection or of a token.

        `hidden` are secrets of the request's own, which no text of the answer may show. What could not be sent by
        `sent_by` is not sent. `may_reuse` as in `Transport.send`. Raises NoAnswer when the request left and none came.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timing.whole_seconds
        latest_start = deadline - timing.answer_seconds
        body = encode(request)
        refused: tuple[int, SubmissionRefused] | None = None
        while True:
            token = await self._token_in_time(refused[0] if refused else 0, latest_start, sent_by)
            if isinstance(token, SubmissionRefused):
                return token
            headers = {"Authorization": f"Bearer {token.token.reveal()}", "Content-Type": "application/json"}
            url = join_address(self.credentials.base_url, path)
            try:
                reply = await self.transport.send(
                    "POST",
                    url,
                    headers,
                    body,
                    deadline - loop.time(),
                    connect_seconds=None if sent_by is None else self._left_seconds(sent_by),
                    may_reuse=may_reuse,
                )
            except NotSent as failure:
                if self._left_seconds(sent_by) <= 0:
                    return too_late()
                return unavailable(f"Daraja cannot be reached: {self.hiding()(str(failure))}.")
            answer = read(reply, self.hiding(token.token, *hidden))
            if not isinstance(answer, TokenRefused):
                return answer
            if refused is not None:
                return answer.refusal
            refused = (token.generation, answer.refusal)

    async def _token_in_time(
        self, refused_generation: int, latest_start: float, sent_by: Deadline | None
    ) -> StoredToken | SubmissionRefused:
        """A token of a later generation than the refused one, while there is still time to send with it."""
        loop = asyncio.get_running_loop()
        left_seconds = min(latest_start - loop.time(), self._left_seconds(sent_by))
        if left_seconds <= 0:
            return too_late()
        token = await self._access.get(refused_generation, left_seconds)
        # The wait for the token may have taken longer than it was allowed, as where this process was stopped.
        is_late = min(latest_start - loop.time(), self._left_seconds(sent_by)) <= 0
        return too_late() if is_late and not isinstance(token, SubmissionRefused) else token

    def _left_seconds(self, sent_by: Deadline | None) -> float:
        """The seconds in which the request may still be sent; without end where it has no deadline."""
        if sent_by is None:
            return math.inf
        return sent_by.left_seconds(asyncio.get_running_loop().time(), self._clock.now())

    def hiding(self, *more: Secret) -> Hide:
        """Takes this merchant's secrets out of a text, and then whatever looks like one."""
        merchant = self.credentials
        own = (merchant.consumer_key, merchant.consumer_secret, merchant.passkey, merchant.basic_authorization())
        values = [secret.reveal() for secret in (*more, *own)]

        def hide(text: str) -> str:
            for value in values:
                text = text.replace(value, "****") if value else text
            return mask(text)

        return hide
