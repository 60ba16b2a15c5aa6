"""The language in which a caller's customer reads."""

from starlette.requests import Request


def language_of(request: Request) -> str:
    """`sw` when the caller's first language is Kiswahili, else `en`."""
    return "sw" if request.headers.get("accept-language", "").strip().lower().startswith("sw") else "en"
