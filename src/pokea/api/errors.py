"""What a failure looks like over HTTP: one envelope, filled from the catalogue in `pokea.errors`."""

import logging
from collections.abc import Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ExceptionHandler

from pokea.api.callback_address import callback_address
from pokea.api.person_page import refusal_page, wants_page
from pokea.api.responses import JSON, json_answer
from pokea.errors import ApiError, OutcomeUnknown, Unavailable

_INVALID_CALLBACK = b'{"ResultCode":1,"ResultDesc":"Invalid callback"}'
_CALLBACK_STATUSES = (400, 408, 413)
_SHED_SECONDS = 2
_NOT_KNOWN = (
    "The database has not said whether this was done. Repeat the call with the same Idempotency-Key; without one, look "
    "first whether it was done."
)

_logger = logging.getLogger(__name__)


def internal_error() -> ApiError:
    """The error when something in Pokea failed; it says nothing of what it was."""
    return ApiError(
        "internal_error", "Something went wrong on our side. Look at the payment's status before trying again."
    )


def method_not_allowed(method: str, allowed: Iterable[str]) -> ApiError:
    """The error for a method that an address does not take."""
    return ApiError("method_not_allowed", f"This address does not take {method}; it takes {', '.join(allowed)}.")


def is_callback(path: str) -> bool:
    """Whether Daraja, which has no use for our envelope, calls this address."""
    return callback_address(path) is not None


def problem_body(refusal: ApiError, request_id: str) -> dict[str, Any]:
    """The envelope of a refusal; at its top level stand what is extra and, where waiting helps, how long."""
    wait = {} if refusal.retry_after_seconds is None else {"retryAfterSeconds": refusal.retry_after_seconds}
    return {
        "success": False,
        "message": refusal.message,
        "code": refusal.code,
        "errors": [{"field": error.field, "message": error.message} for error in refusal.errors],
        "requestId": request_id,
        **wait,
        **refusal.extra,
    }


def problem_response(refusal: ApiError, scope: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a refused request; a callback that is refused gets the guide's body instead of the envelope."""
    state = scope.get("state", {})
    state["code"] = refusal.code
    status = refusal.problem.status
    sent = dict(headers or {})
    if refusal.retry_after_seconds is not None:
        sent["Retry-After"] = str(refusal.retry_after_seconds)
    if status == HTTPStatus.UNAUTHORIZED:
        sent["WWW-Authenticate"] = "Bearer"
    if status in _CALLBACK_STATUSES and is_callback(scope["path"]):
        return Response(_INVALID_CALLBACK, status, sent, JSON)
    request_id = state.get("request_id", "")
    if wants_page(scope, status):
        return refusal_page(scope, status, request_id, sent)
    return json_answer(problem_body(refusal, request_id), status, sent)


def failure_response(failure: Exception, scope: MutableMapping[str, Any]) -> Response:
    """The answer to a request that failed: refused on purpose, or shed, or for a reason that is logged and not
    shown."""
    if isinstance(failure, ApiError):
        return problem_response(failure, scope)
    if isinstance(failure, OutcomeUnknown):
        scope.setdefault("state", {})["shed"] = f"the outcome is unknown: {failure}"
        return problem_response(ApiError("outcome_unknown", _NOT_KNOWN, retry_after_seconds=_SHED_SECONDS), scope)
    if isinstance(failure, Unavailable):
        # Not logged here, one by one, because there may be thousands a second: `ShedLog` counts them.
        scope.setdefault("state", {})["shed"] = str(failure)
        message = failure.message or "The service is busy or its database is away; try again shortly."
        return problem_response(ApiError("unavailable", message, retry_after_seconds=_SHED_SECONDS), scope)
    _logger.error("unhandled exception in a request; the caller got internal_error", exc_info=failure)
    return problem_response(internal_error(), scope)


async def _failed(request: Request, failure: Exception) -> Response:
    return failure_response(failure, request.scope)


async def _http(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, HTTPException)  # noqa: S101 - the handler is registered for this type alone
    if failure.status_code == HTTPStatus.NOT_FOUND:
        return problem_response(ApiError("not_found", "There is nothing at this address."), request.scope)
    if failure.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = [*_allowed_methods(request)]
        return problem_response(
            method_not_allowed(request.method, allowed), request.scope, {"Allow": ", ".join(allowed)}
        )
    if failure.status_code == HTTPStatus.BAD_REQUEST:
        return problem_response(ApiError("malformed_body", "The body cannot be read as JSON."), request.scope)
    raise failure


def _allowed_methods(request: Request) -> Iterable[str]:
    # A route knows only its own methods; the header names those of every route at the address.
    for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"):
        scope = {**request.scope, "method": method, "path_params": {}}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            yield method


def exception_handlers() -> dict[Any, ExceptionHandler]:
    """The handlers for everything that is refused on purpose; what is left is `internal_error`."""
    return {
        ApiError: _failed,
        OutcomeUnknown: _failed,
        Unavailable: _failed,
        HTTPException: _http,
    }
