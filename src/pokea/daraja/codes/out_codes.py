"""Every result code of B2C, reversal, transaction status and account balance (daraja: B2C result codes; daraja:
reversal; daraja: transaction status; daraja: account balance), as final as (law: proof of money out) has it."""

import re
from typing import Final

from pokea.daraja.codes.types import MoneyApi, OutFinality, OutMeaning
from pokea.errors import Fault

WAITING_TO_RESEND: Final = "100000000"
REVERSED_ALREADY: Final = "R000001"
DUPLICATE_ID: Final = "15"
NO_SUCH_RECEIPT: Final = "2032"
_CORE: Final = re.compile(r"1000000[0-9]{2,}")
"""M-PESA's own troubles; each of them may end in a payment (daraja: result codes)."""

_MONEY: Final = (MoneyApi.B2C, MoneyApi.REVERSAL)
_EVERY: Final = (MoneyApi.B2C, MoneyApi.REVERSAL, MoneyApi.STATUS, MoneyApi.BALANCE)
_SENT: Final = (
    "Your money was sent. M-PESA sends an SMS with its receipt.",
    "Pesa zako zimetumwa. M-PESA itakutumia SMS.",
)
_NOT_SENT: Final = (
    "Your money has not been sent yet. Contact the business.",
    "Pesa zako bado hazijatumwa. Wasiliana na mfanyabiashara.",
)
_TAKES_NONE: Final = (
    "Your M-PESA account could not take the money. Check its limits with *334#, then contact the business.",
    "Akaunti yako ya M-PESA haikuweza kupokea pesa. Angalia viwango kwa *334#, kisha wasiliana na mfanyabiashara.",
)
_OPEN: Final = (
    "It is being checked with M-PESA whether your money was sent. Wait for its SMS.",
    "Tunahakikisha na M-PESA kama pesa zako zimetumwa. Subiri SMS yake.",
)
_ASK_FIRST: Final = "Pokea asks what became of it; send nothing again before that is known."
_ON_PORTAL: Final = "Look at the API operator on the organisation portal"


def _success() -> OutMeaning:
    return OutMeaning(
        "0",
        "The service request is processed successfully.",
        _EVERY,
        OutFinality.SUCCESS,
        None,
        False,
        False,
        *_SENT,
        "The money went out, if receipt, amount and recipient agree. From a status question it says only that the "
        "question was answered: TransactionStatus says what became of the money.",
        "daraja: B2C result; daraja: transaction status",
    )


def _failed(
    code: str,
    title: str,
    fault: Fault,
    operator: str,
    *,
    apis: tuple[MoneyApi, ...] = _MONEY,
    source: str = "daraja: B2C result codes",
    retryable: bool = False,
    is_initiator: bool = False,
) -> OutMeaning:
    words = _TAKES_NONE if fault is Fault.CUSTOMER else _NOT_SENT
    return OutMeaning(code, title, apis, OutFinality.FAILED, fault, retryable, is_initiator, *words, operator, source)


def _open(
    code: str,
    title: str,
    operator: str,
    *,
    apis: tuple[MoneyApi, ...] = _MONEY,
    source: str = "daraja: result codes",
    fault: Fault = Fault.DARAJA,
) -> OutMeaning:
    says = f"{operator} {_ASK_FIRST}"
    return OutMeaning(code, title, apis, OutFinality.NEVER, fault, False, False, *_OPEN, says, source)


