"""The one client that speaks to Daraja. Whatever Daraja or the network does is a value here, never an exception.

Nothing is sent twice but for a refused access token, which the gateway checks before M-PESA sees the request.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

from pokea.clock import Clock, daraja_timestamp
from pokea.daraja.access import AccessTokens
from pokea.daraja.answers import (
    Hide,
    TokenRefused,
    is_limit,
    read_push_answer,
    read_query_answer,
    unavailable,
)
from pokea.daraja.credentials import Credentials
from pokea.daraja.outcomes import Accepted, Answered, PushOrder, PushOutcome, QueryOutcome, Refused, Silent, Unknown
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
    "Refused",
    "Silent",
    "StoredToken",
    "TokenStore",
    "Unknown",
]

PUSH_PATH: Final = "/mpesa/stkpush/v1/processrequest"
QUERY_PATH: Final = "/mpesa/stkpushquery/v1/query"
_ANSWER_SHARE: Final = 2 / 3
"""The part of a call's time that is kept for Daraja's answer: 30 of 45 seconds, since giving up early loses the id of
a prompt (reference 9.1). A call that has used up the rest before it is sent is not sent."""

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

    async def push(self, order: PushOrder) -> PushOutcome:
        """Ask Daraja to prompt a phone (reference 2.1), within the push's time, token and all."""
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
            return await self._call(PUSH_PATH, request, password, self._push_timeout_seconds, read)
        except NoAnswer as failure:
            return Unknown(f"the push left and no answer came: {self._hide()(str(failure))}")

    async def query(self, checkout_request_id: str) -> QueryOutcome:
        """Ask Daraja what became of a push (reference 4). The caller has seen to the query budget (law 5)."""
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

        outcome: QueryOutcome | Refused
        try:
            outcome = await self._call(QUERY_PATH, request, password, self._query_timeout_seconds, read)
        except NoAnswer as failure:
            return Silent(f"no answer came: {self._hide()(str(failure))}")
        return Silent(outcome.message, limited=is_limit(outcome.code)) if isinstance(outcome, Refused) else outcome

    async def _call(
        self, path: str, request: Any, password: Secret, timeout_seconds: float, read: Read[T]
    ) -> T | Refused:
        """What the answer reads as; Refused when nothing was done for want of a connection or of a token.

        Raises NoAnswer when the request left and no answer came.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        latest_start = deadline - timeout_seconds * _ANSWER_SHARE
        refused: tuple[int, Refused] | None = None
        while True:
            token = await self._access.get(refused[0] if refused else 0, latest_start - loop.time())
            if isinstance(token, Refused):
                return token
            if loop.time() > latest_start:
                return unavailable("Too little time was left to wait for Daraja's answer, so nothing was sent.")
            headers = {"Authorization": f"Bearer {token.token.reveal()}", "Content-Type": "application/json"}
            url = self._credentials.base_url + path
            try:
                reply = await self._transport.send("POST", url, headers, encode(request), deadline - loop.time())
            except NotSent as failure:
                return unavailable(f"Daraja cannot be reached: {self._hide()(str(failure))}.")
            answer = read(reply, self._hide(token.token, password))
            if not isinstance(answer, TokenRefused):
                return answer
            if refused is not None:
                return answer.refusal
            refused = (token.generation, answer.refusal)

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
