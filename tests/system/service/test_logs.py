"""What the service logs: enough to see what happened, and nothing that would let anybody act or name a customer."""

import re

import pytest
from sqlalchemy import select

from pokea.setting_rules import SANDBOX_PASSKEY
from pokea.storage.tables import evidence
from tests.system.service.conftest import StartWorld
from tests.system.service.leaks import leaks
from tests.system.service.running import JWT_SECRET, SECRET_KEY, call, eventually
from tests.system.service.world import World, callback_name, next_receipt, success

PLANTED = [
    "msisdn=254712345678",
    "call +254712345678 or 0112345678.",
    "CheckoutRequestID ws_CO_24112026065728656708374149",
    f"POST /api/v1/payments/mpesa/callback/{callback_name('pay_1')} 200",
    "Authorization: Bearer abcdefghijkl",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
    "pcs_cc94d42c93f1e953a085de0c98309a0786501ab1b599d83a",
    "access_token yvzDnXtLhMQVYfpX4wPGkqBTqEcR is refused",
    'a body with "pin": "4321"',
    f"the passkey is {SANDBOX_PASSKEY}",
    f"the key is {SECRET_KEY}",
    f"the secret is {JWT_SECRET}",
]


@pytest.mark.parametrize("line", PLANTED)
def test_a_leak_would_be_found(line: str) -> None:
    """What must not be logged is found in a line that has it, so that its absence elsewhere means something."""
    assert leaks(f"2026-11-24T04:24:48.991Z INFO pokea.access [req_01m85ws7jx4rq8psw3dm9w6m6a] {line}") != []


def test_a_harmless_log_is_no_leak() -> None:
    """Ids, times and masked values are what a log is for."""
    line = "2026-11-24T04:24:48.991Z INFO pokea.access [req_01m85ws7jx4rq8psw3dm9w6m6a] GET /api/v1/bookings/"
    assert leaks(f"{line}bk_01m85v75ksw4rd1s7w38twb4gh 200 13.6 ms\n{line} 25471*****78 ws_CO_****149 pcs_****") == []


def test_a_subscriber_is_found_without_the_country_code() -> None:
    """The nine digits that tell one subscriber from another are looked for by themselves."""
    assert leaks("retrying 720000001", ["254720000001"]) != []


def test_a_service_in_trouble_says_so_and_leaks_nothing(start_world: StartWorld) -> None:
    """Tokens that Daraja repeats, wrong keys, junk and forgeries are logged, and no secret or number with them."""
    world = start_world(switches=["--bad-token", "401.002.01"])
    phone = world.new_phone("pay", pin="8642")
    for path in ("push", "query"):
        world.simulator.fault("token_expired", path=path, count=1)
    world.simulator.fault("callback_lost", msisdn=phone, count=1)
    payment = world.push(phone)
    world.post_callback(success(payment.checkout, payment.amount, next_receipt()), "f" * 48)
    world.service.until(payment.id, "completed")
    misuse(world, phone)
    log = world.service.log
    assert leaks(log, [phone]) == []
    assert "/api/v1/payments/mpesa/callback/1.****" in log
    assert "401 unauthenticated" in log
    assert "no STK callback" in log
    assert payment.id in log


def misuse(world: World, phone: str) -> None:
    """Calls by people who put secrets and numbers where they do not belong."""
    url = world.service.url
    secret = callback_name("pay_1")
    call("POST", f"{url}/api/v1/payments/mpesa/callback/{secret}", {"phone": phone, "pin": "8642", "token": secret})
    call("POST", f"{url}/api/v1/payments/mpesa/callback/{secret}/", b"\nCRITICAL forged [req_1] line\r\n")
    call("POST", f"{url}/api/v1/payments/mpesa/callback", b"\n2026-11-24T04:24:48.991Z CRITICAL forged line\r\n")
    call("GET", f"{url}/api/v1/payments/mpesa/status/{phone}?token={secret}", headers={"Authorization": "Bearer x"})
    call("GET", f"{url}/api/v1/payments/mpesa/status/pay_1", headers={"Authorization": f"Bearer pcs_{secret}"})
    call("GET", f"{url}/{world.service.token()}/{phone}/+{phone}")
    call("POST", f"{url}/api/v1/payments/mpesa/stkpush", {"phoneNumber": phone}, {"X-Request-Id": "line\tbreak"})
    world.service.call("GET", f"/payments/mpesa/history?q={phone}")


