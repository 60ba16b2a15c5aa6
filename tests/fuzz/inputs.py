"""What the parsers are fed: genuine messages with something changed, and what is no message at all."""

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

FIXTURES: Final = Path(__file__).parents[1] / "fixtures" / "payloads"
PAYLOADS: Final = [file.read_bytes() for file in sorted(FIXTURES.glob("*.json"))]
CHECKOUT: Final = "ws_CO_191220191020363925"


class Target(NamedTuple):
    """A parser: what it is fed, and the check that raises when something does not hold."""

    name: str
    inputs: st.SearchStrategy[Any]
    check: Callable[[Any], None]


_ODD_NUMBERS: Final = (0, -1, 1, 17, 1032, 4999, 10**30, 0.1, 1e308, -0.0)
_ODD_TEXTS: Final = (
    "",
    "0",
    "00",
    "1032",
    "-1",
    "NaN",
    " 0 ",
    "0.0",
    "1e3",
    "\x00",
    "٣",
    "500.00",
    "254712345678",
    "İ",
)

scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(_ODD_NUMBERS),
    st.sampled_from(_ODD_TEXTS),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
)
trees: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
junk: st.SearchStrategy[bytes] = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(
        [b"[" * 5_000, b'{"Body":' * 5_000, b"9" * 20_000, b'"' + b"\\u0000" * 500 + b'"', b"\xff\xfe", b""]
    ),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
)


def _places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value of a tree."""
    found = [path]
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        found.extend(_places(value, (*path, key)))
    return found


def _changed(draw: st.DrawFn, tree: Any) -> Any:
    """The tree with one value replaced, taken out, wrapped, doubled, or under another key."""
    places = [place for place in _places(tree) if place]
    if not places:
        return draw(trees)
    path = draw(st.sampled_from(places))
    holder = tree
    for key in path[:-1]:
        holder = holder[key]
    key, act = path[-1], draw(st.sampled_from(["replace", "remove", "wrap", "text", "rename", "twice"]))
    if act == "replace":
        holder[key] = draw(trees)
    elif act == "remove":
        del holder[key]
    elif act == "wrap":
        holder[key] = [holder[key]]
    elif act == "text":
        holder[key] = str(holder[key])
    elif isinstance(holder, dict):
        other = draw(st.sampled_from([str(key).lower(), f"{key} ", str(key).upper(), "Body", "ResultCode", "Value"]))
        holder[other] = copy.deepcopy(holder[key]) if act == "twice" else holder.pop(key)
    else:
        holder.append(copy.deepcopy(holder[key]))
    return tree


@st.composite
def mutated_trees(draw: st.DrawFn) -> bytes:
    """A payload with up to four of its values changed."""
    try:
        tree = json.loads(draw(st.sampled_from(PAYLOADS)))
    except ValueError:
        tree = {}
    for _ in range(draw(st.integers(1, 4))):
        tree = _changed(draw, tree)
    return json.dumps(tree, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


@st.composite
def mutated_bytes(draw: st.DrawFn, genuine: Sequence[bytes] = PAYLOADS) -> bytes:
    """A genuine message with some of its bytes lost, changed, added or said twice."""
    body = bytearray(draw(st.sampled_from(genuine)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(body)))
        end = min(len(body), at + draw(st.integers(0, 12)))
        body[at:end] = draw(st.one_of(st.binary(max_size=4), st.just(bytes(body[at:end]) * 2)))
    return bytes(body)


bodies: st.SearchStrategy[bytes] = st.one_of(mutated_trees(), mutated_bytes(), st.sampled_from(PAYLOADS), junk)


def messages(**fields: Any) -> st.SearchStrategy[bytes]:
    """A JSON object of these fields, some of them missing or odd, or no JSON at all."""
    values = {name: st.one_of(st.just(value), scalars) for name, value in fields.items()}
    objects = st.fixed_dictionaries({}, optional={**values, "extra": trees})
    return st.one_of(objects.map(lambda message: json.dumps(message).encode()), junk)


def replies(**fields: Any) -> st.SearchStrategy[tuple[int, str, bytes]]:
    """Answers of a server with a body of these fields: status, content type, body."""
    statuses = st.sampled_from([200, 200, 200, 201, 400, 401, 403, 404, 405, 429, 500, 502, 503]) | st.integers(
        100, 599
    )
    kinds = st.sampled_from(["application/json", "text/html", "", "a/b\r\nc"]) | st.text(max_size=30)
    return st.tuples(statuses, kinds, messages(**fields))
