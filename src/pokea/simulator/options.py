"""Every switch of the simulator: what it answers to, and which of Daraja's known faces it shows.

The switches and their defaults are those of `daraja: faithful simulator`, where the contract (law: simulator, design)
does not decide otherwise: the query limit is off until it is asked for, and a phone is locked while its prompt is open.
"""

import dataclasses
import math
import re
import typing
from typing import Any, Final, Literal, NamedTuple

from pokea.setting_rules import SANDBOX_PASSKEY, SANDBOX_SHORTCODE

NoResponseWording = Literal[
    "No response from user.",
    "DS timeout user cannot be reached.",
    "DS timeout user cannot be reached",
    "DS timeout.",
]
CallbackOrder = Literal["query_first", "callback_first", "early", "late", "never", "twice", "then_success"]


def _switch(default: Any, text: str, **rest: Any) -> Any:
    return dataclasses.field(default=default, metadata={"help": text}, **rest)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """What one simulator is like. Raises ValueError, naming the switch, for a value that it cannot have."""

    consumer_key: str = _switch("simulator-key", "Consumer key that OAuth accepts.")
    consumer_secret: str = _switch("simulator-secret", "Consumer secret that OAuth accepts.", repr=False)
    passkey: str = _switch(SANDBOX_PASSKEY, "Passkey of the shortcode.", repr=False)
    shortcode: str = _switch(SANDBOX_SHORTCODE, "Paybill; also accepted as head office of the till.")
    till: str = _switch("174380", "Till number; also accepted as its own head office.")
    organisation: str = _switch("POKEA DEMO", "Registered name, shown in prompts and messages.")
    seed: int = _switch(0, "Seed of receipts, identifiers and chance; 0 draws another each time.")

    prompt_seconds: float = _switch(60.0, "How long a prompt waits for its PIN (daraja: timing).")
    known_number_seconds: float = _switch(1.0, "After how long the guide's two known numbers answer.")
    unreachable_query_seconds: float = _switch(
        14.0, "When the query knows that a phone was unreachable (daraja: STK query errors)."
    )
    unreachable_callback_seconds: float = _switch(
        26.0, "When the callback says that a phone was unreachable (daraja: STK query errors)."
    )
    push_answer_seconds: float = _switch(0.0, "How long Daraja takes to answer a push.")
    daily_limit: int = _switch(
        500_000, "Shillings that a customer may pay in a day; 0 for no limit (daraja: limits and charges)."
    )

    expires_in: Literal["string", "number"] = _switch(
        "string", "JSON type of a token's expires_in (daraja: Token request)."
    )
    bad_credentials: Literal["empty", "400.008.01"] = _switch(
        "empty", "Answer to a wrong key or secret (daraja: Token errors)."
    )
    old_token: Literal["valid", "invalidated"] = _switch(
        "valid", "What a new token does to the old ones (daraja: Token behaviour)."
    )
    bad_token: Literal["404.001.03", "401.002.01"] = _switch(
        "404.001.03", "Answer to a bad token; 401.002.01 echoes the token, as B2C does (daraja: Token behaviour)."
    )
    request_types: Literal["both", "strict"] = _switch(
        "both", "Whether numbers are taken where the portal's sample has strings (daraja: STK push request)."
    )
    missing_description: Literal["refused", "accepted"] = _switch(
        "refused", "A push without TransactionDesc (daraja: STK push request)."
    )
    buy_goods: Literal["accepted", "refused"] = _switch(
        "accepted", "CustomerBuyGoodsOnline; the sandbox of 2026 refuses it (daraja: paybill and till)."
    )
    callback_url: Literal["sandbox", "production", "any"] = _switch(
        "sandbox", "How strictly CallBackURL is looked at (daraja: push validation errors)."
    )
    pending_query: Literal["4999", "500.001.1001", "400.002.02"] = _switch(
        "4999", "Answer to a query before the end; 400.002.02 in the first seconds only (daraja: STK query pending)."
    )
    unknown_query: Literal["500.001.1001", "400.002.02"] = _switch(
        "500.001.1001", "Answer to a query for an id that is not held (daraja: STK query errors)."
    )
    query_error_rate: float = _switch(
        0.0, "Share of queries that fail at random; 0.2 was observed (daraja: STK query errors)."
    )
    query_limit: Literal["off", "429", "500.003.02"] = _switch(
        "off", "5 queries a minute, burst 1 (daraja: rate limit fault)."
    )
    no_response_callback: NoResponseWording = _switch(  # noqa: RUF009  # it makes a field
        "No response from user.", "A callback's words for 1037 (daraja: result codes)."
    )
    no_response_query: NoResponseWording = _switch(  # noqa: RUF009  # it makes a field
        "DS timeout user cannot be reached.", "A query's words for 1037 (daraja: result codes)."
    )
    callback_order: CallbackOrder = _switch(  # noqa: RUF009  # it makes a field
        "query_first",
        "When callbacks come, where no fault says otherwise (daraja: callback retries; daraja: STK query errors).",
    )
    callback_retries: int = _switch(
        0, "How often a callback that was not answered with 2xx is sent again (daraja: callback retries)."
    )
    callback_retry_seconds: float = _switch(60.0, "How long after the last try (no source: ours).")
    balance_item: bool = _switch(
        False, "Balance without a Value among the metadata, as until 2023 (daraja: STK callback success)."
    )
    amount_form: Literal["1", "1.00"] = _switch("1", "How a callback writes its Amount (daraja: STK callback success).")
    subscriber_lock: Literal["refused", "callback"] = _switch(
        "refused",
        "A push to a phone with an open prompt: refused at once, or callback 1001 (daraja: push errors; "
        "daraja: result codes).",
    )
    same_amount_rule: bool = _switch(False, "Result 17 for the same amount within two minutes (daraja: result codes).")
    bad_passkey: Literal["refused", "silent"] = _switch(
        "refused", "A wrong password: refused, or accepted and never heard of again (daraja: push errors)."
    )
    wrong_pairing: Literal["2028", "SFC_IC0003"] = _switch(
        "2028", "Result of a till paid as a paybill (daraja: paybill and till)."
    )
    firewall: bool = _switch(False, "Every call to Daraja is blocked by the firewall (daraja: firewall bodies).")
    firewall_status: Literal["403", "503"] = _switch("403", "Status of the firewall's page (daraja: firewall bodies).")
    identifiers: Literal["production", "sandbox"] = _switch(
        "production", "Form of CheckoutRequestID (daraja: identifiers)."
    )
    wording: Literal["first", "second"] = _switch("first", "Which text, wherever the reference has two.")

    tariff: Literal["none", "mgao", "business", "customer"] = _switch(
        "none",
        "What a paybill's payments cost: shared, all for the customer, or all for the business "
        "(texts: paybill charges).",
    )
    initiator: str = _switch("testapi", "Name of the API operator who may move money and ask (daraja: B2C request).")
    initiator_password: str = _switch(
        "Safaricom999!*!", "What a SecurityCredential hides (daraja: SecurityCredential).", repr=False
    )
    credential: Literal["strict", "lenient"] = _switch(
        "strict",
        "Whether a SecurityCredential must hide the password alone, or may hide its base64 form or the password and "
        "more (daraja: SecurityCredential).",
    )
    b2c_v1: bool = _switch(False, "B2C answers on its first version's path too; the book is one (daraja: B2C request).")
    b2c_missing_originator: Literal["make", "refuse"] = _switch(
        "make", "A B2C v3 request without OriginatorConversationID (daraja: additions)."
    )
    acknowledgement_seconds: float = _switch(
        0.0, "How long Daraja takes to acknowledge a request for money out, or a question about it."
    )
    out_seconds: float = _switch(
        2.0, "How long after that the money of a B2C or reversal moves and its Result goes out (no source: ours)."
    )
    question_seconds: float = _switch(
        1.0, "How long after that the Result of a status or balance question goes out (no source: ours)."
    )
    timeout_notice: Literal["request", "result"] = _switch(
        "request", "What comes to a QueueTimeOutURL: the request again, or a Result (daraja: additions)."
    )
    partial_reversal: Literal["refuse", "do"] = _switch(
        "refuse", "A reversal of less than was paid; no source has one (daraja: reversal)."
    )
    reversed_status: Literal["completed", "reversed"] = _switch(
        "completed", "TransactionStatus of a payment that was reversed; no source has one (daraja: unverified)."
    )
    b2c_tariff: Literal["none", "registered", "withdrawal"] = _switch(
        "none",
        "What a payout costs the business: the registered tariff, or with the customer's withdrawal fee "
        "(texts: B2C charges).",
    )

    till_fee: bool = _switch(False, "The till pays 0.55 % of each payment above KES 200 (texts: till charges: weak).")
    charge_account: Literal["same", "charges"] = _switch(
        "same",
        "Where the business's part of a charge is booked: beside its payment or payout, or in Charges Paid "
        "(texts: order and balances).",
    )
    sweep_at: str = _switch(
        "off", "Nairobi time of the nightly sweep to the bank, such as 23:09 (texts: order and balances)."
    )
    statement_wording: Literal["utility", "online"] = _switch(
        "utility", "Reason type that a statement gives a push: not settled by any source (texts: wording)."
    )

    most_subscribers: int = _switch(100_000, "Phones that are kept; a push to one more meets a busy system.")
    most_records: int = _switch(
        100_000, "Payments, charges, movements, requests for money out, callbacks and requests that are kept, each."
    )

    def __post_init__(self) -> None:
        for switch in switches():
            _check(switch, getattr(self, switch.name))


