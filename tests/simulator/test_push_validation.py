"""What Daraja refuses of a push, in its order and its words (daraja: STK push request; daraja: push validation errors;
daraja: push errors; daraja: validation order)."""

from typing import Any

import pytest

from pokea.daraja.wire import push_password
from pokea.simulator.faults import PUSH_PATH
from tests.simulator.conftest import StartDaraja
from tests.simulator.running import PHONE, TIMESTAMP, Daraja

_FIELDS = (
    "BusinessShortCode",
    "Password",
    "Timestamp",
    "TransactionType",
    "Amount",
    "PartyA",
    "PartyB",
    "PhoneNumber",
    "CallBackURL",
    "AccountReference",
    "TransactionDesc",
)


def _named(field: str) -> tuple[int, str, str]:
    return 400, "400.002.02", f"Bad Request - Invalid {'Remarks' if field == 'TransactionDesc' else field}"


@pytest.mark.parametrize("field", _FIELDS)
def test_a_missing_field_is_named(daraja: Daraja, field: str) -> None:
    """A push without a field is refused with that field's name; the description's internal name is Remarks."""
    body = daraja.push_body()
    del body[field]
    headers = {"Authorization": f"Bearer {daraja.token}"}
    assert daraja.call("POST", PUSH_PATH, body, headers).error == _named(field)
    assert daraja.prompts() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("BusinessShortCode", "1743"),
        ("BusinessShortCode", "17437900"),
        ("BusinessShortCode", "17437x"),
        ("BusinessShortCode", True),
        ("BusinessShortCode", [174379]),
        ("Password", ""),
        ("Password", "not base64!"),
        ("Password", 5),
        ("Timestamp", "20261124"),
        ("Timestamp", "20261399120000"),
        ("Timestamp", 20261124120000),
        ("TransactionType", "CustomerPayBill"),
        ("TransactionType", ""),
        ("Amount", "0"),
        ("Amount", "-5"),
        ("Amount", "10.0"),
        ("Amount", "10.50"),
        ("Amount", "ten"),
        ("Amount", ""),
        ("Amount", 1.0),
        ("Amount", True),
        ("PartyA", "0722000001"),
        ("PartyA", "+254722000001"),
        ("PartyA", "25472200000"),
        ("PartyA", "254222000001"),
        ("PartyB", "12"),
        ("PhoneNumber", "722000001"),
        ("PhoneNumber", 2547220000011),
        ("CallBackURL", "not an address"),
        ("CallBackURL", "ftp://shop.example/cb"),
        ("CallBackURL", "https:///cb"),
        ("CallBackURL", "https://shop.example/a b"),
        ("CallBackURL", "https://<your-ngrok-or-vercel-url>/api"),
        ("CallBackURL", "http://localhost/cb"),
        ("CallBackURL", "https://LHOTE.trycloudflare.com/cb"),
        ("CallBackURL", "https://shop.example:port/cb"),
        ("CallBackURL", "https://shop.example/" + "a" * 2000),
        ("AccountReference", ""),
        ("AccountReference", 7),
        ("TransactionDesc", 7),
    ],
)
def test_a_bad_value_is_named(daraja: Daraja, field: str, value: Any) -> None:
    """A value that Daraja does not take is refused with the name of its field."""
    changed = {"PartyA": PHONE, "PhoneNumber": PHONE} | {field: value}
    assert daraja.push(**changed).error == _named(field)


@pytest.mark.parametrize("changed", ["BusinessShortCode", "Amount", "PartyA", "PartyB", "PhoneNumber"])
def test_numbers_are_taken_for_strings(daraja: Daraja, changed: str) -> None:
    """Five fields may be JSON numbers as well as strings."""
    number: dict[str, Any] = {changed: int(daraja.push_body()[changed])}
    assert daraja.push(**number).status == 200


