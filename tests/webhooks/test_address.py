"""The form of an endpoint's address, and forty that are refused (law: addresses)."""

from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pokea.addresses import read_web_address
from pokea.courier import GuardedCourier
from pokea.public_addresses import NetworkAddress, read_allowance
from pokea.storage.database import Database
from pokea.webhooks.address import Door, is_own_machine, port_of, read_endpoint_url, target_of
from tests.conftest import Say
from tests.webhooks.scene import PATH, receiving, run, shop, until

ALLOWED = Door(read_allowance(["localhost", "127.0.0.1", "10.1.0.0/16", "hooks.internal"]))
AT_HOME = Door(is_home=True)
INSIDE = {
    "inside.example": ["10.0.0.7"],
    "mixed.example": ["8.8.8.8", "127.0.0.1"],
    "mapped.example": ["::ffff:7f00:1"],
}
HOSTILE = [
    "https://127.0.0.1/",
    "https://127.0.0.1:8443/",
    "https://127.8.9.10/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.100.100.200/",
    "https://192.0.0.192/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://198.18.0.1/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[64:ff9b:1::a00:1]/",
    "https://[2002:a00:1::]/",
    "https://[2001:0:a00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    "https://[fc00::1]/",
    "https://[ff02::1]/",
    "https://[fec0::1]/",
    "https://user@shop.example/",
    "https://user:password@shop.example/",
    "https://shop.example@127.0.0.1/",
    "https://shop.example:22/",
    "https://shop.example:0/",
    "https://shop.example:99999/",
    "http://shop.example/",
    "http://10.0.0.1/",
    "ftp://shop.example/",
    "file:///etc/passwd",
    "gopher://shop.example/",
    "//shop.example/",
    "shop.example",
    "https://",
    "https:///path",
    "https://shop.example/#fragment",
    "https://shop.example/a b",
    "https://shop.example/\r\nX-Injected: 1",
    "https://shop.example/\u0000",
    "https://shop.example\\@127.0.0.1/",
    "https://m\u00fcller.example/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://shop.example/" + "a" * 2000,
    "https://inside.example/",
    "https://mixed.example/",
    "https://mapped.example/",
    "https://localhost/",
]


async def _resolve(host: str, _port: int) -> Sequence[NetworkAddress]:
    if host == "localhost":
        return [ip_address("127.0.0.1"), ip_address("::1")]
    if host not in INSIDE:
        raise OSError("no such name")
    return [ip_address(each) for each in INSIDE[host]]


def test_forty_hostile_addresses_are_refused(database: Database, say: Say) -> None:
    """No endpoint is made with an address that leads inside, is written so that it might, or has a part that no
    webhook needs: each is refused with 400 that names `url`, also by a change of an endpoint."""

    async def talk() -> None:
        async with shop(database, courier=GuardedCourier(_resolve), pokea_webhook_allow="") as run_:
            good = await run_.endpoint("https://shop.example.co.ke/hook")
            for url in HOSTILE:
                for method, path in (("POST", PATH), ("PATCH", f"{PATH}/{good['id']}")):
                    refused = await run_.call(method, path, {"url": url, "types": ["*"]})
                    assert (refused.status, refused.body["code"]) == (400, "invalid_request"), url
                    assert [each["field"] for each in refused.body["errors"]] == ["url"], url
            listed = (await run_.call("GET", PATH)).body["webhooks"]
            assert [each["url"] for each in listed] == ["https://shop.example.co.ke/hook"]

    run(talk)
    say(f"{len(HOSTILE)} hostile addresses, each refused at creation and at a change")