_FAILED: Final = (
    _failed(
        "1",
        "The balance is insufficient for the transaction.",
        Fault.OURS,
        "The utility account has too little, whatever stands in the working account; a nightly sweep empties it. Move "
        "money to it, then retry.",
        source="daraja: B2C result codes; daraja: reversal; daraja: additions",
        retryable=True,
    ),
    _failed(
        "2",
        "Declined due to limit rule: less than the minimum transaction amount.",
        Fault.CALLER,
        "B2C sends 10 shillings or more. Refund by reversal, or pay more at once.",
        apis=(MoneyApi.B2C,),
    ),
    _failed(
        "3",
        "Declined due to limit rule: greater than the maximum transaction amount.",
        Fault.CALLER,
        "M-PESA moves at most 250,000 shillings at once. Pay in parts.",
        apis=(MoneyApi.B2C,),
    ),
    _failed(
        "4",
        "Declined due to limit rule: would exceed daily transfer limit.",
        Fault.CUSTOMER,
        "The recipient has reached the limit of a day, 500,000 shillings. Retry tomorrow.",
        apis=(MoneyApi.B2C,),
        retryable=True,
    ),
    _failed(
        "8",
        "Declined due to limit rule: would exceed the maximum balance.",
        Fault.CUSTOMER,
        "The recipient's account may hold 500,000 shillings. Retry when they have spent some.",
        apis=(MoneyApi.B2C,),
        retryable=True,
    ),
    _failed(
        "11",
        "The DebitParty is in an invalid state.",
        Fault.OURS,
        "The shortcode is not active. Ask Safaricom (M-PESABusiness@safaricom.co.ke) why.",
    ),
    _failed(
        "18",
        "Initiator credential check failure.",
        Fault.OURS,
        "The API operator's password, or its certificate, is wrong. Run `pokea doctor --out`.",
        apis=_EVERY,
        source="daraja: result codes",
        is_initiator=True,
    ),
    _failed(
        "20",
        "Unresolved initiator.",
        Fault.OURS,
        "M-PESA knows no such API operator. Check MPESA_INITIATOR_NAME.",
        apis=_EVERY,
        source="daraja: result codes",
        is_initiator=True,
    ),
    _failed(
        "21",
        "The initiator is not allowed to initiate this request.",
        Fault.OURS,
        f"{_ON_PORTAL}: it lacks the role for this API (ORG B2C API Initiator, Org Reversals Initiator, Transaction "
        "Status query ORG API, Balance Query ORG API).",
        apis=_EVERY,
        source="daraja: B2C result codes; daraja: SecurityCredential",
        is_initiator=True,
    ),
    _failed(
        "22",
        "The initiator is inactive, or the receiver lacks permission.",
        Fault.OURS,
        f"{_ON_PORTAL}: it has to be active.",
        apis=_EVERY,
        source="daraja: result codes",
    ),
    _failed(
        "24",
        "Missing mandatory fields.",
        Fault.OURS,
        "The request lacked something; report it as a fault of Pokea's.",
        apis=_EVERY,
        source="daraja: result codes",
    ),
    _failed(
        "25",
        "Invalid request parameters.",
        Fault.OURS,
        "A field of the request is missing or malformed; report it as a fault of Pokea's.",
        apis=_EVERY,
        source="daraja: result codes; daraja: additions",
    ),
    _failed(
        "29",
        "Invalid command.",
        Fault.OURS,
        "The shortcode does not have this product. Ask Safaricom for it.",
        apis=_EVERY,
        source="daraja: result codes",
    ),
    _failed(
        "2001",
        "The initiator information is invalid.",
        Fault.OURS,
        "Name, password, certificate or sealing is wrong; once it was seen for a phone without M-PESA. Run "
        "`pokea doctor --out` before the next attempt, since wrong ones lock the operator.",
        apis=_EVERY,
        is_initiator=True,
    ),
    _failed(
        "2006",
        "Declined due to account rule: The account status does not allow this transaction.",
        Fault.OURS,
        "The shortcode's account is not active. Ask Safaricom why.",
        source="daraja: B2C result codes; daraja: reversal",
    ),
    _failed(
        "2028",
        "The request is not permitted according to product assignment.",
        Fault.OURS,
        "The shortcode does not have this product. Ask Safaricom for B2C, or for reversals.",
        source="daraja: B2C result codes; daraja: reversal",
    ),
    _failed(
        "2040",
        "Credit Party customer type can't be supported by the service.",
        Fault.CUSTOMER,
        "The number has no M-PESA account. Ask the recipient for one that has.",
        apis=(MoneyApi.B2C,),
    ),
    _failed(
        "8006",
        "The security credential is locked.",
        Fault.OURS,
        f"{_ON_PORTAL}: wrong passwords have locked it. A Business Manager unlocks it or sets a new password.",
        apis=_EVERY,
        source="daraja: B2C result codes; daraja: additions",
        is_initiator=True,
    ),
    _failed(
        "TP40153",
        "The operator lacks permission.",
        Fault.OURS,
        f"{_ON_PORTAL}: it may not use this API.",
        apis=_EVERY,
        source="daraja: result codes; daraja: additions",
        is_initiator=True,
    ),
    _failed(
        "SFC_IC0003",
        "The operator does not exist.",
        Fault.CUSTOMER,
        "M-PESA knows no such recipient. Of a status question: the receipt is not of this shortcode.",
        apis=(MoneyApi.B2C, MoneyApi.STATUS),
        source="daraja: B2C result codes; daraja: transaction status",
    ),
    _failed(
        "R000002",
        "The OriginalTransactionID is invalid.",
        Fault.OURS,
        "M-PESA knows no such payment to this shortcode. Refund by B2C, or look the receipt up on the portal.",
        apis=(MoneyApi.REVERSAL,),
        source="daraja: reversal",
    ),
)

