"""Every result code of an STK callback or query (daraja: result codes), classed as `daraja: finality` classes it."""

from typing import Final

from pokea.daraja.codes.error_codes import SUBSCRIBER_LOCKED
from pokea.daraja.codes.reasons import REASONS, UNCONFIRMED
from pokea.daraja.codes.types import Finality, Meaning
from pokea.errors import Fault

_CONFIRM_FIRST = "Ask Daraja about this payment before anybody pays again."


def _result(
    code: str, title: str, finality: Finality, fault: Fault | None, reason: str, *, operator: str, source: str
) -> Meaning:
    text = REASONS[reason]
    return Meaning(
        code, title, finality, fault, text.retryable, reason, text.customer_en, text.customer_sw, operator, source
    )


def _unpaid(
    code: str,
    title: str,
    fault: Fault,
    reason: str,
    *,
    operator: str,
    source: str = "daraja: result codes; daraja: finality",
) -> Meaning:
    return _result(code, title, Finality.UNPAID, fault, reason, operator=operator, source=source)


def _ambiguous(
    code: str,
    title: str,
    *,
    operator: str,
    source: str = "daraja: result codes; daraja: finality",
    reason: str = UNCONFIRMED,
    fault: Fault = Fault.UNKNOWN,
) -> Meaning:
    return _result(
        code, title, Finality.AMBIGUOUS, fault, reason, operator=f"{operator} {_CONFIRM_FIRST}", source=source
    )


