"""The events feed: what happens, as it happens, for the handset page, without a secret in it."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from pokea.simulator.canned import echoed_token, refused
from pokea.simulator.event_log import masked_body, masked_url
from tests.simulator.money_out import b2c, funded, result_url, timeout_url
from tests.simulator.running import PHONE, Daraja

_TOKEN_OF_CALLBACK = "0123456789abcdef0123456789abcdef0123456789abcdef"


class _Stream:
    """An open stream of events, read one at a time."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.response = response

    def next(self) -> tuple[str, dict[str, Any], int]:
        """Kind, data and id of the next event; comments are skipped."""
        fields: dict[str, str] = {}
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if not line and "event" in fields:
                return fields["event"], json.loads(fields["data"]), int(fields["id"])
            name, _, value = line.partition(": ")
            fields[name] = value

    def until(self, kind: str) -> dict[str, Any]:
        """The data of the next event of a kind."""
        while True:
            found, data, _ = self.next()
            if found == kind:
                return data


@contextlib.contextmanager
def _stream(daraja: Daraja, query: str = "", headers: dict[str, str] | None = None) -> Iterator[_Stream]:
    connection = http.client.HTTPConnection(urlsplit(daraja.address).netloc, timeout=5)
    try:
        connection.request("GET", f"/sim/api/events{query}", headers=headers or {})
        response = connection.getresponse()
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["Cache-Control"] == "no-store"
        assert response.readline() == b"retry: 1000\n"
        yield _Stream(response)
    finally:
        connection.close()


def test_a_payment_is_told_from_request_to_callback(daraja: Daraja) -> None:
    """Request, prompt, response, its end, the message and the callback with its answer, in the order of happening."""
    token = daraja.token
    with _stream(daraja) as stream:
        checkout = daraja.push(token=token).json["CheckoutRequestID"]
        kinds = [stream.next()[0] for _ in range(3)]
        daraja.answer()
        kinds += [stream.next()[0] for _ in range(4)]
    assert kinds == ["request", "prompt", "response", "prompt_ended", "sms", "callback", "callback_answered"]
    assert daraja.callback(checkout)["ResultCode"] == 0


def test_a_prompt_s_event_is_the_prompt(daraja: Daraja) -> None:
    """The page needs no second call to draw the phone, and is told how the prompt ended."""
    token = daraja.token
    with _stream(daraja) as stream:
        daraja.push(token=token)
        shown = stream.until("prompt")["prompt"]
        assert [shown] == daraja.prompts()
        daraja.answer(action="cancel")
        ended = stream.until("prompt_ended")
        assert (ended["id"], ended["msisdn"], ended["resultCode"]) == (shown["id"], PHONE, "1032")


def test_a_message_s_event_is_the_message(daraja: Daraja) -> None:
    """The SMS arrives with its phone and its text."""
    token = daraja.token
    with _stream(daraja) as stream:
        daraja.push(token=token)
        daraja.answer()
        told = stream.until("sms")
    (message,) = daraja.phone()["messages"]
    assert told["msisdn"] == PHONE
    assert {name: told[name] for name in message} == message


def test_secrets_and_tokens_are_masked(daraja: Daraja) -> None:
    """Keys, passwords, access tokens, PINs and the tokens of callback addresses are nowhere in the stream."""
    url = f"{daraja.receiver.url}/{_TOKEN_OF_CALLBACK}?key={_TOKEN_OF_CALLBACK}"
    with _stream(daraja) as stream:
        token = daraja.new_token()
        password = daraja.push_body()["Password"]
        checkout = daraja.push(token=token, CallBackURL=url).json["CheckoutRequestID"]
        daraja.answer(pin="9753")
        daraja.callback(checkout)
        daraja.query(checkout)
        told = [stream.next() for _ in range(11)]
    text = json.dumps(told)
    for secret in (token, password, _TOKEN_OF_CALLBACK, "simulator-secret", "9753", daraja.options.passkey):
        assert secret not in text
    assert checkout in text
    requests = [data for kind, data, _ in told if kind == "request"]
    assert [data["authorization"] for data in requests] == ["****", "****", "****"]
    assert requests[1]["body"]["Password"] == "****"
    assert requests[1]["body"]["CallBackURL"].endswith("/callbacks/one/****?****")


def test_an_echoed_token_is_masked() -> None:
    """The error that prints the token it refuses is told without it."""
    body = refused(echoed_token("SecretToken123"), "1", "first").body
    assert b"SecretToken123" in body
    assert masked_body(body)["errorMessage"] == "Error Occurred - Invalid Access Token - ****"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://a.example/callbacks/one", "https://a.example/callbacks/one"),
        ("https://me:pass@a.example:8443/cb", "https://a.example:8443/cb"),
        (f"https://a.example/{_TOKEN_OF_CALLBACK}/x", "https://a.example/****/x"),
        ("https://a.example/cb?secret=1#part", "https://a.example/cb?****"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, masked: str) -> None:
    """Long segments, queries, fragments and user names are masked or left out; the rest can be read."""
    assert masked_url(url) == masked


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 3000])
def test_a_body_that_is_no_json_is_shown_as_text(body: bytes) -> None:
    """Whatever was sent can be looked at, cut to a length."""
    shown = masked_body(body)
    assert isinstance(shown, str)
    assert len(shown) <= 2000


