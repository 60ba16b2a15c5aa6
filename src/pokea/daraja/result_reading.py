"""What is posted to an address of money out, read without believing it (daraja: B2C result; law: proof of money out).

A genuine body is a `Result`; at a timeout address it may also be our own request. What has another spelling or place is
understood as far as it can be, and is then only ever a claim.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from pokea.daraja.account_balance import CHARGES_PAID, UTILITY, WORKING, AccountFunds, read_funds
from pokea.daraja.fields import clean_code, clean_id, clean_receipt
from pokea.daraja.lenient import folded, parse_exactly
from pokea.daraja.relayed import unwrapped
from pokea.money import cents_from_decimal
from pokea.redact import masked_beginning

LONGEST_TEXT: Final = 200
_LONGEST_KEY: Final = 64
_MOST_PARAMETERS: Final = 40
_PLACEHOLDER: Final = re.compile(r"[A-Z0-9]*0{7}")
"""A TransactionID that names no transaction (daraja: B2C result)."""
_PARTY: Final = re.compile(r"\+?([0-9]{9,15})\s*(?:-\s*(.*))?", re.DOTALL)
_FUNDS_OF_B2C: Final = {
    "B2CUtilityAccountAvailableFunds": UTILITY,
    "B2CWorkingAccountAvailableFunds": WORKING,
    "B2CChargesPaidAccountAvailableFunds": CHARGES_PAID,
}
_FUNDS_AS_TEXT: Final = ("AccountBalance", "DebitAccountBalance", "DebitPartyAffectedAccountBalance")
_RECEIVERS: Final = ("ReceiverPartyPublicName", "CreditPartyPublicName", "CreditPartyName")
_TELLING: Final = ("ResultCode", "ResultType", "ConversationID", "TransactionID", "ResultParameters")
_CREDENTIAL: Final = re.compile(rb'("SecurityCredential"\s*:\s*")(?:[^"\\]|\\.)*', re.IGNORECASE | re.DOTALL)


class ResultReading(Struct, frozen=True, kw_only=True):
    """What a body says; a field that is absent or unfit is None.

    `is_result`: it has a Result's form, as far as that can be seen; `is_canonical`: exactly Daraja's own, and what is
    not is only ever a claim. `is_request`: it is a request of ours come back, which says nothing (daraja: additions).

    `transaction_id` is the receipt of this Result, `receipt` the one inside its parameters: of a status answer that is
    the receipt of what was asked about. Both are None for a placeholder. `asked_originator_id` and
    `asked_conversation_id` are the ids inside the parameters of a status answer, those of what was asked about.

    Amounts are cents. `funds` has what each account can spend, by its name; `funds_named_by` the parameter that said
    so. `receiver` is the text about who got the money, `receiver_msisdn` and `receiver_name` its parts.
    """

    is_result: bool = False
    is_canonical: bool = False
    is_request: bool = False
    result_type: str | None = None
    code: str | None = None
    description: str = ""
    originator_conversation_id: str | None = None
    conversation_id: str | None = None
    transaction_id: str | None = None
    amount_cents: int | None = None
    receiver: str | None = None
    receiver_msisdn: str | None = None
    receiver_name: str | None = None
    original_transaction_id: str | None = None
    transaction_status: str | None = None
    receipt: str | None = None
    asked_originator_id: str | None = None
    asked_conversation_id: str | None = None
    charge_cents: int | None = None
    funds: Mapping[str, int] = msgspec.field(default_factory=dict)
    funds_named_by: str | None = None
    parameters: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def utility_cents(self) -> int | None:
        """What the utility account can spend, from which B2C and reversals are paid (daraja: B2C request)."""
        return self.funds.get(UTILITY)

    @property
    def working_cents(self) -> int | None:
        """What the working account can spend, which pays for nothing here."""
        return self.funds.get(WORKING)

    def __repr__(self) -> str:
        """Only what is no person's data."""
        return (
            f"ResultReading(code={self.code!r}, is_result={self.is_result}, is_canonical={self.is_canonical}, "
            f"amount_cents={self.amount_cents})"
        )