def test_a_strict_daraja_takes_strings_only_but_for_the_shortcode(start_daraja: StartDaraja) -> None:
    """The strict switch takes types as the portal's sample prints them, where only the shortcode is a number."""
    daraja = start_daraja(request_types="strict")
    assert daraja.push(Amount=10).error == _named("Amount")
    assert daraja.push(PhoneNumber=int(PHONE)).error == _named("PhoneNumber")
    assert daraja.push(BusinessShortCode=174379).status == 200


def test_a_long_reference_and_description_are_accepted(daraja: Daraja) -> None:
    """The documented 12 and 13 characters are not enforced."""
    answer = daraja.push(AccountReference="R" * 15, TransactionDesc="D" * 40)
    assert answer.status == 200
    assert daraja.prompts()[0]["accountReference"] == "R" * 15


def test_the_description_can_be_optional(start_daraja: StartDaraja) -> None:
    """The variant of the docs accepts a push without TransactionDesc."""
    assert start_daraja(missing_description="accepted").push(TransactionDesc=None).status == 200


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_what_is_not_declared_json_has_no_shortcode(daraja: Daraja, content_type: str) -> None:
    """A wrong Content-Type is refused for the first field, since nothing was read."""
    headers = {"Authorization": f"Bearer {daraja.token}", "Content-Type": content_type}
    answer = daraja.call("POST", PUSH_PATH, daraja.push_body(), headers)
    assert answer.error == _named("BusinessShortCode")


def test_json_with_a_charset_is_json(daraja: Daraja) -> None:
    """Parameters of the Content-Type do not matter."""
    headers = {"Authorization": f"Bearer {daraja.token}", "Content-Type": "application/json; charset=utf-8"}
    assert daraja.call("POST", PUSH_PATH, daraja.push_body(), headers).status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 5000, b"{" * 70_000])
def test_a_body_that_is_no_json_object_is_an_invalid_payload(daraja: Daraja, body: bytes) -> None:
    """Malformed, other than an object, or longer than 64 KB: 400.002.05."""
    headers = {"Authorization": f"Bearer {daraja.token}", "Content-Type": "application/json"}
    assert daraja.call("POST", PUSH_PATH, body, headers).error == (400, "400.002.05", "Invalid Request Payload")


def test_the_token_is_looked_at_before_the_body(daraja: Daraja) -> None:
    """A push that is wrong in everything is refused for its token."""
    answer = daraja.call("POST", PUSH_PATH, b"{", {"Authorization": "Bearer wrong"})
    assert answer.error == (404, "404.001.03", "Invalid Access Token")


def test_fields_are_looked_at_before_the_merchant_and_its_password(daraja: Daraja) -> None:
    """A push with a bad amount, an unknown shortcode and a wrong password is refused for the amount."""
    wrong: dict[str, Any] = {"BusinessShortCode": "600000", "Password": "d3Jvbmc=", "Amount": "0"}
    assert daraja.push(**wrong).error == _named("Amount")
    assert daraja.push(**wrong | {"Amount": "1"}).error == (500, "500.001.1001", "Merchant does not exist")
    wrong["BusinessShortCode"] = daraja.options.shortcode
    assert daraja.push(**wrong | {"Amount": "1"}).error == (500, "500.001.1001", "Wrong credentials")


def test_fields_are_looked_at_in_daraja_s_order(daraja: Daraja) -> None:
    """Of several wrong fields the first of Daraja's order is named."""
    wrong: dict[str, Any] = {}
    for field in reversed(_FIELDS[:-1]):
        wrong[field] = {}
        assert daraja.push(**{"PartyA": PHONE, "PhoneNumber": PHONE} | wrong).error == _named(field)


@pytest.mark.parametrize(
    ("shortcode", "passkey", "timestamp"),
    [
        ("174379", "another passkey", TIMESTAMP),
        ("174380", "", TIMESTAMP),
        ("174379", "", "20261124120001"),
    ],
    ids=["passkey", "shortcode", "timestamp"],
)
def test_a_password_of_other_parts_is_wrong_credentials(
    daraja: Daraja, shortcode: str, passkey: str, timestamp: str
) -> None:
    """The password must be made of this shortcode, this passkey and this timestamp."""
    password = push_password(shortcode, passkey or daraja.options.passkey, timestamp)
    assert daraja.push(Password=password).error == (500, "500.001.1001", "Wrong credentials")


