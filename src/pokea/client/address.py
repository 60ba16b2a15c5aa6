"""The address of a service, as it is written in a setting."""

from urllib.parse import urlsplit

from pokea.client.calls import API


def service_address(url: str) -> str:
    """The address without a slash or the API's own path at its end. Raises ValueError for what is no web address."""
    text = url.strip().rstrip("/").removesuffix(API).rstrip("/")
    parts = urlsplit(text)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise ValueError(f"{url!r} is no address of a service, such as https://pay.example.com")
    return text
