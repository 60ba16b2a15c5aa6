"""The client of money out: B2C, reversal, transaction status and account balance (law: sending).

No retry, no redirect, a fresh connection for each request. What could not be sent is refused; what was sent and not
answered is unknown. The caller has committed that the sending began before it calls.
"""

import hashlib
from typing import Final, TypeVar

from msgspec import Struct

from pokea.clock import Deadline
from pokea.daraja.account_balance import ACCOUNT_BALANCE, BALANCE_PATH, BalanceRequest
from pokea.daraja.answer_forms import Hide
from pokea.daraja.b2c import B2C_PATH, BUSINESS_PAYMENT, B2CRequest
from pokea.daraja.calls import Calls, CallTiming, Read
from pokea.daraja.initiator import Initiator, NoCredential
from pokea.daraja.out_outcomes import (
    AskOutcome,
    B2COrder,
    BalanceQuestion,
    NotAsked,
    OutOutcome,
    OutRefused,
    OutUnknown,
    OutWay,
    ReverseOrder,
    StatusQuestion,
)
from pokea.daraja.out_responses import read_ask_answer, read_out_answer, refused_before_sending
from pokea.daraja.outcomes import SubmissionRefused
from pokea.daraja.responses import TokenRefused, is_limit
from pokea.daraja.reversal import (
    RECEIVER_IDENTIFIER,
    REVERSAL_PATH,
    TRANSACTION_REVERSAL,
    ReversalRequest,
)
from pokea.daraja.transaction_status import (
    SHORTCODE_IDENTIFIER,
    STATUS_PATH,
    TRANSACTION_STATUS_QUERY,
    StatusRequest,
)
from pokea.daraja.wire import encode
from pokea.redact import Secret
from pokea.transport import NoAnswer, Reply

ANSWER_SECONDS: Final = 60.0
"""How long Daraja has to answer (law: sending, 1)."""
WHOLE_SECONDS: Final = 85.0
"""A call with its access token and, where that was refused, its second sending: less than the lease of 90 seconds."""
_QUESTION_SECONDS: Final = 30.0
_REMARKS_OF_QUESTION: Final = "Status"

T = TypeVar("T")


