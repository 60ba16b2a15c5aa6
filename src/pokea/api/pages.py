"""The built pages, read once from the package and served from memory.

Files with a hash in their name never change and are kept by browsers for ever; the rest is asked for again each time.
No page may run an inline script or reach another site.
"""

import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pokea.api.responses import json_answer

FOLDER: Final = Path(__file__).parents[1] / "pages"
_MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_CODINGS: Final = {"br": ".br", "gzip": ".gz"}
"""Compressed forms by the ending of the file beside; browsers take brotli over HTTPS, and it is a tenth shorter."""
_FOREVER: Final = "public, max-age=31536000, immutable"


class BuiltFile(NamedTuple):
    """A file as it is sent, plain and by the codings that it also has, the shortest first; `tag` names its content."""

    content: bytes
    coded: Mapping[str, bytes]
    media_type: str
    tag: str


def read_pages(folder: Path = FOLDER) -> dict[str, BuiltFile]:
    """The built files by their path below the folder; empty where nothing was built."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in _MEDIA_TYPES)
    return {path.relative_to(folder).as_posix(): _built(path) for path in files}


def _built(path: Path) -> BuiltFile:
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    # The build compresses scripts and styles: the reference's script would make each start 0.1 s longer.
    beside = {coding: path.with_name(path.name + ending) for coding, ending in _CODINGS.items()}
    coded = {coding: file.read_bytes() for coding, file in beside.items() if file.exists()}
    return BuiltFile(content, coded or {"gzip": gzip.compress(content, 9, mtime=0)}, _MEDIA_TYPES[path.suffix], tag)


def asset_routes(pages: Mapping[str, BuiltFile]) -> list[BaseRoute]:
    """The files that pages refer to by hashed names."""

    async def asset(request: Request) -> Response:
        file = pages.get(f"assets/{request.path_params['name']}")
        return _missing() if file is None else _answer(request, file, {"Cache-Control": _FOREVER})

    return [Route("/pages/assets/{name}", asset)]


def checkout_routes(pages: Mapping[str, BuiltFile]) -> list[BaseRoute]:
    """The drop-in: any site may load it, and POKEA_ALLOWED_ORIGINS decides on which it works."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        # One page view needs no round trip for it; five minutes are how long a release may take to arrive.
        "Cache-Control": "public, max-age=300, stale-while-revalidate=3600",
    }
    return [_route("/checkout.js", pages, "checkout.js", headers)]


def shop_routes(pages: Mapping[str, BuiltFile], config: Mapping[str, object], phone_origin: str) -> list[BaseRoute]:
    """The demo's shop, and beside it the phone: each in a frame of its own, since the checkout closes off its page."""

    async def configuration(_request: Request) -> Response:
        return json_answer(dict(config), headers={"Cache-Control": "no-store"})

    policy = _policy(f"frame-src 'self' {phone_origin}", "frame-ancestors 'self'")
    return [
        Route("/", _leads_to("demo")),
        _route("/demo", pages, "shop/index.html", policy),
        Route("/demo/config.json", configuration),
    ]


def handset_routes(pages: Mapping[str, BuiltFile], shop_origins: Sequence[str] = ()) -> list[BaseRoute]:
    """The simulator's phones; the demo's shop may show them in a frame."""
    policy = _policy(" ".join(["frame-ancestors 'self'", *shop_origins]))
    return [
        Route("/", _leads_to("sim")),
        _route("/sim", pages, "handset/index.html", policy),
        *asset_routes(pages),
    ]


def _leads_to(path: str) -> Callable[[Request], Awaitable[Response]]:
    """What stands at the root of a port whose one page is `path`, relative to it."""

    async def redirect(_request: Request) -> Response:
        return RedirectResponse(path, 307)

    return redirect


def reference_routes(pages: Mapping[str, BuiltFile]) -> list[BaseRoute]:
    """The reference of the API: Swagger UI on the OpenAPI document, whose style has its signs inside as `data:`."""
    policy = _policy("frame-ancestors 'none'", images="'self' data:")
    return [_route("/docs", pages, "reference/index.html", policy)]


def _policy(*more: str, images: str = "'self'") -> dict[str, str]:
    own = (f"{kind} 'self'" for kind in ("script-src", "style-src", "connect-src"))
    rules = ["default-src 'none'", *own, f"img-src {images}", "base-uri 'none'", "form-action 'none'", *more]
    return {"Content-Security-Policy": "; ".join(rules), "X-Content-Type-Options": "nosniff"}


def _route(path: str, pages: Mapping[str, BuiltFile], name: str, headers: Mapping[str, str]) -> Route:
    async def page(request: Request) -> Response:
        file = pages.get(name)
        return _missing() if file is None else _answer(request, file, {"Cache-Control": "no-cache", **headers})

    return Route(path, page)


def _answer(request: Request, file: BuiltFile, headers: Mapping[str, str]) -> Response:
    sent = {**headers, "ETag": file.tag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=sent)
    accepted = {each.partition(";")[0].strip() for each in request.headers.get("accept-encoding", "").split(",")}
    for coding, content in file.coded.items():
        if coding in accepted:
            return Response(content, headers={**sent, "Content-Encoding": coding}, media_type=file.media_type)
    return Response(file.content, headers=sent, media_type=file.media_type)


def _missing() -> Response:
    return Response("This page was not built: run `make setup`.\n", 404, media_type="text/plain")
