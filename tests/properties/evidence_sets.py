"""Small worlds of evidence about one payment, for enumeration and for Hypothesis."""

from collections.abc import Sequence

from hypothesis import strategies as st

from pokea.clock import SECOND
from pokea.operations.decision import Terms
from pokea.operations.evidence import Evidence, Source

PAYMENT = "pay_1"
ASKED_CENTS = 50_000
FACTS = Terms(PAYMENT, ASKED_CENTS, expires_at=120 * SECOND)
OURS = "ws_CO_ours"
THEIRS = "ws_CO_theirs"


def accepted(at: int = 1, request_id: str = OURS) -> Evidence:
    """Daraja took the push."""
    return Evidence(PAYMENT, f"push:{request_id}", Source.PUSH_ACCEPTED, at * SECOND, request_id=request_id)


def refused(at: int = 1, reason: str = "subscriber_locked") -> Evidence:
    """Daraja refused the push."""
    return Evidence(PAYMENT, "push:refused", Source.PUSH_REFUSED, at * SECOND, code="500.001.1001", reason=reason)


def unknown(at: int = 1) -> Evidence:
    """Nobody knows what became of the push."""
    return Evidence(PAYMENT, "push:unknown", Source.PUSH_UNKNOWN, at * SECOND)


def callback(
    code: str | None,
    at: int = 5,
    *,
    proved: bool = True,
    amount_cents: int | None = ASKED_CENTS,
    receipt: str | None = "UE4JS31RBV",
    request_id: str | None = OURS,
) -> Evidence:
    """A callback at the payment's own address; failures carry neither amount nor receipt (daraja: STK callback
    failure)."""
    paid = code == "0"
    return Evidence(
        PAYMENT,
        f"callback:{code}:{at}:{proved}:{amount_cents}:{receipt}:{request_id}",
        Source.CALLBACK,
        at * SECOND,
        proved=proved,
        code=code,
        amount_cents=amount_cents if paid else None,
        receipt=receipt if paid else None,
        request_id=request_id,
        provider_time="20260504210428" if paid else None,
    )


def query(code: str, at: int, attempt: int = 1) -> Evidence:
    """Daraja's answer to a question."""
    return Evidence(PAYMENT, f"query:{attempt}", Source.QUERY, at * SECOND, code=code)


def silent(at: int = 180) -> Evidence:
    """Nothing was to be found out."""
    return Evidence(PAYMENT, "silence", Source.GAVE_UP, at * SECOND)


def statement(receipt: str = "UE4JS31RBV", at: int = 90, amount_cents: int = ASKED_CENTS) -> Evidence:
    """A line of the organisation's statement."""
    return Evidence(
        PAYMENT,
        f"statement:{receipt}",
        Source.STATEMENT,
        at * SECOND,
        code="0",
        amount_cents=amount_cents,
        receipt=receipt,
    )


def small_world() -> Sequence[Evidence]:
    """One piece of every sort that decides something: all its subsets are enumerated."""
    return (
        accepted(),
        refused(2),
        unknown(3),
        callback("0", 5),
        callback("1032", 6),
        callback("0", 7, amount_cents=ASKED_CENTS + 100),
        callback("0", 8, proved=False, receipt="UE4JS31RBX"),
        callback("17", 9),
        query("1037", 20, attempt=1),
        query("1037", 40, attempt=2),
        query("0", 60, attempt=3),
        silent(),
    )


_codes = st.sampled_from(["0", "1", "17", "1032", "1037", "2001", "4999", "9999", "31337", "SFC_IC0003"])
_moments = st.integers(1, 200)


@st.composite
def any_evidence(draw: st.DrawFn) -> Evidence:
    """Any piece at all."""
    at = draw(_moments)
    make = draw(st.sampled_from(["accepted", "refused", "unknown", "callback", "query", "silent", "statement"]))
    if make == "accepted":
        return accepted(at, draw(st.sampled_from([OURS, THEIRS])))
    if make == "callback":
        return callback(
            draw(_codes),
            at,
            proved=draw(st.booleans()),
            amount_cents=draw(st.sampled_from([None, ASKED_CENTS, ASKED_CENTS + 1, ASKED_CENTS + 100])),
            receipt=draw(st.sampled_from([None, "UE4JS31RBV", "UE4JS31RBX"])),
            request_id=draw(st.sampled_from([None, OURS, THEIRS])),
        )
    if make == "query":
        return query(draw(_codes), at, draw(st.integers(1, 9)))
    if make == "statement":
        return statement(draw(st.sampled_from(["UE4JS31RBV", "UE4JS31RBX"])), at)
    return {"refused": refused, "unknown": unknown, "silent": silent}[make](at)


any_set = st.lists(any_evidence(), max_size=8)
