"""Result codes of M-PESA's core that no STK callback or query is known to bring (daraja: result codes, last table).

They can surface in any result, so `pokea explain` knows them; for a payment they stay unknown codes, which prove
nothing (daraja: finality).
"""

from typing import Final

from pokea.daraja.codes.reasons import REASONS, UNCONFIRMED
from pokea.daraja.codes.types import Finality, Meaning
from pokea.errors import Fault

_TITLES: Final = (
    ("15", "duplicate OriginatorConversationID", Fault.CALLER),
    ("18", "initiator credential check failure", Fault.OURS),
    ("19", "message sequencing failure", Fault.DARAJA),
    ("20", "unresolved initiator", Fault.OURS),
    ("21", "initiator lacks permission for the primary party", Fault.OURS),
    ("22", "initiator inactive, or the receiver lacks permission", Fault.OURS),
    ("24", "missing mandatory fields", Fault.OURS),
    ("25", "invalid request parameters", Fault.OURS),
    ("29", "invalid command", Fault.OURS),
    ("100000000", "cached, waiting to resend", Fault.DARAJA),
    ("100000001", "overload", Fault.DARAJA),
    ("100000002", "throttling", Fault.DARAJA),
    ("100000004", "internal server error", Fault.DARAJA),
    ("100000005", "invalid input value", Fault.OURS),
    ("100000007", "service abnormal", Fault.DARAJA),
    ("100000009", "API abnormal", Fault.DARAJA),
    ("100000010", "insufficient permissions", Fault.OURS),
    ("100000011", "request rate exceeded", Fault.OURS),
    ("TP40153", "the operator lacks permission", Fault.OURS),
)

_NEXT_STEP: Final = {
    Fault.CALLER: "Use a fresh OriginatorConversationID for each new request.",
    Fault.OURS: "Check the request and the permissions of your API operator on the organisation portal.",
    Fault.DARAJA: "Wait, and ask Daraja what became of the transaction before anything is sent again.",
}


def _core(code: str, title: str, fault: Fault) -> Meaning:
    text = REASONS[UNCONFIRMED]
    return Meaning(
        code,
        title,
        Finality.AMBIGUOUS,
        fault,
        text.retryable,
        UNCONFIRMED,
        text.customer_en,
        text.customer_sw,
        f"M-PESA's core says: {title}. It is not known from STK payments. {_NEXT_STEP[fault]}",
        "daraja: result codes (generic M-PESA core table)",
    )


CORE_CODES: Final = {code: _core(code, title, fault) for code, title, fault in _TITLES}
