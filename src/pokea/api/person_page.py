"""Small pages for people who open an address of the API in a browser; programs get the envelope of `problems`."""

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from pokea.addresses import way_to_root

STYLESHEET_PATH: Final = "/page.css"
STYLESHEET: Final = """
:root { color-scheme: light dark; --quiet: #6b6b6b; }
@media (prefers-color-scheme: dark) { :root { --quiet: #a8a8a8; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; overflow-wrap: anywhere; }
h1 { line-height: 1.2; }
.quiet { color: var(--quiet); }
"""
_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_TITLES: Final = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address",
    HTTPStatus.UNAUTHORIZED: "This address is for programs that bring a token",
}
_HELP: Final = {
    HTTPStatus.NOT_FOUND: "Look at how the address is spelt.",
    HTTPStatus.UNAUTHORIZED: "A browser brings none. Send <code>Authorization: Bearer</code> and the token; "
    "<code>pokea token</code> makes one.",
}


def wants_page(scope: Mapping[str, Any], status: int) -> bool:
    """Whether a person's browser asked for the page that has become this refusal."""
    if scope.get("method") not in ("GET", "HEAD") or status not in _TITLES:
        return False
    accepted = next((value for name, value in scope.get("headers", ()) if name == b"accept"), b"")
    return b"text/html" in accepted


def refusal_page(scope: Mapping[str, Any], status: int, request_id: str, headers: Mapping[str, str]) -> Response:
    """The page of a refusal, with the same status and headers as its envelope; at `/` it says what runs here."""
    path = str(scope["path"])
    root = way_to_root(path)
    if path == "/" and status == HTTPStatus.NOT_FOUND:
        return _page("Pokea runs here", "It takes M-PESA payments for bookings.", HTTPStatus.OK, headers)
    shorter = path.rstrip("/")
    # A path that begins with two slashes would be a link to another site.
    meant = shorter if path != shorter and not shorter.startswith("//") else ""
    link = root + meant.removeprefix("/")
    hint = f' Did you mean <a href="{escape(link)}"><code>{escape(meant)}</code></a>?' if meant else ""
    reference = f'<p class="quiet">Request {escape(request_id)}</p>' if request_id else ""
    text = _HELP[HTTPStatus(status)] + hint
    return _page(_TITLES[HTTPStatus(status)], text, status, headers, root=root, more=reference)


def _page(
    title: str, text: str, status: int, headers: Mapping[str, str], *, root: str = "", more: str = ""
) -> Response:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title} · Pokea</title><link rel="stylesheet" href="{root}{STYLESHEET_PATH[1:]}"></head>'
        f"<body><main><h1>{title}</h1><p>{text}</p>"
        f'<p>The calls are described in <a href="{root}docs">the reference</a>.</p>{more}</main></body></html>'
    )
    sent = {**headers, "Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "Vary": "Accept"}
    return Response(html, status, sent, "text/html")
