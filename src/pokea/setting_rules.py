"""What settings must be like: the form of each, and which contradict each other. Values in, complaints out.

The same rules stop `pokea serve`, and every command that uses the setting, and are lines of `pokea doctor`. What can
never work, or would let a stranger in where real money moves, stops the start; what is only unlikely to be meant is a
warning. No complaint repeats a secret, nor a text that may hold one.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from itertools import pairwise
from typing import Final, NamedTuple

from pokea.addresses import DatabaseAddress, WebAddress, read_database_address, read_web_address

CALLBACK_PATHS: Final = ("/api/v1/payments/mpesa/callback", "/api/v1/payments/stk/callback")
"""The paths under which a callback is taken."""
PRODUCTION: Final = "production"
SIMULATOR: Final = "simulator"
SANDBOX_PASSKEY: Final = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
"""Public: it stands in Safaricom's own documentation (daraja: sandbox values)."""
SANDBOX_SHORTCODE: Final = "174379"
SHORTEST_SECRET_BYTES: Final = 32
DARAJA_HOSTS: Final = {"sandbox": "sandbox.safaricom.co.ke", PRODUCTION: "api.safaricom.co.ke"}
"""Where each environment of Safaricom's is (daraja: sandbox values)."""

REFUSED_WORDS: Final = ("mpesa", "m-pesa", "safaricom", "exe", "exec", "cmd", "sql", "query")
"""Words that production is reported to refuse in a callback address (daraja: push validation errors)."""
_TOKEN_AT_THE_END: Final = re.compile(r"/([0-9a-zA-Z_-]*\.)?[0-9a-fA-F]{48}/*$")
_PLACEHOLDER: Final = re.compile(
    r"[<\[{(].*[>\]})]|.*\bx{3,}\b.*|.*(…|\.{3}).*"
    r"|(.*[^a-z])?your[-_ ].*|(my|some|the)[-_ ].*|.*(change|replace)[-_ ]?(me|this).*|.*placeholder.*"
    r"|(todo|tbd|fixme|insert|enter)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_PLACEHOLDER_HOST: Final = re.compile(
    r"(.*[.-])?(your|my)[-_]?(domain|site|host|server|app|shop|company)\b.*|(.*\.)?your[-_].*"
)
_DOCUMENTATION_HOST: Final = re.compile(r"(.*\.)?(example(\.(com|net|org))?|test|invalid)")
"""Names that belong to no machine (RFC 2606)."""
_IN_A_HEADER: Final = re.compile(r"[!-~]+")
_PASSKEY: Final = re.compile(r"[0-9a-fA-F]{64}")
_SHORTCODE: Final = re.compile(r"[0-9]{5,7}")
_FEWEST_CHARACTERS: Final = 6
_FEWEST_PAIRS: Final = 16
_FEWEST_STEPS: Final = 6
_NO_SITES: Final = ("file", "ftp", "ws", "wss", "data", "blob", "about", "javascript", "null")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Severity(StrEnum):
    """What a complaint does to the start."""

    STOPS = "stops"
    WARNS = "warns"


class Complaint(NamedTuple):
    """What is wrong with one setting: a sentence that names it and says what to do."""

    setting: str
    severity: Severity
    sentence: str


def stops(setting: str, says: str) -> Complaint:
    """The service does not start so. `says` goes on after the setting's name."""
    return Complaint(setting, Severity.STOPS, f"{setting} {says}")


def warns(setting: str, says: str) -> Complaint:
    """The service starts, and says so. `says` goes on after the setting's name."""
    return Complaint(setting, Severity.WARNS, f"{setting} {says}")


def careful(environment: str, setting: str, says: str) -> Complaint:
    """It stops a start with real money, and is a warning elsewhere."""
    return (stops if environment == PRODUCTION else warns)(setting, says)


def is_placeholder(text: str) -> bool:
    """Whether it is what an example has where the reader's own value belongs."""
    return _PLACEHOLDER.fullmatch(text) is not None


def is_shortcode(text: str) -> bool:
    """Whether it has the form of a paybill's or a till's number (daraja: paybill and till)."""
    return _SHORTCODE.fullmatch(text) is not None


def check_text(setting: str, text: str, *, is_list: bool = False) -> Iterator[Complaint]:
    """What no setting holds: characters that cannot be seen, and the quotes of a file that takes them literally."""
    hidden = next((each for each in text if unicodedata.category(each)[0] in "CZ" and each != " "), None)
    if hidden is not None and not (is_list and hidden.isspace()):
        if hidden in "\r\n":
            yield stops(setting, "holds a line break: write it in one line.")
        else:
            yield stops(setting, f"holds a character that cannot be seen (U+{ord(hidden):04X}): type it anew.")
    elif len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        yield stops(setting, "is written in quotes, which count as a part of it here: leave them out.")


