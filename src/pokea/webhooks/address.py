"""The form that the address of an endpoint must have (law: addresses). Pure."""

import re
from typing import Final, NamedTuple

from pokea.addresses import WebAddress, read_web_address
from pokea.public_addresses import Allowance, is_never_allowed, is_public, read_address, read_allowance

LONGEST_URL: Final = 2_000
PORTS: Final = (443, 8443)
_HOME_NAMES: Final = ("localhost",)
_LOOKS_LIKE_A_NUMBER: Final = re.compile(r"(?:.*\.)?0x[0-9a-f]*", re.IGNORECASE)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_OWN_MACHINE: Final = read_allowance(["127.0.0.0/8", "::1/128"])


class Door(NamedTuple):
    """Which addresses this service may send to. `is_home`: plain http to the own machine is fine, as in a demo."""

    allowance: Allowance = Allowance()
    is_home: bool = False

    def is_at_home(self, address: WebAddress) -> bool:
        """Whether it is the own machine, over plain http, of a service that runs at home."""
        return self.is_home and address.scheme == "http" and is_own_machine(address.host)

    def allowance_for(self, address: WebAddress) -> Allowance:
        """What may be private of the addresses at which this host is reached."""
        return _OWN_MACHINE if self.is_at_home(address) else self.allowance


def is_own_machine(host: str) -> bool:
    """Whether the host is the own machine, said by an address or by its usual name."""
    literal = read_address(host)
    # `is_loopback` of an IPv4 address within an IPv6 one differs from one version of Python to the next.
    return host in _HOME_NAMES if literal is None else any(literal in each for each in _OWN_MACHINE.networks)


def port_of(address: WebAddress) -> int:
    """The port to connect to."""
    return address.port or _DEFAULT_PORTS[address.scheme]


def target_of(address: WebAddress) -> str:
    """What the request's first line asks for: path and query."""
    path = address.path or "/"
    return f"{path}?{address.query}" if address.query else path


def read_endpoint_url(text: str, door: Door) -> WebAddress:
    """The parts of an endpoint's address. Raises ValueError that says what is wrong with its form, or that its host is
    an address to which nothing is sent."""
    if len(text) > LONGEST_URL:
        raise ValueError(f"it is longer than {LONGEST_URL} characters")
    if not text.isascii() or "\\" in text:
        raise ValueError("it holds a character that an address does not have; write it as %XX, and a host in Punycode")
    address = read_web_address(text)
    if address.has_user or "@" in text.split("/")[2]:
        raise ValueError("it holds a user or a password; a webhook is proved by its signature")
    if address.fragment or "#" in text:
        raise ValueError("it has a part after #, which is never sent")
    if "%" in address.host or _LOOKS_LIKE_A_NUMBER.fullmatch(address.host.removesuffix(".")):
        raise ValueError("its host is no name of a machine")
    _check_host(address, door)
    return address


def _check_host(address: WebAddress, door: Door) -> None:
    literal = read_address(address.host)
    if literal is not None and is_never_allowed(literal):
        raise ValueError("its host is an address to which nothing is ever sent")
    is_named = door.allowance.names(address.host)
    if door.is_at_home(address) or (is_named and (address.scheme == "https" or is_own_machine(address.host))):
        return
    if address.scheme != "https":
        raise ValueError("it must begin with https://")
    if not is_named and port_of(address) not in PORTS:
        raise ValueError("its port must be 443 or 8443; other ports are for hosts in POKEA_WEBHOOK_ALLOW")
    if literal is not None and not is_public(literal):
        raise ValueError("its host is a private address; POKEA_WEBHOOK_ALLOW lists those that are allowed")
