"""What must hold of each parser of money out, whatever it is fed."""

from typing import Final

from hypothesis import strategies as st

from pokea.certificates import UnusableCertificate, read_key
from pokea.daraja.account_balance import read_funds
from pokea.daraja.fields import LONGEST_ID
from pokea.daraja.out_outcomes import Asked, NotAsked, OutAccepted, OutRefused, OutUnknown
from pokea.daraja.out_responses import read_ask_answer, read_out_answer
from pokea.daraja.responses import TokenRefused
from pokea.daraja.result_reading import LONGEST_TEXT, read_result, without_credential
from tests.fuzz.inputs import Target, bodies, junk, mutated_bytes, replies
from tests.ground.sealing import bare_key, certificate

_LONGEST_SENTENCE: Final = 2_000
_ENCODINGS: Final = ("", "gzip", "deflate", "br")
_MOST_PARAMETERS: Final = 40


def _result(given: tuple[bytes, str]) -> None:
    body, encoding = given
    reading = read_result(body, encoding)
    assert read_result(body, encoding) == reading
    ids = (reading.originator_conversation_id, reading.conversation_id, reading.transaction_id, reading.receipt)
    for text in (*ids, reading.code, reading.asked_originator_id, reading.original_transaction_id):
        assert text is None or (text.isascii() and 0 < len(text) <= LONGEST_ID)
    assert reading.transaction_id is None or not reading.transaction_id.endswith("0000000")
    amounts = (reading.amount_cents, reading.charge_cents, *reading.funds.values())
    assert all(cents is None or abs(cents) < 10**17 for cents in amounts)
    assert len(reading.parameters) <= _MOST_PARAMETERS
    assert all(len(value) <= LONGEST_TEXT for value in reading.parameters.values())
    assert len(reading.description) <= LONGEST_TEXT
    assert reading.receiver is None or reading.receiver == "" or reading.receiver not in repr(reading)
    assert not (reading.is_request and reading.is_result)
    assert reading.is_result or not reading.is_canonical


def _kept(body: bytes) -> None:
    kept = without_credential(body)
    assert without_credential(kept) == kept
    assert read_result(kept).code == read_result(body).code


def _out_answer(given: tuple[int, str, bytes]) -> None:
    outcome = read_out_answer(*given)
    if isinstance(outcome, OutAccepted):
        assert given[0] == 200
        assert 0 < len(outcome.conversation_id) <= LONGEST_ID
    elif isinstance(outcome, TokenRefused | OutRefused):
        assert given[0] in (400, 401, 403, 404, 405, 429)
        assert len(outcome.refusal.message if isinstance(outcome, TokenRefused) else outcome.message) <= LONGEST_TEXT
    else:
        assert isinstance(outcome, OutUnknown)
        assert len(outcome.reason) <= _LONGEST_SENTENCE
        assert given[0] == 500 or not outcome.is_duplicate


def _ask_answer(given: tuple[int, str, bytes]) -> None:
    outcome = read_ask_answer(*given)
    if isinstance(outcome, Asked):
        assert given[0] == 200
    elif isinstance(outcome, NotAsked):
        assert len(outcome.why) <= _LONGEST_SENTENCE
    else:
        assert isinstance(outcome, TokenRefused)


def _funds(text: str) -> None:
    for each in read_funds(text):
        assert each.account in text
        assert abs(each.available_cents) < 10**17


def _key(content: bytes) -> None:
    words, bits = "", 0
    try:
        bits = read_key(content).key_size
    except UnusableCertificate as refused:
        words = str(refused)
    assert bits >= 1024 or 0 < len(words) < _LONGEST_SENTENCE


_ACKNOWLEDGED: Final = {
    "ConversationID": "AG_20240706_20106e9209f64bebd05b",
    "OriginatorConversationID": "1-1-1",
    "ResponseCode": "0",
    "ResponseDescription": "Accept the service request successfully.",
}
_ERROR: Final = {
    "requestId": "1",
    "errorCode": "500.002.1001",
    "errorMessage": "Duplicate OriginatorConversationID.",
}
_FUNDS: Final = "Working Account|KES|700000.00|700000.00|0.00|0.00&Utility Account|KES|1|2.00|-3|4"

OUT_TARGETS: Final = (
    Target("results", st.tuples(bodies, st.sampled_from(_ENCODINGS)), _result),
    Target("results that are kept", bodies, _kept),
    Target("answers to money out", replies(**_ACKNOWLEDGED, **_ERROR), _out_answer),
    Target("answers to its questions", replies(**_ACKNOWLEDGED, **_ERROR), _ask_answer),
    Target(
        "balances", st.one_of(mutated_bytes([_FUNDS.encode()]).map(lambda b: b.decode("latin-1")), st.text()), _funds
    ),
    Target("certificates", st.one_of(mutated_bytes([certificate(), bare_key()]), junk), _key),
)
"""Every parser of what comes from outside about money out."""