def read_result(body: bytes, content_encoding: str = "") -> ResultReading:
    """What `body` says. Never raises; a body that says nothing reads as nothing.

    `content_encoding` is the header of that name. What was compressed or encoded on the way keeps its worth; what was
    found inside something else is a claim.
    """
    reading = _read(body)
    if reading is not None:
        return reading
    for found in unwrapped(body, content_encoding):
        reading = _read(found.body)
        if reading is not None:
            return reading if found.verbatim else msgspec.structs.replace(reading, is_canonical=False)
    return ResultReading()


def without_credential(body: bytes) -> bytes:
    """The body with any SecurityCredential in it taken out, as a request of ours that came back has one (daraja:
    additions)."""
    return _CREDENTIAL.sub(rb"\1****", body)


class _Found(NamedTuple):
    """An object that may be a Result, and whether all keys so far are spelt and placed as Daraja does it."""

    node: Mapping[str, Any]
    is_exact: bool


class _Parameters:
    """The named values of a Result, in their order; names may come twice (daraja: transaction status)."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = pairs
        self._filled = [(_bare(name), value) for name, value in pairs if value.strip()]

    def all(self, *names: str) -> list[str]:
        """Every value of these names that is not empty, however the names are spelt."""
        wanted = {_bare(name) for name in names}
        return [value for name, value in self._filled if name in wanted]

    def one(self, *names: str) -> str | None:
        """The value of these names; None also where there are two that differ."""
        values = {value.strip() for value in self.all(*names)}
        return values.pop() if len(values) == 1 else None

    def cents(self, *names: str) -> int | None:
        """The amount of these names, 0 and less included; None also where there are two that differ."""
        amounts = {cents_from_decimal(value.strip()) for value in self.all(*names)}
        return amounts.pop() if len(amounts) == 1 else None

    def shown(self) -> dict[str, str]:
        """All of them, bounded; what comes again has a number."""
        found: dict[str, str] = {}
        for name, value in self._pairs:
            key, count = name, 1
            while key in found:
                count += 1
                key = f"{name}#{count}"
            found[key] = value[:LONGEST_TEXT]
        return found


def _read(body: bytes) -> ResultReading | None:
    tree = parse_exactly(body)
    if not isinstance(tree, dict):
        return None
    if "SecurityCredential" in tree and "CommandID" in tree:
        return ResultReading(is_request=True, originator_conversation_id=clean_id(tree.get("OriginatorConversationID")))
    found = _result_in(tree)
    return _reading(found) if found is not None else None


def _result_in(tree: Mapping[str, Any]) -> _Found | None:
    """The Result: where Daraja puts it, under another spelling of that, or the whole body."""
    for key, node in tree.items():
        if folded(key) == "result" and isinstance(node, dict) and _is_telling(node):
            return _Found(node, is_exact=key == "Result")
    return _Found(tree, is_exact=False) if _is_telling(tree) else None


def _is_telling(node: Mapping[str, Any]) -> bool:
    return any(_get(node, name)[0] not in (None, "", {}, []) for name in _TELLING)


def _get(node: Mapping[str, Any], name: str) -> tuple[Any, bool]:
    """The value of `name`, however it is spelt, and whether it was spelt, or missing, as in Daraja's form."""
    if name in node:
        return node[name], True
    for key, value in node.items():
        if folded(key) == folded(name):
            return value, False
    return None, True


def _reading(found: _Found) -> ResultReading:
    node = found.node
    values = {name: _get(node, name) for name in (*_TELLING, "ResultDesc", "OriginatorConversationID")}
    pairs, is_listed = _listed(values["ResultParameters"][0], node)
    parameters = _Parameters(pairs)
    receiver = _receiver(parameters)
    party = _PARTY.match(receiver or "")
    description = values["ResultDesc"][0]
    funds, funds_named_by = _funds(parameters)
    return ResultReading(
        is_result=True,
        is_canonical=found.is_exact and is_listed and all(is_exact for _, is_exact in values.values()),
        result_type=clean_code(values["ResultType"][0]),
        code=clean_code(values["ResultCode"][0]),
        description=masked_beginning(description, LONGEST_TEXT) if isinstance(description, str) else "",
        originator_conversation_id=clean_id(values["OriginatorConversationID"][0]),
        conversation_id=clean_id(values["ConversationID"][0]),
        transaction_id=_transaction_id(values["TransactionID"][0], parameters),
        amount_cents=parameters.cents("TransactionAmount", "Amount"),
        receiver=receiver,
        receiver_msisdn=party[1] if party is not None else None,
        receiver_name=(party[2] or "").strip() or None if party is not None else None,
        original_transaction_id=_receipt(parameters.one("OriginalTransactionID")),
        transaction_status=(parameters.one("TransactionStatus") or "")[:LONGEST_TEXT] or None,
        receipt=_receipt(parameters.one("ReceiptNo", "TransactionReceipt")),
        asked_originator_id=clean_id(parameters.one("OriginatorConversationID")),
        asked_conversation_id=clean_id(parameters.one("ConversationID")),
        charge_cents=_charge_cents(parameters),
        funds=funds,
        funds_named_by=funds_named_by,
        parameters=parameters.shown(),
    )