class Switch(NamedTuple):
    """One option as a command line needs it."""

    name: str
    kind: type
    """`str`, `int`, `float` or `bool`."""
    default: Any
    choices: tuple[str, ...]
    """Empty where anything goes."""
    help: str


def _read_switches() -> tuple[Switch, ...]:
    hints = typing.get_type_hints(SimulatorOptions)
    found = []
    for field in dataclasses.fields(SimulatorOptions):
        hint = hints[field.name]
        choices = typing.get_args(hint)
        found.append(Switch(field.name, str if choices else hint, field.default, choices, field.metadata["help"]))
    return tuple(found)


_SWITCHES: Final = _read_switches()
_SHORTCODES: Final = ("shortcode", "till")
_POSITIVE: Final = ("prompt_seconds", "most_subscribers", "most_records")


def switches() -> tuple[Switch, ...]:
    """Every option in order: for `--help` and for the documentation."""
    return _SWITCHES


def _check(switch: Switch, value: Any) -> None:
    if switch.choices and value not in switch.choices:
        raise ValueError(f"{switch.name} must be one of {', '.join(switch.choices)}, not {value!r}.")
    if switch.kind is float and not math.isfinite(value):
        raise ValueError(f"{switch.name} must be a number that ends.")
    if switch.kind in (int, float) and value < 0:
        raise ValueError(f"{switch.name} must not be negative.")
    if switch.name in _POSITIVE and value <= 0:
        raise ValueError(f"{switch.name} must be more than 0.")
    if switch.name == "query_error_rate" and value > 1:
        raise ValueError("query_error_rate is a share: it must be 1 or less.")
    if switch.name in _SHORTCODES and not re.fullmatch(r"\d{5,7}", value, re.ASCII):
        raise ValueError(f"{switch.name} must be 5 to 7 digits.")
    if switch.name == "sweep_at" and value != "off" and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII):
        raise ValueError("sweep_at must be off, or a time of day from 00:00 to 23:59.")