def test_wrong_credentials_have_a_second_wording(start_daraja: StartDaraja) -> None:
    """Both texts that were seen can be had."""
    answer = start_daraja(wording="second").push(Password="d3Jvbmc=")
    assert answer.error == (500, "500.001.1001", "[MerchantValidate] - Wrong credentials")


def test_the_passkey_and_the_shortcode_are_options(start_daraja: StartDaraja) -> None:
    """A merchant of one's own takes the place of the sandbox's."""
    daraja = start_daraja(passkey="mine", shortcode="600001")
    assert daraja.push().status == 200
    assert daraja.push(BusinessShortCode="174379").error == (500, "500.001.1001", "Merchant does not exist")


@pytest.mark.parametrize(
    "url", ["https://example.invalid/nkap/mpesa", "http://127.0.0.1:9/x", "https://a.example:8443/"]
)
def test_callback_addresses_that_were_seen_to_pass_do(daraja: Daraja, url: str) -> None:
    """A host that never resolves, a port, an IP address and the word mpesa in the path are accepted in the sandbox."""
    assert daraja.push(CallBackURL=url).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/cb",
        "https://shop.example/mpesa/cb",
        "https://shop.example/M-PESA",
        "https://x.ngrok.io/cb",
        "https://shop.example/sql",
        "https://safaricom.shop.example/",
    ],
)
def test_production_refuses_more_callback_addresses(start_daraja: StartDaraja, url: str) -> None:
    """Plain HTTP, tunnels and the words of the published list are refused as in production."""
    assert start_daraja(callback_url="production").push(CallBackURL=url).error == _named("CallBackURL")


def test_production_accepts_a_plain_https_address(start_daraja: StartDaraja) -> None:
    """An address without any of the words passes."""
    assert start_daraja(callback_url="production").push(CallBackURL="https://shop.example/stk/cb").status == 200


def test_any_callback_address_can_be_let_through(start_daraja: StartDaraja) -> None:
    """The lenient switch takes localhost, for people whose tools need it."""
    assert start_daraja(callback_url="any").push(CallBackURL="http://localhost:3000/cb").status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_than_post_is_not_allowed(daraja: Daraja, method: str) -> None:
    """A push is a POST; the refusal names the method."""
    answer = daraja.call(method, PUSH_PATH, headers={"Authorization": f"Bearer {daraja.token}"})
    assert answer.error == (405, "405.001", f"{method} Method Not Allowed")


@pytest.mark.parametrize("path", ["/mpesa/stkpush/v2/processrequest", "/", "/mpesa/stkpush/v1/processrequest/"])
def test_another_path_is_not_found(daraja: Daraja, path: str) -> None:
    """What Daraja does not have is 404.001.01."""
    assert daraja.call("POST", path, {}).error == (404, "404.001.01", "Resource not found")


def test_mistyped_paths_of_daraja_are_journalled_and_others_are_not(daraja: Daraja) -> None:
    """Whoever mistypes a path finds it in the journal; a probe of the server itself leaves no trace."""
    daraja.call("GET", "/healthz")
    daraja.call("POST", "/mpesa/stkpush/v9/processrequest", {})
    assert [request["path"] for request in daraja.journal["requests"]] == ["/mpesa/stkpush/v9/processrequest"]


def test_every_refusal_has_a_request_id_of_its_own(daraja: Daraja) -> None:
    """`requestId` has the form of the tail of a UUID with a counter, and differs each time."""
    first, second = (daraja.push(Amount="0").json["requestId"] for _ in range(2))
    assert first != second
    assert len(first.split("-")) == 4