def _transaction_id(value: object, parameters: _Parameters) -> str | None:
    """The Result's own receipt; None where it is a placeholder, or where a parameter names another (daraja: B2C
    result)."""
    own, named = _receipt(value), _receipt(parameters.one("TransactionReceipt"))
    return None if own is not None and named not in (None, own) else own


def _receipt(value: object) -> str | None:
    receipt = clean_receipt(value)
    return None if receipt is None or _PLACEHOLDER.fullmatch(receipt) else receipt


def _receiver(parameters: _Parameters) -> str | None:
    """The text about who got the money. Where DebitPartyName comes twice, the second is that (daraja: transaction
    status)."""
    named = parameters.one(*_RECEIVERS)
    debited = parameters.all("DebitPartyName")
    text = named if named is not None or len(debited) < 2 else debited[1]  # noqa: PLR2004 - it comes twice
    return text[:LONGEST_TEXT].strip() if text is not None else None


def _charge_cents(parameters: _Parameters) -> int | None:
    """What M-PESA took for it: a reversal's `Charge`, or a status answer's `DebitPartyCharges` (daraja: transaction
    status)."""
    plain = parameters.cents("Charge")
    if plain is not None:
        return plain
    charges = [part for text in parameters.all("DebitPartyCharges") for part in read_funds(text)]
    return sum(charge.available_cents for charge in charges) if charges else None


def _funds(parameters: _Parameters) -> tuple[dict[str, int], str | None]:
    for name in _FUNDS_AS_TEXT:
        accounts: list[AccountFunds] = [each for text in parameters.all(name) for each in read_funds(text)]
        if accounts:
            return dict(accounts), name
    amounts = {account: parameters.cents(name) for name, account in _FUNDS_OF_B2C.items()}
    known = {account: cents for account, cents in amounts.items() if cents is not None}
    return known, next(iter(_FUNDS_OF_B2C)) if known else None


def _listed(holder: Any, node: Mapping[str, Any]) -> tuple[list[tuple[str, str]], bool]:
    """The named values, and whether all of it has Daraja's form: a list, or one alone, under ResultParameter."""
    is_exact = True
    if holder is None:
        # One sender swaps the two names.
        holder, _ = _get(node, "ResultParameter")
        is_exact = holder is None
    if isinstance(holder, dict):
        listed, is_spelt = _get(holder, "ResultParameter")
        if listed is None and "Key" in holder:
            listed, is_spelt = holder, False
        elif listed is None and (swapped := _get(holder, "ResultParameters")[0]) is not None:
            listed, is_spelt = swapped, False
        holder, is_exact = listed, is_exact and is_spelt
    elif holder not in (None, ""):
        is_exact = False
    items = [holder] if isinstance(holder, dict) else holder if isinstance(holder, list) else []
    pairs = list(_pairs(items[:_MOST_PARAMETERS]))
    return pairs, is_exact and len(pairs) == len(items)


def _pairs(items: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for item in items:
        name, value = (_get(item, "Key")[0], _get(item, "Value")[0]) if isinstance(item, dict) else (None, None)
        if isinstance(name, str) and 0 < len(name) <= _LONGEST_KEY:
            # A JsonNumber is the text of its digits.
            yield name.strip(), str(value) if isinstance(value, str) else ""


@lru_cache(maxsize=256)
def _bare(name: str) -> str:
    """Old messages have blanks in some names (daraja: transaction status)."""
    return folded(name).replace(" ", "")