def check_merchant(
    *, environment: str, key: str, secret: str, passkey: str, shortcode: str, till: str, buys_goods: bool
) -> Iterator[Complaint]:
    """Whether these can be a Daraja app and its shortcode, and belong together (daraja: paybill and till)."""
    if shortcode and not _SHORTCODE.fullmatch(shortcode):
        yield stops("MPESA_SHORTCODE", "must be 5 to 7 digits: the paybill, or the till's store number.")
    if till and not _SHORTCODE.fullmatch(till):
        yield stops("MPESA_TILL", "must be 5 to 7 digits: the till that receives the money.")
    if buys_goods and not till:
        yield stops("MPESA_TILL", "is not set: CustomerBuyGoodsOnline needs the till number that receives the money.")
    if _SHORTCODE.fullmatch(till) and not buys_goods:
        yield stops(
            "MPESA_TRANSACTION_TYPE",
            "is CustomerPayBillOnline beside MPESA_TILL, and a paybill has no till: set CustomerBuyGoodsOnline to be "
            "paid on the till, or remove MPESA_TILL.",
        )
    if environment == SIMULATOR:
        return
    for name, value in (("MPESA_CONSUMER_KEY", key), ("MPESA_CONSUMER_SECRET", secret), ("MPESA_PASSKEY", passkey)):
        if not value:
            continue
        if _PLACEHOLDER.fullmatch(value):
            yield stops(name, "is a placeholder: put in what Safaricom gave you (docs/settings.md).")
        elif not value.isascii() or " " in value or (name == "MPESA_CONSUMER_KEY" and ":" in value):
            yield stops(name, "holds a character that Safaricom's never have: copy it anew.")
        elif name == "MPESA_PASSKEY" and not _PASSKEY.fullmatch(value):
            yield warns(
                name, "has not the form of a passkey, which is 64 characters 0-9 and a-f: see that it is whole."
            )
    if environment == PRODUCTION and passkey == SANDBOX_PASSKEY:
        yield stops("MPESA_PASSKEY", "is the public sandbox passkey: use the one that Safaricom mailed at go-live.")
    if environment == PRODUCTION and shortcode == SANDBOX_SHORTCODE:
        yield stops("MPESA_SHORTCODE", "is the public sandbox shortcode: use your own paybill or store number.")


def check_callback_address(environment: str, url: str) -> Iterator[Complaint]:
    """Whether Daraja would take the address, could reach it, and would reach Pokea there (daraja: push validation
    errors)."""
    name = "MPESA_CALLBACK_URL"
    try:
        address = read_web_address(url)
    except ValueError as failure:
        yield stops(
            name,
            f"must be a whole address such as https://api.your-shop.co.ke{CALLBACK_PATHS[1]}: {failure}.",
        )
        return
    if address.query or address.fragment or address.has_user or "?" in url or "#" in url:
        yield stops(
            name, "must be an address without user, query and fragment: a payment's own id and token are added to it."
        )
    if _TOKEN_AT_THE_END.search(address.path):
        yield stops(name, "ends with a payment's token: leave the last part out, each payment's own is added to it.")
    elif "//" in address.path.rstrip("/"):
        yield stops(name, "has a doubled slash in its path, where nothing is served: write one.")
    elif not address.path.rstrip("/"):
        yield stops(name, f"has no path, and callbacks are taken at {CALLBACK_PATHS[1]}: add it.")
    elif not address.path.rstrip("/").endswith(CALLBACK_PATHS):
        says = f"does not end with {CALLBACK_PATHS[1]}, where callbacks are taken: add it, after a proxy's own prefix."
        yield careful(environment, name, says)
    if environment != SIMULATOR:
        yield from _check_callback_host(environment, address)
    if environment != SIMULATOR and url != url.lower():
        yield warns(name, "has capital letters, which Daraja is reported to refuse: write small ones.")
    words = [word for word in REFUSED_WORDS if word in url.lower()]
    if environment != SIMULATOR and words:
        says = f"holds `{words[0]}`, which Daraja is reported to refuse in production: use …{CALLBACK_PATHS[1]}."
        yield warns(name, says)


