"""How `/sim/api` answers: documents as JSON, and refusals in the shape of the service's own errors."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from pokea.daraja import wire
from pokea.errors import ApiError

_SAFE_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def json_response(document: Any, status: int = 200) -> Response:
    """A document as JSON."""
    return Response(wire.encode(document), status, dict(_SAFE_HEADERS), media_type="application/json")


def problem(status: int, code: str, message: str, errors: list[dict[str, str]] | None = None) -> Response:
    """What went wrong, in the shape of the service's own errors."""
    return json_response({"success": False, "message": message, "code": code, "errors": errors or []}, status)


def refusal_response(request: Request, refusal: Exception) -> Response:
    """An ApiError as HTTP."""
    assert isinstance(refusal, ApiError)  # noqa: S101  # the handler is registered for this type alone
    errors = [{"field": error.field, "message": error.message} for error in refusal.errors]
    return problem(refusal.problem.status, refusal.code, refusal.message, errors)
