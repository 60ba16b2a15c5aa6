"""Finds an STK callback in a body that does not have Daraja's own form: relayed, re-spelt, unwrapped, inside out.

What is found here has no canonical form unless every key on the way was spelt and placed as Daraja does it, so it is
only ever a claim; a body in which nothing belongs to an STK payment is no callback at all.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pokea.daraja.fields import JsonNumber

DEEPEST = 64
"""Nesting beyond which a body is not read."""
_WIDEST = 200
"""Objects that are looked at in one body."""

_WRAPPER: Final = "stkCallback"
_CANONICAL_PATH: Final = ("Body", _WRAPPER)
_IDS: Final = ("CheckoutRequestID", "MerchantRequestID")
_METADATA: Final = ("Amount", "MpesaReceiptNumber", "TransactionDate", "PhoneNumber")
_TELLING: Final = (*_IDS, "ResultCode", "ResultDesc", "CallbackMetadata", *_METADATA)
_EMPTY: Final[tuple[Any, ...]] = (None, "", {}, [])


class Parts(NamedTuple):
    """The raw values of one callback. Numbers are JsonNumber, so that none has ever been a float."""

    code: object
    checkout_request_id: object
    merchant_request_id: object
    items: Sequence[tuple[str, object]]
    canonical: bool


def find_parts(body: bytes) -> Parts | None:
    """The parts of the callback in `body`; None when nothing in it belongs to an STK payment. Never raises."""
    tree = parse_exactly(body)
    for path, node in _objects(tree):
        wrapped = any(folded(key) == folded(_WRAPPER) for key in path)
        telling = _TELLING if wrapped else _IDS
        if any(_get(node, name)[0] not in _EMPTY for name in telling):
            return _parts_of(node, canonical=path == _CANONICAL_PATH)
    return None


def parse_exactly(body: bytes) -> Any:
    """The JSON of `body` with its numbers as JsonNumber; None when it is none, or nested too deeply. Never raises."""
    # A broken character in a description must not cost the payment its only delivery (daraja: acknowledge first).
    text = body.decode("utf-8-sig", errors="replace")
    try:
        tree = json.loads(text, parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return None if _is_too_deep(tree) else tree


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _is_too_deep(tree: Any) -> bool:
    level = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return True


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _objects(tree: Any) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every object with the keys that lead to it, the outermost first."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), tree)]
    for path, node in waiting:
        if len(waiting) > _WIDEST:
            return
        if isinstance(node, dict):
            yield path, node
            waiting.extend(((*path, key), child) for key, child in node.items() if isinstance(child, dict | list))
        elif isinstance(node, list):
            waiting.extend(((*path, ""), child) for child in node if isinstance(child, dict | list))


def folded(key: str) -> str:
    """A key without what relays change about it: its case, and what stands between its words."""
    return key.replace("_", "").replace("-", "").lower()


def _get(node: Mapping[str, Any], name: str) -> tuple[Any, bool]:
    """The value of `name`, however it is spelt, and whether it was spelt or missing as in Daraja's form."""
    if name in node:
        return node[name], True
    for key, value in node.items():
        if folded(key) == folded(name):
            return value, False
    return None, True


def _parts_of(node: Mapping[str, Any], canonical: bool) -> Parts:
    code, code_exact = _get(node, "ResultCode")
    checkout, checkout_exact = _get(node, "CheckoutRequestID")
    merchant, merchant_exact = _get(node, "MerchantRequestID")
    metadata, metadata_exact = _get(node, "CallbackMetadata")
    items, items_exact = _items(metadata)
    exact = code_exact and checkout_exact and merchant_exact and metadata_exact and items_exact
    return Parts(code, checkout, merchant, items, canonical and exact)


def _items(metadata: Any) -> tuple[list[tuple[str, object]], bool]:
    """The named values of the metadata, and whether all of it has Daraja's form (daraja: STK callback success)."""
    if metadata in _EMPTY:
        return [], True
    listed, exact = _get(metadata, "Item") if isinstance(metadata, dict) else (metadata, False)
    if isinstance(listed, dict):
        listed, exact = [listed], False
    if not isinstance(listed, list):
        return [], listed is None and exact
    found = []
    for item in listed:
        if not isinstance(item, dict):
            exact = False
            continue
        name, name_exact = _get(item, "Name")
        value, value_exact = _get(item, "Value")
        known = _known_name(name)
        exact = exact and name_exact and value_exact and isinstance(name, str) and known in (name, None)
        if known is not None:
            found.append((known, value))
    return found, exact


def _known_name(name: object) -> str | None:
    """Daraja's spelling of a name that is meant here; None for every other name."""
    if not isinstance(name, str):
        return None
    return next((known for known in _METADATA if folded(known) == folded(name)), None)