class OutClient:
    """Money out of one merchant, with the access token that its pushes have too.

    `payout_shortcode` pays B2C; by default it is the shortcode that is paid (law: escrow, payout_float).
    """

    def __init__(
        self,
        calls: Calls,
        initiator: Initiator,
        payout_shortcode: str = "",
        answer_seconds: float = ANSWER_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._calls = calls
        self._initiator = initiator
        self._payout_shortcode = payout_shortcode or calls.credentials.shortcode
        self._timing = CallTiming(whole_seconds, answer_seconds)

    def digest_of(self, order: B2COrder | ReverseOrder) -> str:
        """The SHA-256 of what is sent for this order, its SecurityCredential left out: 64 hexadecimal digits, the same
        for the same order (law: sending, 1)."""
        path, request = self._request(order, Secret(""))
        return hashlib.sha256(path.encode() + b"\n" + encode(request)).hexdigest()

    async def pay_b2c(self, order: B2COrder, sent_by: Deadline | None = None) -> OutOutcome:
        """Send money to a phone by B2C v3 (daraja: B2C request). What could not be sent by `sent_by` is refused."""
        return await self._send(order, sent_by)

    async def reverse(self, order: ReverseOrder, sent_by: Deadline | None = None) -> OutOutcome:
        """Take a payment back (daraja: reversal). What could not be sent by `sent_by` is refused."""
        return await self._send(order, sent_by)

    async def ask_status(self, question: StatusQuestion) -> AskOutcome:
        """Ask what became of a sending (daraja: transaction status). The caller has seen to the budget (law: finding
        out)."""
        return await self._ask(question)

    async def ask_balance(self, question: BalanceQuestion) -> AskOutcome:
        """Ask what the accounts hold (daraja: account balance)."""
        return await self._ask(question)

    async def _send(self, order: B2COrder | ReverseOrder, sent_by: Deadline | None) -> OutOutcome:
        def read(reply: Reply, hide: Hide) -> OutOutcome | TokenRefused:
            return read_out_answer(*reply, hide)

        outcome: OutOutcome | SubmissionRefused
        try:
            outcome = await self._call(order, read, self._timing, sent_by)
        except NoCredential as failure:
            return OutRefused("", f"{failure}.", "no_credential", False)
        except NoAnswer as failure:
            return OutUnknown(f"the request left and no answer came: {self._calls.hiding()(str(failure))}")
        return refused_before_sending(outcome) if isinstance(outcome, SubmissionRefused) else outcome

    async def _ask(self, question: StatusQuestion | BalanceQuestion) -> AskOutcome:
        def read(reply: Reply, hide: Hide) -> AskOutcome | TokenRefused:
            return read_ask_answer(*reply, hide)

        timing = CallTiming(_QUESTION_SECONDS, min(_QUESTION_SECONDS, self._timing.answer_seconds) * 2 / 3)
        outcome: AskOutcome | SubmissionRefused
        try:
            outcome = await self._call(question, read, timing, None)
        except NoCredential as failure:
            return NotAsked(f"{failure}.", reason="no_credential")
        except NoAnswer as failure:
            return NotAsked(f"the question left and no answer came: {self._calls.hiding()(str(failure))}")
        if not isinstance(outcome, SubmissionRefused):
            return outcome
        return NotAsked(outcome.message, is_limit(outcome.code), refused_before_sending(outcome).reason)

    async def _call(
        self, order: "_Order", read: Read[T], timing: CallTiming, sent_by: Deadline | None
    ) -> T | SubmissionRefused:
        """Raises NoCredential and NoAnswer."""
        credential = await self._initiator.security_credential()
        path, request = self._request(order, credential)
        hidden = (credential, self._initiator.password)
        return await self._calls.call(path, request, read, timing=timing, hidden=hidden, sent_by=sent_by)

    def _request(self, order: "_Order", credential: Secret) -> tuple[str, Struct]:
        match order:
            case B2COrder():
                return B2C_PATH, self._b2c(order, credential)
            case ReverseOrder():
                return REVERSAL_PATH, self._reversal(order, credential)
            case StatusQuestion():
                return STATUS_PATH, self._status(order, credential)
            case BalanceQuestion():
                return BALANCE_PATH, self._balance(order, credential)

    def _b2c(self, order: B2COrder, credential: Secret) -> B2CRequest:
        return B2CRequest(
            OriginatorConversationID=order.originator_conversation_id,
            InitiatorName=self._initiator.name,
            SecurityCredential=credential.reveal(),
            CommandID=BUSINESS_PAYMENT,
            Amount=str(order.amount_shillings),
            PartyA=self._payout_shortcode,
            PartyB=order.msisdn,
            Remarks=order.remarks,
            QueueTimeOutURL=order.addresses.timeout_url,
            ResultURL=order.addresses.result_url,
            Occassion=order.occasion,
        )

    def _reversal(self, order: ReverseOrder, credential: Secret) -> ReversalRequest:
        return ReversalRequest(
            Initiator=self._initiator.name,
            SecurityCredential=credential.reveal(),
            CommandID=TRANSACTION_REVERSAL,
            TransactionID=order.receipt,
            Amount=str(order.amount_shillings),
            # Who received the money: of a till the till itself (daraja: paybill and till).
            ReceiverParty=self._calls.credentials.party_b,
            RecieverIdentifierType=RECEIVER_IDENTIFIER,
            ResultURL=order.addresses.result_url,
            QueueTimeOutURL=order.addresses.timeout_url,
            Remarks=order.remarks,
        )

    def _status(self, question: StatusQuestion, credential: Secret) -> StatusRequest:
        return StatusRequest(
            Initiator=self._initiator.name,
            SecurityCredential=credential.reveal(),
            CommandID=TRANSACTION_STATUS_QUERY,
            PartyA=self._shortcode_of(question.way),
            IdentifierType=SHORTCODE_IDENTIFIER,
            ResultURL=question.addresses.result_url,
            QueueTimeOutURL=question.addresses.timeout_url,
            Remarks=_REMARKS_OF_QUESTION,
            TransactionID=question.receipt,
            OriginalConversationID=question.original_conversation_id,
        )

    def _balance(self, question: BalanceQuestion, credential: Secret) -> BalanceRequest:
        return BalanceRequest(
            Initiator=self._initiator.name,
            SecurityCredential=credential.reveal(),
            CommandID=ACCOUNT_BALANCE,
            PartyA=self._shortcode_of(question.way),
            IdentifierType=SHORTCODE_IDENTIFIER,
            Remarks=_REMARKS_OF_QUESTION,
            QueueTimeOutURL=question.addresses.timeout_url,
            ResultURL=question.addresses.result_url,
        )

    def _shortcode_of(self, way: OutWay) -> str:
        return self._payout_shortcode if way == "b2c" else self._calls.credentials.shortcode


_Order = B2COrder | ReverseOrder | StatusQuestion | BalanceQuestion
