"""The one client that speaks to Daraja. Whatever Daraja or the network does is a value here, never an exception.

Nothing is sent twice but for a refused access token, which the gateway checks before M-PESA sees the request.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

from pokea.addresses import join_address
from pokea.clock import Clock, Deadline, daraja_timestamp
from pokea.daraja.access_token import AccessTokens
from pokea.daraja.credentials import Credentials
from pokea.daraja.outcomes import (
    Accepted,
    Answered,
    PushOrder,
    PushOutcome,
    QueryOutcome,
    Silent,
    SubmissionRefused,
    Unknown,
)
from pokea.daraja.responses import (
    Hide,
    TokenRefused,
    is_limit,
    read_push_answer,
    read_query_answer,
    too_late,
    unavailable,
)
from pokea.daraja.tokens import StoredToken, TokenStore
from pokea.daraja.wire import PushRequest, QueryRequest, encode
from pokea.redact import Secret, mask
from pokea.transport import NoAnswer, NotSent, Reply, Transport

__all__ = [
    "Accepted",
    "Answered",
    "Credentials",
    "DarajaClient",
    "PushOrder",
    "PushOutcome",
    "QueryOutcome",
    "Silent",
    "StoredToken",
    "SubmissionRefused",
    "TokenStore",
    "Unknown",
]

PUSH_PATH: Final = "/mpesa/stkpush/v1/processrequest"
QUERY_PATH: Final = "/mpesa/stkpushquery/v1/query"
_ANSWER_SHARE: Final = 2 / 3
"""The part of a call's time that is kept for Daraja's answer: 30 of 45 seconds, since giving up early loses the id of
a prompt (daraja: timing). A call that has used up the rest before it is sent is not sent."""

T = TypeVar("T")
Read = Callable[[Reply, Hide], T | TokenRefused]


class DarajaClient:
    """Pushes and queries for one merchant, with one access token for all of them."""

    def __init__(
        self,
        credentials: Credentials,
        transport: Transport,
        tokens: TokenStore,
        clock: Clock,
        push_timeout_seconds: float = 45,
        query_timeout_seconds: float = 20,
    ) -> None:
        self._credentials = credentials
        self._transport = transport
        self._clock = clock
        self._push_timeout_seconds = push_timeout_seconds
        self._query_timeout_seconds = query_timeout_seconds
        self._access = AccessTokens(credentials, transport, tokens, clock, self._hide())

    async def push(self, order: PushOrder, deadline: Deadline | None = None) -> PushOutcome:
        """Ask Daraja to prompt a phone (daraja: STK push request), within the push's time, token and all.

        What could not be sent by the `deadline` is Refused with the reason `not_sent`.
        """
        merchant = self._credentials
        timestamp = daraja_timestamp(self._clock.now())
        password = merchant.password(timestamp)
        request = PushRequest(
            BusinessShortCode=merchant.shortcode,
            Password=password.reveal(),
            Timestamp=timestamp,
            TransactionType=merchant.transaction_type,
            Amount=str(order.amount_shillings),
            PartyA=order.msisdn,
            PartyB=merchant.party_b,
            PhoneNumber=order.msisdn,
            CallBackURL=order.callback_url,
            AccountReference=order.account_reference,
            TransactionDesc=order.description,
        )

        def read(reply: Reply, hide: Hide) -> PushOutcome | TokenRefused:
            return read_push_answer(*reply, hide)

        try:
            return await self._call(PUSH_PATH, request, password, self._push_timeout_seconds, read, sent_by=deadline)
        except NoAnswer as failure:
            return Unknown(f"the push left and no answer came: {self._hide()(str(failure))}")

    async def query(self, checkout_request_id: str) -> QueryOutcome:
        """Ask Daraja what became of a push (daraja: STK query). The caller has seen to the query budget (law:
        inquiries)."""
        merchant = self._credentials
        timestamp = daraja_timestamp(self._clock.now())
        password = merchant.password(timestamp)
        request = QueryRequest(
            BusinessShortCode=merchant.shortcode,
            Password=password.reveal(),
            Timestamp=timestamp,
            CheckoutRequestID=checkout_request_id,
        )

        def read(reply: Reply, hide: Hide) -> QueryOutcome | TokenRefused:
            return read_query_answer(checkout_request_id, *reply, hide)

        outcome: QueryOutcome | SubmissionRefused
        try:
            outcome = await self._call(QUERY_PATH, request, password, self._query_timeout_seconds, read)
        except NoAnswer as failure:
            return Silent(f"no answer came: {self._hide()(str(failure))}")
        return (
            Silent(outcome.message, limited=is_limit(outcome.code))
            if isinstance(outcome, SubmissionRefused)
            else outcome
        )

    async def _call(
        self,
        path: str,
        request: Any,
        password: Secret,
        timeout_seconds: float,
        read: Read[T],
        *,
        sent_by: Deadline | None = None,
    ) -> T | SubmissionRefused:
        """What the answer reads as; Refused when nothing was done for want of a connection or of a token.

        Raises NoAnswer when the request left and no answer came.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        latest_start = deadline - timeout_seconds * _ANSWER_SHARE
        refused: tuple[int, SubmissionRefused] | None = None
        while True:
            token = await self._token_in_time(refused[0] if refused else 0, latest_start, sent_by)
            if isinstance(token, SubmissionRefused):
                return token
            headers = {"Authorization": f"Bearer {token.token.reveal()}", "Content-Type": "application/json"}
            url = join_address(self._credentials.base_url, path)
            try:
                reply = await self._transport.send(
                    "POST",
                    url,
                    headers,
                    encode(request),
                    deadline - loop.time(),
                    connect_seconds=None if sent_by is None else self._left_seconds(sent_by),
                )
            except NotSent as failure:
                if self._left_seconds(sent_by) <= 0:
                    return too_late()
                return unavailable(f"Daraja cannot be reached: {self._hide()(str(failure))}.")
            answer = read(reply, self._hide(token.token, password))
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

    def _hide(self, *more: Secret) -> Hide:
        """Takes this merchant's secrets out of a text, and then whatever looks like one."""
        merchant = self._credentials
        own = (merchant.consumer_key, merchant.consumer_secret, merchant.passkey, merchant.basic_authorization())
        values = [secret.reveal() for secret in (*more, *own)]

        def hide(text: str) -> str:
            for value in values:
                text = text.replace(value, "****") if value else text
            return mask(text)

        return hide
