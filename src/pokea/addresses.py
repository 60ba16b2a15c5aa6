"""Addresses of web services and databases: read strictly, joined in one way, and shown without their secrets."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_LAST_PORT: Final = 65_535
_LONGEST_HOST: Final = 253
_OF_PYTHON: Final = frozenset({"autocommit", "context", "cursor_factory", "prepare_threshold", "row_factory"})
"""What psycopg takes from programs alone, and would take for such a value from an address too."""


class WebAddress(NamedTuple):
    """A whole http or https address. `host` is lower case, an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str
    fragment: str
    has_user: bool

    @property
    def is_own_machine(self) -> bool:
        """Whether the host names the machine that reads it, which no other machine can reach by that name."""
        name = self.host.rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return True
        number = _number_of(name)
        return number is not None and (number.is_loopback or number.is_unspecified)

    @property
    def is_private(self) -> bool:
        """Whether the host is an address that is not routed on the Internet."""
        number = _number_of(self.host)
        return number is not None and not number.is_global


def read_web_address(text: str) -> WebAddress:
    """The parts of a whole http or https address. Raises ValueError that says what is wrong, without the text."""
    if any(character.isspace() or not character.isprintable() for character in text):
        raise ValueError("it holds white space or a character that cannot be seen")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError("its host in square brackets is no IPv6 address") from None
    if parts.scheme not in ("http", "https") or not text[len(parts.scheme) :].startswith("://"):
        raise ValueError("it does not begin with https:// or http://")
    user, _, place = parts.netloc.rpartition("@")
    host, port = _host_and_port(place)
    return WebAddress(parts.scheme, host.lower(), port, parts.path, parts.query, parts.fragment, bool(user))


def _host_and_port(place: str) -> tuple[str, int | None]:
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        try:
            IPv6Address(host)
        except AddressValueError:
            raise ValueError("its host in square brackets is no IPv6 address") from None
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError("its host in square brackets is no IPv6 address")
        return host, _port(rest[1:]) if rest else None
    host, colon, port = place.partition(":")
    if not is_host(host):
        raise ValueError("its host is no name of a machine")
    return host, _port(port) if colon else None


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or not 0 < int(text) <= _LAST_PORT:
        raise ValueError(f"its port is no number from 1 to {_LAST_PORT}")
    return int(text)


def is_host(text: str) -> bool:
    """Whether the text has the form of a host name in ASCII, or of an IPv4 address."""
    name = text.removesuffix(".")
    if not 0 < len(name) <= _LONGEST_HOST:
        return False
    labels = name.split(".")
    if labels[-1].isdecimal():
        return ":" not in name and isinstance(_number_of(name), IPv4Address)
    return all(_LABEL.fullmatch(label) for label in labels)


def _number_of(host: str) -> IPv4Address | IPv6Address | None:
    try:
        number = ip_address(host)
    except ValueError:
        return None
    # What Python says of an IPv4 address within an IPv6 one differs from one version to the next.
    return (number.ipv4_mapped or number) if isinstance(number, IPv6Address) else number


def join_address(base: str, *parts: str) -> str:
    """The address of what lies under `base`: one slash between the parts, however the base ends."""
    return "/".join([base.rstrip("/"), *(part.strip("/") for part in parts)])


def way_to_root(path: str) -> str:
    """How a page at this path writes the address of the service's root, so that what follows may be below a path that
    only a proxy knows; such as `../` from `/pay/ln_1`."""
    return "../" * (path.count("/") - 1)


def listening_address(host: str, port: int) -> str:
    """The http address of a server on this host and port; an IPv6 address gets its brackets (RFC 3986)."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class DatabaseAddress(NamedTuple):
    """The parts of a database's address that may be shown. `host` is empty for a socket and for a file."""

    is_file: bool
    host: str
    name: str

    def __str__(self) -> str:
        return f"sqlite:///{self.name}" if self.is_file else f"postgresql://{self.host}/{self.name}"


def read_database_address(url: str) -> DatabaseAddress:
    """What may be shown of a database's address. Raises ValueError that names the setting's fault, and no part of a
    password, wherever in the text its pieces may stand."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "sqlite" and rest.startswith("/"):
        return _sqlite_file(rest[1:])
    if not separator or scheme not in ("postgresql", "postgres"):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError("holds white space or a character that cannot be seen: write it as %20 and the like")
    place, _, query = rest.partition("?")
    authority, _, name = place.partition("/")
    if authority.count("@") > 1:
        raise ValueError("has more than one @: write an @ of the password as %40")
    # SQLAlchemy reads up to an @ that follows, wherever it stands.
    if "@" in name or "@" in query or "#" in place:
        raise ValueError("has a /, ? or # in its password, or an @ after its ?: write them as %2F, %3F, %23 and %40")
    server = authority.rpartition("@")[2]
    if server:
        try:
            _host_and_port(server)
        except ValueError as failure:
            raise ValueError(f"cannot be used: {failure} (a /, ? or @ of a password is written %2F, %3F, %40)") from (
                None
            )
    if "/" in name:
        raise ValueError("has a / in the name of the database")
    name = unquote(name)
    if not name.isprintable():
        raise ValueError("has a character in the name of the database that cannot be seen")
    _check_options(query)
    return DatabaseAddress(False, server, name)


def _check_options(query: str) -> None:
    """Whether hosts and ports behind the question mark fit each other, and all else there is libpq's."""
    given = parse_qs(query)
    hosts = given.get("host", [])
    if len(hosts) > 1:
        ports = [host.partition(":")[2] for host in hosts]
    else:
        hosts, ports = (",".join(given.get(name, [])).split(",") for name in ("host", "port"))
    if any(port and not _PORT.fullmatch(port) for port in ports):
        raise ValueError("has a port behind its ? that is no number")
    if "port" in given and (len(ports) != len(hosts) or len(given.get("host", [])) > 1):
        raise ValueError("has another number of ports than of hosts behind its ?")
    foreign = sorted(_OF_PYTHON & given.keys())
    if foreign:
        raise ValueError(f"has {foreign[0]} behind its ?, which is no option of libpq: leave it out")


def _sqlite_file(text: str) -> DatabaseAddress:
    file, mark, query = text.partition("?")
    if not file:
        raise ValueError("names no file: write sqlite:///FILE")
    if file.startswith(":") or file.startswith("file:") or "memory" in query:
        raise ValueError("is a database in memory, which each connection would have for itself: write sqlite:///FILE")
    if mark:
        raise ValueError("has a ? behind its file, where SQLite takes no options: leave it out, or write it as %3F")
    if not unquote(file).isprintable():
        raise ValueError("has a character in the name of its file that cannot be seen")
    return DatabaseAddress(True, "", file)