def test_a_fault_that_acted_is_named_on_the_wire(daraja: Daraja) -> None:
    """The response's event says which fault made it; a cut connection has no status; a lost callback is told."""
    token = daraja.token
    daraja.fault("connection_dropped", count=1)
    daraja.fault("callback_lost", count=1)
    with _stream(daraja) as stream:
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            daraja.push(token=token)
        response = stream.until("response")
        assert (response["status"], response["fault"]) == (None, "connection_dropped")
        daraja.push(token=token)
        daraja.answer()
        lost = stream.until("fault")
        assert (lost["kind"], lost["msisdn"]) == ("callback_lost", PHONE)


def test_what_the_api_changes_is_told(daraja: Daraja) -> None:
    """Phones, faults and the clock, so that several pages show the same."""
    with _stream(daraja) as stream:
        daraja.subscriber(balance=5)
        assert stream.until("subscriber")["subscriber"]["balance"] == 5
        daraja.fault("slow")
        assert [fault["kind"] for fault in stream.until("faults")["faults"]] == ["slow"]
        daraja.call("DELETE", "/sim/api/faults")
        assert stream.until("faults")["faults"] == []
        daraja.advance(5)
        assert stream.until("clock")["advancedSeconds"] == 5


def test_a_stream_begins_now_and_resumes_where_it_was_cut(daraja: Daraja) -> None:
    """A new stream tells nothing old; with `Last-Event-ID`, or `after`, it goes on from there."""
    for balance in (1, 2, 3):
        daraja.subscriber(balance=balance)
    with _stream(daraja) as stream:
        daraja.subscriber(balance=4)
        kind, data, last = stream.next()
        assert (kind, data["subscriber"]["balance"]) == ("subscriber", 4)
    for stream_of in (_stream(daraja, headers={"Last-Event-ID": str(last - 2)}), _stream(daraja, f"?after={last - 2}")):
        with stream_of as stream:
            assert [stream.next()[2] for _ in range(2)] == [last - 1, last]


def test_an_id_from_another_life_begins_now(daraja: Daraja) -> None:
    """A page that outlived a restart is not left waiting for an id that is far away."""
    with _stream(daraja, headers={"Last-Event-ID": "999999"}) as stream:
        daraja.subscriber(balance=1)
        assert stream.next()[0] == "subscriber"


def test_streams_end_when_the_simulator_stops(daraja: Daraja) -> None:
    """A page that watches does not hold up the end."""
    with _stream(daraja) as stream:
        daraja.stop()
        assert stream.response.read().replace(b": still here\n\n", b"").strip() == b""


def test_streams_are_bounded(daraja: Daraja) -> None:
    """A hundred pages may watch; one more is told to come later, and has a place once another has left."""
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(_stream(daraja))
        answer = daraja.call("GET", "/sim/api/events")
        assert (answer.status, answer.json["code"]) == (503, "unavailable")
    daraja.subscriber(balance=1)
    with _stream(daraja, "?after=0") as stream:
        assert stream.next()[0] == "subscriber"


def test_money_out_is_shown_as_it_moves(daraja: Daraja) -> None:
    """The accounts, the payout with its ids, the message, and the Result with its answer, in the order of happening."""
    daraja.new_token()
    with _stream(daraja) as stream:
        funded(daraja)
        conversation = b2c(daraja).json["ConversationID"]
        daraja.advance(2)
        found = [stream.next() for _ in range(8)]
    kinds = [kind for kind, _, _ in found]
    moved = ["clock", "payout", "sms", "result", "result_answered"]
    assert kinds[:3] == ["accounts", "request", "response"]
    assert sorted(kinds[3:]) == sorted(moved)
    data = {kind: data for kind, data, _ in found}
    assert data["accounts"]["accounts"]["utility"] == 10_000
    assert (data["payout"]["conversationId"], data["payout"]["amount"]) == (conversation, 100)
    assert (data["result"]["conversationId"], data["result_answered"]["status"]) == (conversation, 200)
    assert data["result"]["body"]["Result"]["ResultCode"] == 0


def test_the_secrets_of_money_out_are_masked(daraja: Daraja) -> None:
    """The SecurityCredential, and what in the two addresses looks like a token, in the request and in its echo."""
    daraja.new_token()
    daraja.fault("timeout_notice", count=1)
    addresses = {
        "ResultURL": f"{result_url(daraja)}?token=1",
        "QueueTimeOutURL": f"{timeout_url(daraja)}/{_TOKEN_OF_CALLBACK}",
    }
    with _stream(daraja) as stream:
        b2c(daraja, **addresses)
        shown = stream.until("request")["body"]
        daraja.advance(2)
        notice = stream.until("timeout_notice")
    for body in (shown, notice["body"]):
        assert body["SecurityCredential"] == "****"
        assert body["ResultURL"].endswith("/out/result/one?****")
        assert body["QueueTimeOutURL"].endswith("/out/timeout/one/****")
    assert _TOKEN_OF_CALLBACK not in notice["url"]


def test_a_fault_of_money_out_is_named(daraja: Daraja) -> None:
    """With the phone that it met, when it acts."""
    daraja.new_token()
    funded(daraja)
    daraja.fault("no_funds", count=1)
    with _stream(daraja) as stream:
        b2c(daraja)
        daraja.advance(2)
        fault = stream.until("fault")
    assert (fault["kind"], fault["msisdn"]) == ("no_funds", PHONE)
