"""Which addresses are public, after what they stand for was unwrapped (law: addresses)."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.api.auth.callers import client_address, stranger_at
from pokea.public_addresses import (
    Allowance,
    is_never_allowed,
    is_public,
    read_address,
    read_allowance,
    read_network,
    unwrapped,
)
from pokea.setting_rules import check_networks
from pokea.settings import given_settings
from tests.broken_settings import JWT_SECRET, SECRET_KEY

SECRETS = {"pokea_secret_key": SECRET_KEY, "pokea_jwt_secret": JWT_SECRET}

PUBLIC = [
    "8.8.8.8",
    "41.90.0.1",
    "196.201.214.200",
    "1.1.1.1",
    "223.255.255.254",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]
PRIVATE = [
    "0.0.0.0",  # noqa: S104 - nothing listens there
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::10.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:0:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::10.0.0.1",
    "64:ff9b:1::8.8.8.8",
    "2002:a00:1::",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "2001::f5ff:fffe",
    "2001:0:a00:1:0:0:0:0",
    "2001:db8::1",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "febf::1",
    "ff02::1",
    "ff0e::1",
    "2606:4700:0:0:0:5efe:a00:1",
    "2606:4700:0:0:200:5efe:7f00:1",
]
NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "192.0.0.192",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_an_address_of_the_internet_is_public(text: str) -> None:
    """What is routed on the Internet to one machine may be sent to, also where it is mapped or translated."""
    assert is_public(ip_address(text))
    assert not is_never_allowed(ip_address(text))


@pytest.mark.parametrize("text", PRIVATE)
def test_an_address_that_leads_inside_is_not_public(text: str) -> None:
    """Private, shared, local, reserved and group addresses are not public, whatever they are wrapped in."""
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", NEVER)
def test_link_local_and_metadata_addresses_are_never_allowed(text: str) -> None:
    """No setting lets a message reach what hands out a machine's secrets."""
    assert is_never_allowed(ip_address(text))
    assert not read_allowance(["0.0.0.0/0", "::/0"]).permits("shop.example", ip_address(text))


@given(st.ip_addresses(v=4))
def test_a_wrapped_address_is_public_only_if_its_inside_is(inner: IPv4Address) -> None:
    """Mapped, translated and tunnelled, a private address stays one."""
    number = int(inner)
    wrapped = [
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80)),
        IPv6Address(number) if number > 1 else IPv6Address("::"),
    ]
    for each in wrapped:
        assert is_public(inner) or not is_public(each), each


@given(st.ip_addresses())
def test_an_address_unwraps_to_itself_first(address: IPv4Address | IPv6Address) -> None:
    """What a packet reaches begins with the address itself, and an IPv4 address is nothing else."""
    found = list(unwrapped(address))
    assert found[0] == address
    assert len(found) == 1 or isinstance(address, IPv6Address)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1.", "10.0.0.1"),
        ("::1", "::1"),
        ("localhost", None),
        ("fe80::1%eth0", None),
        ("0177.0.0.1", None),
        ("127.1", None),
        ("2130706433", None),
        ("", None),
    ],
)
def test_a_host_is_an_address_only_in_its_usual_form(text: str, found: str | None) -> None:
    """Octal, decimal and short forms are no addresses here, and a zone makes none of any."""
    assert read_address(text) == (None if found is None else ip_address(found))


def test_a_network_is_allowed_with_what_stands_for_it() -> None:
    """An allowed network covers its addresses where they are mapped, too, and no others."""
    allowance = read_allowance(["10.1.0.0/16", "fd12::/16"])
    allowed = ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1"]
    assert not allowance.refused("shop.example", map(ip_address, allowed))
    others = [ip_address(each) for each in ("10.2.0.1", "192.168.0.1", "fd13::1")]
    assert allowance.refused("shop.example", others) == others


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("::ffff:10.1.2.3", "10.1.2.3/32"),
        ("::ffff:10.1.2.3/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("fd12::1/16", "fd12::/16"),
        ("10.1.2.3/16", "10.1.0.0/16"),
    ],
)
def test_a_network_is_read_as_that_of_its_addresses(text: str, network: str) -> None:
    """An address of a log on a machine with both kinds, `::ffff:10.1.2.3`, is that of its client."""
    assert str(read_network(text)) == network


def test_a_mapped_network_of_the_settings_holds_its_addresses() -> None:
    """A proxy, a sender and a receiver that are named so are believed, and the whole Internet is named as such."""
    named = dict.fromkeys(("pokea_trusted_proxies", "pokea_callback_allowed_ips"), "::ffff:10.1.2.0/120")
    settings = given_settings(mpesa_environment="simulator", **named, **SECRETS)
    forwarded = client_address("::ffff:10.1.2.3", ["196.201.214.200"], settings.proxy_networks)
    assert (forwarded, stranger_at("10.1.2.9", settings.callback_networks)) == ("196.201.214.200", "")
    assert not read_allowance(["::ffff:10.1.2.0/120"]).refused("shop.example", [ip_address("10.1.2.3")])
    (complaint,) = check_networks("production", "POKEA_TRUSTED_PROXIES", [read_network("::ffff:0:0/96")])
    assert "strangers" in complaint.sentence


def test_an_allowed_host_may_be_private() -> None:
    """A host that is allowed by its name may resolve to a private address; another host at it may not."""
    allowance = read_allowance(["Hooks.internal", "localhost"])
    inside = ip_address("192.168.7.7")
    assert allowance.permits("hooks.internal", inside)
    assert allowance.permits("hooks.internal.", inside)
    assert not allowance.permits("other.internal", inside)
    assert allowance.names("localhost")
    assert not allowance.names("127.0.0.1")


def test_one_private_address_refuses_the_whole_host() -> None:
    """A name that resolves to a public and a private address is refused for the private one."""
    mixed = [ip_address("8.8.8.8"), ip_address("127.0.0.1")]
    assert Allowance().refused("shop.example", mixed) == [mixed[1]]


@pytest.mark.parametrize("part", ["10.0.0.0/33", "http://shop.example", "a b", "-shop", "10.0.0.0.0", "x/8"])
def test_what_is_neither_a_host_nor_a_network_is_named(part: str) -> None:
    """A part of the setting that is neither is refused with a sentence that repeats it."""
    with pytest.raises(ValueError, match="neither the name of a host nor a network") as failure:
        read_allowance([part])
    assert repr(part) in str(failure.value)
