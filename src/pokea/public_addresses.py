"""Which network addresses a message to the merchant's own software may go to (law: addresses). Pure.

An address stands for another one where it maps, translates or tunnels it, so it is unwrapped before it is judged:
Python's `is_global` alone lets `64:ff9b::10.0.0.1`, `2002:a00:1::` and `224.0.0.1` through.
"""

from collections.abc import Collection, Iterable, Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple

from pokea.addresses import is_host

NetworkAddress = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

_NAT64: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE: Final = IPv6Network("::/96")
_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)
_NEVER: Final = tuple(
    ip_network(each)
    for each in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32", "192.0.0.192/32")
)
"""Link-local addresses, and those at which clouds hand out their secrets: refused whatever is allowed."""
_PROTOCOLS: Final = IPv4Network("192.0.0.0/24")
_MAPPED_BITS: Final = 96
_LAST_32: Final = 0xFFFF_FFFF


def read_address(host: str) -> NetworkAddress | None:
    """The address that a host is, and None for a name. A zone, such as `%eth0`, makes it none."""
    try:
        return None if "%" in host else ip_address(host.removesuffix("."))
    except ValueError:
        return None


def unwrapped(address: NetworkAddress) -> Iterator[NetworkAddress]:
    """The address itself, and every other one that a packet to it may reach."""
    yield address
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    is_translated = any(address in network for network in _NAT64)
    is_compatible = address in _COMPATIBLE and number > 1
    if is_translated or is_compatible or (number >> 32 & _LAST_32) in _ISATAP:
        yield IPv4Address(number & _LAST_32)


def is_public(address: NetworkAddress) -> bool:
    """Whether the address, and whatever it stands for, is routed on the Internet to one machine."""
    return not is_never_allowed(address) and all(map(_is_plainly_public, unwrapped(address)))


def _is_plainly_public(address: NetworkAddress) -> bool:
    if isinstance(address, IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64[0]):
        # It is judged by what it stands for.
        return True
    # What Python knows of these two differs from one version to the next.
    is_local = address.is_site_local if isinstance(address, IPv6Address) else address in _PROTOCOLS
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified or is_local)


def is_never_allowed(address: NetworkAddress) -> bool:
    """Whether the address is link-local or hands out a machine's secrets."""
    return any(each in network for each in unwrapped(address) for network in _NEVER)


class Allowance(NamedTuple):
    """What may be private (POKEA_WEBHOOK_ALLOW): hosts by their names, and networks."""

    hosts: frozenset[str] = frozenset()
    networks: Networks = ()

    def names(self, host: str) -> bool:
        """Whether the host is allowed by its name, or is an address that is."""
        address = read_address(host)
        return host.removesuffix(".") in self.hosts or (address is not None and self._holds(address))

    def permits(self, host: str, address: NetworkAddress) -> bool:
        """Whether the host may be reached at this address."""
        if is_never_allowed(address):
            return False
        return is_public(address) or host.removesuffix(".") in self.hosts or self._holds(address)

    def refused(self, host: str, addresses: Iterable[NetworkAddress]) -> list[NetworkAddress]:
        """Those of a host's addresses at which it may not be reached; one of them is enough to refuse the host."""
        return [each for each in addresses if not self.permits(host, each)]

    def _holds(self, address: NetworkAddress) -> bool:
        return any(each in network for each in unwrapped(address) for network in self.networks)


def read_network(text: str) -> IPv4Network | IPv6Network:
    """The network of a setting. IPv4 addresses within IPv6 ones, as `::ffff:10.0.0.1`, are read as what they are, since
    those of clients are. Raises ValueError."""
    network = ip_network(text, strict=False)
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def read_allowance(parts: Collection[str]) -> Allowance:
    """The hosts and networks of a setting. Raises ValueError that names the part which is neither."""
    hosts, networks = set(), []
    for part in parts:
        try:
            networks.append(read_network(part))
        except (AddressValueError, ValueError):
            if "/" in part or not is_host(part):
                raise ValueError(
                    f"holds {part!r}, which is neither the name of a host nor a network such as 10.0.0.0/8"
                ) from None
            hosts.add(part.lower().removesuffix("."))
    return Allowance(frozenset(hosts), tuple(networks))
