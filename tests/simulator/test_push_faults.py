"""What can go wrong with a push: every fault of the law that stands between caller and phone (law:
simulator)."""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pokea.simulator.faults import OAUTH_PATH, PUSH_PATH, QUERY_PATH
from tests.simulator.conftest import StartDaraja
from tests.simulator.running import PHONE, Daraja, eventually

_CUT = (http.client.HTTPException, ConnectionError)
_LOCKED = "Unable to lock subscriber, a transaction is already in process for the current subscriber"


def _cut_push(daraja: Daraja) -> None:
    with pytest.raises(_CUT):
        daraja.push()


def _faults_of_pushes(daraja: Daraja) -> list[tuple[int | None, str | None]]:
    return [(request["status"], request["fault"]) for request in daraja.requests(PUSH_PATH)]


def test_a_push_that_times_out_before_the_phone_never_reaches_it(daraja: Daraja) -> None:
    """`push_timeout_before` is silent for its seconds, then cuts the connection; there was no prompt."""
    daraja.fault("push_timeout_before", seconds=0.2)
    began = time.monotonic()
    _cut_push(daraja)
    assert time.monotonic() - began >= 0.2
    assert daraja.prompts() == []
    assert _faults_of_pushes(daraja) == [(None, "push_timeout_before")]


def test_a_push_that_times_out_after_the_phone_has_a_prompt(daraja: Daraja) -> None:
    """`push_timeout_after` holds the answer for 70 s of the simulator's clock; the prompt is open meanwhile."""
    token = daraja.token
    daraja.fault("push_timeout_after")
    with ThreadPoolExecutor(1) as pool:
        push = pool.submit(daraja.push, token=token)
        (prompt,) = eventually(daraja.prompts, "the prompt")
        assert _faults_of_pushes(daraja) == [(None, "push_timeout_after")]
        daraja.answer()
        assert daraja.callback(prompt["checkoutRequestId"])["ResultCode"] == 0
        daraja.advance(69)
        assert not push.done()
        daraja.advance(1)
        assert push.result(5).json["CheckoutRequestID"] == prompt["checkoutRequestId"]
    assert _faults_of_pushes(daraja) == [(200, "push_timeout_after")]


def test_a_held_push_is_let_go_when_its_caller_has_gone(daraja: Daraja) -> None:
    """A caller that gives up leaves no request waiting, and the payment goes on."""
    token = daraja.token
    daraja.fault("push_timeout_after")
    with pytest.raises(TimeoutError):
        daraja.push(token=token, timeout_seconds=0.2)
    (prompt,) = daraja.prompts()
    eventually(lambda: _faults_of_pushes(daraja) == [(200, "push_timeout_after")], "the hold's end")
    daraja.answer()
    assert daraja.callback(prompt["checkoutRequestId"])["ResultCode"] == 0


@pytest.mark.parametrize(("kind", "prompts"), [("push_500_before", 0), ("push_500_after", 1)])
def test_an_internal_error_comes_before_or_after_the_prompt(daraja: Daraja, kind: str, prompts: int) -> None:
    """The same 500 means either; only the phone knows."""
    daraja.fault(kind)
    assert daraja.push().error == (500, "500.003.1001", "Internal Server Error")
    assert len(daraja.prompts()) == prompts
    assert _faults_of_pushes(daraja) == [(500, kind)]


def test_a_push_that_failed_after_the_phone_can_be_paid(daraja: Daraja) -> None:
    """The prompt behind a 500 is a real one."""
    daraja.fault("push_500_after")
    daraja.push()
    (prompt,) = daraja.prompts()
    daraja.answer()
    assert daraja.callback(prompt["checkoutRequestId"])["ResultCode"] == 0


@pytest.mark.parametrize(("when", "prompts"), [("before", 0), ("after", 1)])
def test_a_cut_connection_comes_before_or_after_the_prompt(daraja: Daraja, when: str, prompts: int) -> None:
    """`connection_dropped` ends the connection without a byte of an answer."""
    daraja.fault("connection_dropped", when=when)
    _cut_push(daraja)
    assert len(daraja.prompts()) == prompts
    assert _faults_of_pushes(daraja) == [(None, "connection_dropped")]