_ALL: Final = (
    _result(
        "0",
        "The service request is processed successfully.",
        Finality.PAID,
        None,
        "paid",
        operator="The customer paid. A callback brings the receipt and the amount; a query brings neither.",
        source="daraja: STK callback success; daraja: result codes; daraja: STK query request and answer",
    ),
    _unpaid(
        "1",
        "The balance is insufficient for the transaction.",
        Fault.CUSTOMER,
        "insufficient_funds",
        operator="The payer has too little money, Fuliza included. Nothing to do on your side.",
    ),
    _unpaid(
        "2",
        "Declined due to limit rule: less than the minimum transaction amount.",
        Fault.CALLER,
        "below_minimum",
        operator="The amount is below M-PESA's minimum, which is 1 shilling for this API. Ask for more.",
        source="daraja: result codes; daraja: limits and charges",
    ),
    _unpaid(
        "3",
        "Declined due to limit rule: greater than the maximum transaction amount.",
        Fault.CALLER,
        "above_maximum",
        operator="The amount is above M-PESA's maximum for one transaction, 250,000 shillings. Ask for less.",
        source="daraja: result codes; daraja: limits and charges",
    ),
    _unpaid(
        "4",
        "Declined due to limit rule: would exceed daily transfer limit.",
        Fault.CUSTOMER,
        "daily_limit",
        operator="The payer would pass the daily limit, 500,000 shillings. The payer waits until tomorrow.",
        source="daraja: result codes; daraja: limits and charges",
    ),
    _unpaid(
        "8",
        "Declined due to limit rule: would exceed the maximum balance.",
        Fault.OURS,
        "receiver_limit",
        operator="The account that receives is at its limit. Move money out of it, or ask Safaricom to raise the "
        "limit.",
    ),
    _ambiguous(
        "17",
        "Rule limited.",
        operator="The same amount from the same customer within two minutes; elsewhere the same code says 'System "
        "internal error.' or 'internal failure', so it proves nothing.",
        reason="rule_limited",
    ),
    _ambiguous(
        "26",
        "System busy / traffic blocking condition in place",
        operator="M-PESA was too busy, and whether the payment went through is open.",
        reason="mpesa_busy",
        fault=Fault.DARAJA,
    ),
    _ambiguous(
        "1001",
        SUBSCRIBER_LOCKED,
        operator="Another session was open on that phone. As a callback code it is known from blogs and from "
        "another API only.",
        reason="phone_busy",
        fault=Fault.CUSTOMER,
    ),
    _unpaid(
        "1019",
        "Transaction has expired.",
        Fault.DARAJA,
        "expired",
        operator="M-PESA did not process the payment in time. The customer may try again.",
    ),
    _unpaid(
        "1025",
        "An error occurred while sending a push request.",
        Fault.OURS,
        "prompt_not_sent",
        operator="The composed prompt is longer than 182 characters, or Daraja failed. Shorten the account "
        "reference (12 characters at most); if it is short, try again later.",
        source="`daraja: STK push request; daraja: result codes`",
    ),
    _unpaid(
        "1031",
        "Request cancelled by user",
        Fault.CUSTOMER,
        "cancelled",
        operator="The payer cancelled; a variant of 1032 seen in 2021. Nothing to do on your side.",
    ),
    _unpaid(
        "1032",
        "Request cancelled by user",
        Fault.CUSTOMER,
        "cancelled",
        operator="The payer cancelled the prompt; some documents add that it may have timed out. Nothing to do on "
        "your side.",
    ),
    _ambiguous(
        "1036",
        "SMSC ACK timeout",
        operator="The network did not acknowledge the prompt. Known from one catalogue and one captured callback "
        "of 2019.",
        source="daraja: result codes (weak)",
    ),
    _unpaid(
        "1037",
        "DS timeout user cannot be reached / No response from user.",
        Fault.CUSTOMER,
        "no_response",
        operator="The phone could not be reached, or the payer let the prompt run out; the code does not tell "
        "which. If one customer always gets it, an old SIM or an eSIM may be the cause: offer to pay by "
        "paybill by hand.",
        source="daraja: result codes; daraja: production problems row 28",
    ),
    _ambiguous(
        "1101",
        "Invalid Input parameter 'Prompt message prefix', length should be less than 94 characters",
        operator="The part of the prompt before the PIN line is too long; a shorter account reference cured it. "
        "Known from one report of 2019.",
        source="M-PESA texts: prompt (one report)",
        fault=Fault.OURS,
    ),
    _unpaid(
        "2001",
        "The initiator information is invalid.",
        Fault.CUSTOMER,
        "wrong_pin",
        operator="The payer typed a wrong PIN; also seen for a number that is not registered on M-PESA.",
    ),
    _ambiguous(
        "2006",
        "Declined due to account rule",
        operator="The account is inactive. Documented for payouts and reversals; in STK it is weakly evidenced.",
        source="daraja: result codes (weak)",
    ),
    _unpaid(
        "2028",
        "The request is not permitted according to product assignment.",
        Fault.OURS,
        "merchant_setup",
        operator="The transaction type and the receiver do not fit: a till paid as a paybill, or the reverse. "
        "Check MPESA_TRANSACTION_TYPE, MPESA_SHORTCODE (for a till its store number) and MPESA_TILL.",
        source="`daraja: paybill and till; daraja: result codes`",
    ),
    _unpaid(
        "2029",
        "Unresolved",
        Fault.OURS,
        "merchant_setup",
        operator="Till and paybill are mixed up, or the receiver cannot be resolved. Check MPESA_TRANSACTION_TYPE, "
        "MPESA_SHORTCODE and MPESA_TILL.",
        source="daraja: result codes (weak), 3.4",
    ),
    _result(
        "4999",
        "The transaction is still under processing",
        Finality.NOT_YET,
        Fault.UNKNOWN,
        "still_processing",
        operator="Only a query says this, and it is never an answer. With the words 'Wrong credentials' it means "
        "that the passkey is wrong and that no prompt was sent: check MPESA_PASSKEY.",
        source="daraja: push errors; daraja: result codes; daraja: STK query pending",
    ),
    _unpaid(
        "8006",
        "The security credential is locked.",
        Fault.CUSTOMER,
        "pin_locked",
        operator="The payer's PIN is locked. The payer calls Safaricom's customer care.",
    ),
    _ambiguous(
        "9999",
        "An error occurred while sending a push request",
        operator="Taken for an alias of 1025 by blogs; nobody has shown that it is final.",
        source="daraja: result codes (weak), 3.4",
    ),
    _unpaid(
        "SFC_IC0003",
        "The operator does not exist. / Receiver party is invalid",
        Fault.OURS,
        "merchant_setup",
        operator="The receiver is wrong: a till paid as a paybill, or the reverse. Check MPESA_TRANSACTION_TYPE, "
        "MPESA_SHORTCODE (for a till its store number) and MPESA_TILL. 'No till is found for "
        "CustomerPayMerchant', seen without a code, has the same cause.",
        source="`daraja: paybill and till; daraja: result codes`",
    ),
    _ambiguous(
        "E3008",
        "Error, the user has a bad debt contract.",
        operator="Seen in the sandbox only, for a real phone number: no handset rings there. Use the test number "
        "254708374149.",
        source="daraja: result codes; daraja: sandbox values",
        fault=Fault.CALLER,
    ),
)

RESULT_CODES: Final = {entry.code: entry for entry in _ALL}