def test_a_name_that_begins_to_resolve_inside_is_refused_at_each_delivery(database: Database) -> None:
    """A name that did not resolve yet is taken; when it leads inside later, nothing is sent there."""

    async def talk() -> None:
        async with receiving() as inside:
            found: list[str] = []

            async def resolve(_host: str, _port: int) -> Sequence[NetworkAddress]:
                if not found:
                    raise OSError("no such name")
                return [ip_address(each) for each in found]

            async with shop(database, courier=GuardedCourier(resolve), pokea_webhook_allow="") as run_:
                endpoint = await run_.endpoint("https://rebound.example:8443/")
                found.append("127.0.0.1")
                run_.happen("pay_1", 1)

                async def is_tried() -> bool:
                    pairs = await run_.deliveries(endpoint)
                    return bool(pairs) and pairs[0]["answer"] is not None

                await until(is_tried, "the delivery is tried")
                (pair,) = await run_.deliveries(endpoint)
                assert "not public" in pair["answer"]
                assert (pair["status"], pair["answerStatus"]) == ("failing", 0)
                assert inside.connections == 0

    run(talk)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example/",
        "https://shop.example:443/hook?shop=1",
        "https://shop.example:8443/hook",
        "https://SHOP.example/Hook",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://xn--mller-kva.example/",
        "https://shop.example/%20",
    ],
)
def test_a_public_address_is_taken(url: str) -> None:
    """An https address of a public host at a usual port is taken, with any path and query."""
    address = read_endpoint_url(url, Door())
    assert address.scheme == "https"
    assert port_of(address) in (443, 8443)


@pytest.mark.parametrize(
    ("url", "door", "why"),
    [
        ("http://127.0.0.1:9000/", Door(), "must begin with https"),
        ("http://127.0.0.1:9000/", AT_HOME, None),
        ("http://localhost:9000/", AT_HOME, None),
        ("http://[::1]:9000/", AT_HOME, None),
        ("https://127.0.0.1/", AT_HOME, "private"),
        ("http://10.0.0.1/", AT_HOME, "must begin with https"),
        ("http://shop.example/", AT_HOME, "must begin with https"),
        ("http://[::ffff:127.0.0.1]/", AT_HOME, "must begin with https"),
        ("http://127.0.0.1:9000/", ALLOWED, None),
        ("http://localhost:9000/", ALLOWED, None),
        ("https://localhost:9000/", ALLOWED, None),
        ("http://127.0.0.2:9000/", ALLOWED, "must begin with https"),
        ("https://10.1.2.3:9000/", ALLOWED, None),
        ("http://10.1.2.3:9000/", ALLOWED, "must begin with https"),
        ("https://10.2.0.1/", ALLOWED, "private"),
        ("https://hooks.internal:9000/", ALLOWED, None),
        ("http://hooks.internal:9000/", ALLOWED, "must begin with https"),
        ("https://other.internal:9000/", ALLOWED, "port"),
        ("https://169.254.169.254/", Door(read_allowance(["0.0.0.0/0"])), "ever sent"),
    ],
)
def test_what_is_allowed_may_be_private(url: str, door: Door, why: str | None) -> None:
    """A host that is allowed may use any port, and plain http if it is the own machine; at home the own machine may be
    reached by http, and nothing else is allowed by that."""
    if why is None:
        assert read_endpoint_url(url, door).host
    else:
        with pytest.raises(ValueError, match=why):
            read_endpoint_url(url, door)


@settings(max_examples=50)
@given(st.text(max_size=60))
def test_any_text_is_taken_or_refused_with_a_sentence(text: str) -> None:
    """No text makes the form's check fail in another way than with a sentence."""
    for given_ in (text, f"https://{text}", f"https://shop.example/{text}"):
        try:
            address = read_endpoint_url(given_, Door())
        except ValueError:
            continue
        assert address.scheme == "https"
        assert target_of(address).isascii()


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_no_spelling_of_a_number_is_a_host(number: int) -> None:
    """Decimal, octal and hexadecimal numbers are no hosts, whichever address they would be."""
    for host in (str(number), f"{number:o}".zfill(12), hex(number)):
        with pytest.raises(ValueError, match=r"host|private|ever"):
            read_endpoint_url(f"https://{host}/", Door())


@pytest.mark.parametrize(
    ("url", "target"),
    [("https://a.example", "/"), ("https://a.example?b=1", "/?b=1"), ("https://a.example/c/d?e=f&g", "/c/d?e=f&g")],
)
def test_path_and_query_are_asked_for(url: str, target: str) -> None:
    """The first line of a request has the path and the query as they stand in the address."""
    assert target_of(read_web_address(url)) == target


def test_the_own_machine_is_known_by_its_names() -> None:
    """`localhost` and the loopback addresses are the own machine; other names are not, whatever they resolve to."""
    assert all(map(is_own_machine, ["localhost", "127.0.0.1", "127.9.9.9", "::1"]))
    assert not any(map(is_own_machine, ["localhost.example", "10.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1"]))