def _check_callback_host(environment: str, address: WebAddress) -> Iterator[Complaint]:
    name = "MPESA_CALLBACK_URL"
    if _PLACEHOLDER_HOST.fullmatch(address.host):
        yield stops(name, "has a placeholder for its host: put in the name by which the Internet reaches this service.")
    elif _DOCUMENTATION_HOST.fullmatch(address.host):
        yield warns(
            name, "has a host that is kept for examples (RFC 2606), where Daraja finds nothing: put in your own."
        )
    elif address.is_own_machine:
        says = "names this machine, and Daraja needs a public host: for trying out use a tunnel."
        yield careful(environment, name, says)
    elif address.is_private:
        yield careful(environment, name, "names a private network, and Daraja needs a public host.")
    if address.scheme != "https":
        yield careful(environment, name, "must begin with https:// in production: Daraja calls no plain address there.")


def check_daraja_address(environment: str, url: str) -> Iterator[Complaint]:
    """Whether MPESA_BASE_URL can be where this environment's Daraja is."""
    name = "MPESA_BASE_URL"
    try:
        address = read_web_address(url)
    except ValueError as failure:
        yield stops(name, f"must be a whole address such as https://{DARAJA_HOSTS['sandbox']}: {failure}.")
        return
    if address.query or address.fragment or address.has_user or "?" in url or "#" in url:
        yield stops(name, "must be an address without user, query and fragment.")
    if environment == PRODUCTION and address.scheme != "https":
        yield stops(name, "must begin with https:// in production: the consumer secret travels there.")
    others = {host: of for of, host in DARAJA_HOSTS.items() if of != environment}
    if address.host.rstrip(".") in others:
        of = others[address.host.rstrip(".")]
        yield stops(
            name, f"is Daraja's {of}, and MPESA_ENVIRONMENT is {environment}: remove MPESA_BASE_URL, or change one."
        )


def check_secrets(environment: str, secrets: Mapping[str, str]) -> Iterator[Complaint]:
    """Whether each can be guessed, and whether two are the same. In the order in which they are given."""
    seen: dict[str, str] = {}
    for name, value in secrets.items():
        if not value:
            continue
        if len(value.encode("utf-8", "surrogateescape")) < SHORTEST_SECRET_BYTES:
            yield stops(
                name,
                f"is too short: use {SHORTEST_SECRET_BYTES} characters or more, as `openssl rand -hex 32` makes them.",
            )
        elif _PLACEHOLDER.fullmatch(value) or is_guessed_easily(value):
            yield careful(environment, name, "can be guessed: make it with `openssl rand -hex 32`.")
        elif value in seen:
            says = f"is the same as {seen[value]}, so that who learns one has both: give each its own."
            yield careful(environment, name, says)
        seen.setdefault(value, name)


def check_metrics_token(environment: str, token: str, secrets: Mapping[str, str]) -> Iterator[Complaint]:
    """Whether a header can hold the token, and it opens nothing else. It stands in the scraper's own settings."""
    name = "POKEA_METRICS_TOKEN"
    if token and not _IN_A_HEADER.fullmatch(token):
        yield stops(name, "holds a blank or a character that no header holds: make it with `openssl rand -hex 32`.")
    other = next((other for other, value in secrets.items() if value and value == token), None)
    if other is not None:
        yield careful(environment, name, f"is the same as {other}, which the scraper then has too: give it its own.")


def is_guessed_easily(secret: str) -> bool:
    """Whether few characters, a short piece over and over, or steps along the alphabet make the whole of it."""
    pairs = set(pairwise(secret))
    steps = {ord(after) - ord(before) for before, after in pairs}
    return len(set(secret)) < _FEWEST_CHARACTERS or len(pairs) < _FEWEST_PAIRS or len(steps) < _FEWEST_STEPS


def check_tokens(*, environment: str, jwks_url: str, issuer: str, audience: str) -> Iterator[Complaint]:
    """Whether an issuer's keys can be read, and its tokens be distinguished from those for others."""
    if not jwks_url:
        return
    if not (issuer and audience):
        yield stops("POKEA_JWKS_URL", "needs POKEA_JWT_ISSUER and POKEA_JWT_AUDIENCE: set both.")
    try:
        address = read_web_address(jwks_url)
    except ValueError as failure:
        yield stops("POKEA_JWKS_URL", f"must be the whole address of the issuer's keys, with https://: {failure}.")
        return
    if address.has_user or address.fragment:
        yield stops("POKEA_JWKS_URL", "must be an address without user and fragment.")
    if environment == PRODUCTION and address.scheme != "https":
        yield stops(
            "POKEA_JWKS_URL",
            "must begin with https:// in production: who is in the way of these keys could sign any token.",
        )