_NEVER: Final = (
    _open(
        DUPLICATE_ID,
        "Duplicate OriginatorConversationID.",
        "M-PESA has this payment already, and the first of the two may have gone out.",
        apis=(MoneyApi.B2C,),
        source="daraja: result codes; daraja: additions",
    ),
    _open(
        "17",
        "Internal failure, or rule limited.",
        "The code has several meanings, from a limit to a failure inside of M-PESA.",
        source="daraja: result codes; daraja: B2B",
    ),
    _open("26", "Traffic blocking: the system is too busy.", "Whether M-PESA did it in the end is open.", apis=_EVERY),
    _open(
        NO_SUCH_RECEIPT,
        "The transaction receipt number does not exist.",
        "M-PESA finds nothing now, which does not say that nothing comes.",
        apis=(MoneyApi.STATUS,),
        source="daraja: additions",
        fault=Fault.UNKNOWN,
    ),
    _open("9999", "An error occurred.", "No source says that it is final.", fault=Fault.UNKNOWN),
    _open(WAITING_TO_RESEND, "Cached, waiting to resend.", "M-PESA means to do it later.", apis=_EVERY),
    _open("100000001", "Overload.", "M-PESA's own trouble.", apis=_EVERY),
    _open("100000002", "Throttling.", "M-PESA's own trouble.", apis=_EVERY),
    _open("100000004", "Internal server error.", "M-PESA's own trouble.", apis=_EVERY),
    _open("100000005", "Invalid input value.", "It may come after a step that moved money.", apis=_EVERY),
    _open("100000007", "Service abnormal.", "M-PESA's own trouble.", apis=_EVERY),
    _open("100000009", "API abnormal.", "M-PESA's own trouble.", apis=_EVERY),
    _open("100000010", "Insufficient permissions.", "It may come after a step that moved money.", apis=_EVERY),
    _open("100000011", "Request rate exceeded.", "M-PESA's own trouble.", apis=_EVERY),
    _open(
        REVERSED_ALREADY,
        "The transaction has already been reversed.",
        "It is reversed, and by whom is open: the portal, or an attempt of ours whose answer was lost. A statement or "
        "a finding settles it.",
        apis=(MoneyApi.REVERSAL,),
        source="daraja: reversal; daraja: additions",
        fault=Fault.UNKNOWN,
    ),
)

OUT_CODES: Final = {entry.code: entry for entry in (_success(), *_FAILED, *_NEVER)}
INITIATOR_CODES: Final = frozenset(entry.code for entry in _FAILED if entry.is_initiator)
"""Codes by which M-PESA refuses our API operator: two in ten minutes pull the brake (law: who may)."""


def out_meaning(code: str) -> OutMeaning | None:
    """The meaning of a code of money out; None when it is unknown there."""
    return OUT_CODES.get(code)


def out_finality(code: str | None) -> OutFinality:
    """What the code of a B2C or reversal Result says about the money, whatever is written beside it (law: proof of
    money out)."""
    known = OUT_CODES.get(code or "")
    if known is not None:
        return known.finality
    return OutFinality.NEVER if code is not None and _CORE.fullmatch(code) else OutFinality.UNKNOWN
