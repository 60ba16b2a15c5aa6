"""The one client that speaks to Daraja. Whatever Daraja or the network does is a value here, never an exception.

Nothing is sent twice but for a refused access token, which the gateway checks before M-PESA sees the request.
"""

from typing import Final

from pokea.clock import Clock, Deadline, daraja_timestamp
from pokea.daraja.answer_forms import Hide
from pokea.daraja.calls import Calls, CallTiming
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
    TokenRefused,
    is_limit,
    read_push_answer,
    read_query_answer,
)
from pokea.daraja.tokens import StoredToken, TokenStore
from pokea.daraja.wire import PushRequest, QueryRequest
from pokea.transport import NoAnswer, Reply, Transport

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
        self._clock = clock
        self._push_timeout_seconds = push_timeout_seconds
        self._query_timeout_seconds = query_timeout_seconds
        self.calls = Calls(credentials, transport, tokens, clock)

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
            return await self.calls.call(
                PUSH_PATH,
                request,
                read,
                timing=_timing(self._push_timeout_seconds),
                hidden=(password,),
                sent_by=deadline,
                may_reuse=True,
            )
        except NoAnswer as failure:
            return Unknown(f"the push left and no answer came: {self.calls.hiding()(str(failure))}")

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
            outcome = await self.calls.call(
                QUERY_PATH,
                request,
                read,
                timing=_timing(self._query_timeout_seconds),
                hidden=(password,),
                may_reuse=True,
            )
        except NoAnswer as failure:
            return Silent(f"no answer came: {self.calls.hiding()(str(failure))}")
        return (
            Silent(outcome.message, limited=is_limit(outcome.code))
            if isinstance(outcome, SubmissionRefused)
            else outcome
        )


def _timing(timeout_seconds: float) -> CallTiming:
    return CallTiming(timeout_seconds, timeout_seconds * _ANSWER_SHARE)