def check_sites(environment: str, origins: Sequence[str]) -> Iterator[Complaint]:
    """Whether a browser can ever send each of these as the Origin of a page (RFC 6454)."""
    name = "POKEA_ALLOWED_ORIGINS"
    for origin in origins:
        if origin == "*":
            yield careful(environment, name, "is *, which lets the pages of every site in: name the sites.")
            continue
        fault = _fault_of_origin(origin)
        if fault is not None:
            yield stops(name, f"holds {origin!r}, which no browser sends: {fault}.")
        elif environment == PRODUCTION and origin.startswith("http://"):
            yield stops(name, f"holds {origin!r}: in production sites are https, since their pages carry tokens.")


def _fault_of_origin(origin: str) -> str | None:
    """Why no page has this origin; None where one can."""
    text = origin.rstrip("/")
    scheme, separator, place = text.partition("://")
    faults = (
        (not (separator and place), "write scheme and host, such as https://shop.example"),
        ("*" in text, "each site is named whole, without *"),
        (scheme.lower() in _NO_SITES, "pages of a site begin with https:// or http://"),
        (text != text.lower(), "browsers write it in small letters"),
        (not text.isascii(), "browsers write such a host as xn--…"),
    )
    fault = next((says for is_so, says in faults if is_so), None)
    # Pages inside an app for phones come from schemes such as capacitor://localhost.
    return fault if fault or scheme not in _DEFAULT_PORTS else _fault_of_site(text)


def _fault_of_site(text: str) -> str | None:
    try:
        address = read_web_address(text)
    except ValueError as failure:
        return str(failure)
    if address.path or address.has_user or "?" in text or "#" in text:
        return "it is scheme, host and port alone, without a path"
    if address.port == _DEFAULT_PORTS[address.scheme]:
        return f"browsers leave the port :{address.port} out"
    return None


def check_networks(environment: str, name: str, networks: Sequence[IPv4Network | IPv6Network]) -> Iterator[Complaint]:
    """Whether a list of networks leaves any address out. `name` is the setting's."""
    for network in collapse(networks):
        widest = 8 if network.version == 4 else 16  # noqa: PLR2004 - the versions of IP
        if network.prefixlen < widest and not network.is_private:
            says = f"holds so much of the Internet ({network}) that strangers are believed: name the machines."
            yield careful(environment, name, says)


def collapse(networks: Sequence[IPv4Network | IPv6Network]) -> list[IPv4Network | IPv6Network]:
    """The networks, neighbours put together, since two halves of the Internet are the Internet."""
    four = [network for network in networks if isinstance(network, IPv4Network)]
    six = [network for network in networks if isinstance(network, IPv6Network)]
    return [*collapse_addresses(four), *collapse_addresses(six)]


def _read_of(name: str, url: str) -> tuple[DatabaseAddress | None, list[Complaint]]:
    """The database's address, or what is wrong with it."""
    try:
        return read_database_address(url), []
    except ValueError as failure:
        return None, [stops(name, f"{failure}.")]


def check_database_address(url: str) -> Iterator[Complaint]:
    """Whether it names a database that all connections share, in a form that can be read in one way only."""
    yield from _read_of("POKEA_DATABASE_URL", url)[1]


def check_notices_address(url: str, primary_url: str) -> Iterator[Complaint]:
    """Whether changes of the primary can be heard of at this address."""
    name = "POKEA_NOTICES_URL"
    address, unreadable = _read_of(name, url)
    yield from unreadable
    if address is not None and address.is_file:
        yield stops(name, "is of SQLite, which has no notices: remove it, or name PostgreSQL itself.")
    elif address is not None and primary_url.startswith("sqlite:"):
        yield warns(name, "is set beside SQLite, which has no notices: it counts for nothing, so remove it.")


def check_read_address(url: str, primary_url: str) -> Iterator[Complaint]:
    """Whether a standby of the primary can be at this address."""
    name = "POKEA_READ_URL"
    address, unreadable = _read_of(name, url)
    yield from unreadable
    if address is None:
        return
    if address.is_file or primary_url.startswith("sqlite:"):
        yield stops(name, "is set, and SQLite has no standby: remove it, or let both addresses be of PostgreSQL.")
        return
    # A fault of the primary's address has a complaint of its own.
    primary, _ = _read_of("POKEA_DATABASE_URL", primary_url)
    if address == primary:
        yield warns(name, "is the address of the primary, which is no standby and is not read so: name the standby.")