@pytest.mark.parametrize(("when", "prompts"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("status", ["403", "503"])
def test_html_comes_before_or_after_the_prompt(start_daraja: StartDaraja, when: str, prompts: int, status: str) -> None:
    """`http_html` answers with the firewall's page, 403 or 503 as the options say."""
    daraja = start_daraja(firewall_status=status)
    daraja.fault("http_html", when=when)
    answer = daraja.push()
    assert answer.status == int(status)
    assert answer.body.startswith(b'<html style="height:100%"><head><META NAME="ROBOTS"')
    assert len(daraja.prompts()) == prompts


@pytest.mark.parametrize(("when", "prompts"), [("before", 0), ("after", 1)])
def test_a_spike_arrest_comes_before_or_after_the_prompt(daraja: Daraja, when: str, prompts: int) -> None:
    """`spike_arrest` answers 429 with the gateway's own body."""
    daraja.fault("spike_arrest", when=when)
    answer = daraja.push()
    assert answer.status == 429
    assert answer.json["fault"]["detail"]["errorcode"] == "policies.ratelimit.SpikeArrestViolation"
    assert len(daraja.prompts()) == prompts


@pytest.mark.parametrize(("when", "prompts"), [("before", 0), ("after", 1)])
def test_a_slow_push_is_slow_before_or_after_the_prompt(daraja: Daraja, when: str, prompts: int) -> None:
    """`slow` delays the true answer; `when` says whether the prompt waits with it."""
    token = daraja.token
    daraja.fault("slow", when=when, seconds=20)
    with ThreadPoolExecutor(1) as pool:
        push = pool.submit(daraja.push, token=token)
        eventually(lambda: daraja.requests(PUSH_PATH), "the push")
        time.sleep(0.05)
        assert len(daraja.prompts()) == prompts
        daraja.advance(20)
        assert push.result(5).status == 200
    assert len(daraja.prompts()) == 1
    assert _faults_of_pushes(daraja) == [(200, "slow")]


def test_a_locked_subscriber_gets_no_prompt(daraja: Daraja) -> None:
    """`subscriber_locked` refuses as an open session on the phone does."""
    daraja.fault("subscriber_locked", count=1)
    assert daraja.push().error == (500, "500.001.1001", _LOCKED)
    assert daraja.prompts() == []
    assert daraja.push().status == 200


def test_an_expired_token_is_refused_and_a_new_one_works(daraja: Daraja) -> None:
    """`token_expired` ends the token in use: 404.001.03 for it from then on, and a new one opens."""
    daraja.fault("token_expired", count=1)
    token = daraja.token
    for _ in range(2):
        assert daraja.push(token=token).error == (404, "404.001.03", "Invalid Access Token")
    assert daraja.push(token=daraja.new_token()).status == 200
    assert [fault for _, fault in _faults_of_pushes(daraja)] == ["token_expired", None, None]


def test_a_superseded_token_is_dead(daraja: Daraja) -> None:
    """`token_superseded`: whoever holds an older token than the newest is refused; the newest opens."""
    old = daraja.new_token()
    new = daraja.new_token()
    daraja.fault("token_superseded")
    assert daraja.push(token=new).status == 200
    assert daraja.push(token=old).error == (404, "404.001.03", "Invalid Access Token")
    assert daraja.query("x", token=daraja.new_token()).status == 500
    assert daraja.query("x", token=new).error == (400, "400.003.01", "Invalid Access Token")


def test_a_superseded_token_stays_dead(daraja: Daraja) -> None:
    """Once refused the token is dead for good, whatever becomes of the fault."""
    old = daraja.new_token()
    daraja.new_token()
    daraja.fault("token_superseded", count=1)
    assert daraja.push(token=old).status == 404
    assert daraja.call("GET", "/sim/api/faults").json["faults"] == []
    assert daraja.push(token=old).status == 404


def test_the_count_falls_only_when_the_fault_acts(daraja: Daraja) -> None:
    """A refused push does not use up a fault that needs an accepted one."""
    daraja.fault("push_500_after", count=1)
    assert daraja.push(Amount="0").status == 400
    assert daraja.call("GET", "/sim/api/faults").json["faults"][0]["count"] == 1
    assert daraja.push().status == 500
    assert daraja.call("GET", "/sim/api/faults").json["faults"] == []


def test_a_fault_can_be_one_phone_s(daraja: Daraja) -> None:
    """`msisdn` leaves the other phones alone, whatever form it is written in."""
    daraja.fault("push_500_before", msisdn="0722000001")
    assert daraja.push(PartyA="254722000002").status == 200
    assert daraja.push(PartyA=PHONE).status == 500


def test_a_fault_can_be_another_path_s(daraja: Daraja) -> None:
    """`path` moves a fault from the push to the query or to OAuth, by short name or by address."""
    daraja.fault("http_html", path="query", count=1)
    daraja.fault("connection_dropped", path=OAUTH_PATH, count=1)
    assert daraja.query("x", token="any").status == 403
    with pytest.raises(_CUT):
        daraja.generate()
    assert daraja.push().status == 200
    assert [request["fault"] for request in daraja.requests(QUERY_PATH)] == ["http_html"]
    assert [request["fault"] for request in daraja.requests(OAUTH_PATH)] == ["connection_dropped", None]


def test_a_token_given_out_before_the_cut_exists(daraja: Daraja) -> None:
    """On OAuth, `after` loses the answer and not the token: it is the newest, and supersedes."""
    first = daraja.new_token()
    daraja.fault("connection_dropped", path="oauth", when="after", count=1)
    with pytest.raises(_CUT):
        daraja.generate()
    daraja.fault("token_superseded")
    assert daraja.push(token=first).status == 404


def test_the_first_fault_that_fits_acts(daraja: Daraja) -> None:
    """Of several the one that was made first; when its count is spent, the next."""
    daraja.fault("push_500_before", count=1)
    daraja.fault("spike_arrest", count=1)
    daraja.fault("subscriber_locked")
    assert [daraja.push().status for _ in range(3)] == [500, 429, 500]
    assert [fault for _, fault in _faults_of_pushes(daraja)] == [
        "push_500_before",
        "spike_arrest",
        "subscriber_locked",
    ]


def test_a_probability_is_a_share(daraja: Daraja) -> None:
    """With 0 a fault never acts, with 0.5 about every other time."""
    daraja.fault("push_500_before", probability=0)
    daraja.fault("subscriber_locked", probability=0.5)
    statuses = [daraja.push(PartyA=f"2547220001{number:02d}").status for number in range(60)]
    assert set(statuses) == {200, 500}
    assert 12 <= statuses.count(500) <= 48
    assert daraja.call("GET", "/sim/api/faults").json["faults"][0]["acted"] == 0


def test_no_fault_is_left_after_deleting(daraja: Daraja) -> None:
    """DELETE switches every fault off."""
    daraja.fault("push_500_before")
    assert daraja.call("DELETE", "/sim/api/faults").json == {"faults": []}
    assert daraja.push().status == 200


def test_one_fault_is_switched_off_alone(daraja: Daraja) -> None:
    """DELETE with an id switches that fault off and leaves the others as they are; a second time there is none."""
    daraja.fault("push_500_before")
    daraja.fault("slow", seconds=0.01, path="query")
    daraja.fault("spike_arrest", count=1)
    first, *others = daraja.call("GET", "/sim/api/faults").json["faults"]
    assert daraja.call("DELETE", f"/sim/api/faults/{first['id']}").json == {"faults": others}
    answer = daraja.call("DELETE", f"/sim/api/faults/{first['id']}")
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert daraja.call("GET", "/sim/api/faults").json["faults"] == others


def test_a_held_push_does_not_hold_up_the_simulator_s_end(start_daraja: StartDaraja) -> None:
    """When the simulator is told to stop, held requests are let go."""
    daraja = start_daraja()
    token = daraja.token
    daraja.fault("push_timeout_before", seconds=3600)
    with ThreadPoolExecutor(1) as pool:
        push = pool.submit(daraja.push, token=token)
        eventually(lambda: daraja.requests(PUSH_PATH), "the push")
        daraja.stop()
        with pytest.raises(_CUT):
            push.result(5)