def test_one_record_is_one_line(world: World) -> None:
    """Whatever is posted, nobody can write a line of the log that looks like ours."""
    before = len(world.service.log)
    world.post_callback(b"\n2026-11-24T04:24:48.991Z CRITICAL forged line\r\n\x1b[31m")
    written = world.service.log[before:]
    assert "CRITICAL forged line" in written
    ours = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z (INFO|WARNING) pokea\.\w+ \[\S+\] \S")
    assert [line for line in written.splitlines() if not ours.match(line)] == []
    assert "\x1b" not in written


def test_how_a_payment_ended_is_said_in_a_line(world: World) -> None:
    """Whoever follows the log sees each payment end, and why no money came."""
    paid, failed = world.push(world.new_phone("pay")), world.push(world.new_phone("wrong_pin"))
    world.service.until(paid.id, "completed")
    world.service.until(failed.id, "failed")
    assert f"{paid.id} payment.completed\n" in world.service.log
    assert f"{failed.id} payment.failed wrong_pin\n" in world.service.log


def test_a_wrong_passkey_is_said_to_be_one(start_world: StartWorld) -> None:
    """A passkey that Daraja refuses refuses the push with a reason that names our setting, and is never shown."""
    passkey = "0123456789abcdef" * 4
    world = start_world(MPESA_PASSKEY=passkey)
    booking, phone = world.service.book(), world.new_phone()
    answer = world.service.push(booking, phone)
    assert (answer.status, answer.body["code"]) == (502, "daraja_refused")
    assert answer.body["reason"] == "wrong_credentials"
    assert passkey not in world.service.log + str(answer.body)
    assert world.is_unpaid(booking["id"])


def test_a_refused_push_says_which_field_was_refused(start_world: StartWorld) -> None:
    """A callback address that Daraja refuses is named in the log and kept; the customer is sent to the business."""
    world = start_world(switches=["--callback-url", "production"])
    booking = world.service.book()
    answer = world.service.push(booking, world.new_phone())
    assert (answer.status, answer.body["code"], answer.body["reason"]) == (502, "daraja_refused", "daraja_refused")
    assert "retry-after" not in answer.headers
    assert "retryAfterSeconds" not in answer.body
    assert "number" not in answer.body["message"]
    payment_id = answer.body["transactionId"]
    (line,) = [each for each in world.service.log.splitlines() if "WARNING" in each and payment_id in each]
    assert "400.002.02" in line
    assert "Invalid CallBackURL" in line
    assert "MPESA_CALLBACK_URL" in line
    failure = world.service.status(payment_id)["failure"]
    assert (failure["code"], failure["retryable"]) == ("400.002.02", False)
    assert "business" in failure["message"]
    columns = evidence.c
    kept = select(columns.body).where(columns.operation_id == payment_id, columns.source == "push_refused")
    assert b"Invalid CallBackURL" in world.query(lambda connection: connection.execute(kept).scalar_one())


def test_wrong_consumer_keys_are_said_to_be_wrong(start_world: StartWorld) -> None:
    """A consumer key and secret that Daraja refuses refuse the push, and are never shown."""
    world = start_world(MPESA_CONSUMER_KEY="not-the-key-of-it", MPESA_CONSUMER_SECRET="not-the-secret-of-it")
    before = world.simulator.pushes()
    answer = world.service.push(world.service.book(), world.new_phone())
    assert (answer.status, answer.body["code"]) == (502, "daraja_refused")
    assert answer.body["reason"] == "access_refused"
    assert world.simulator.pushes() == before
    log = world.service.log
    assert "not-the-key-of-it" not in log
    assert "not-the-secret-of-it" not in log


def test_a_daraja_that_is_away_is_unavailable(start_world: StartWorld) -> None:
    """When nobody listens at Daraja's address nothing was sent: 503, and the payment has failed for certain."""
    world = start_world(switches=["--seed", "3"])
    booking, phone = world.service.book(), world.new_phone()
    world.simulator.kill()
    answer = world.service.push(booking, phone)
    assert (answer.status, answer.body["code"]) == (503, "daraja_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    world.simulator.start()
    again = eventually(lambda: world.push_again(booking, phone), "a second try goes through")
    world.simulator.answer(phone, "pay")
    world.service.until(again.id, "completed")
