"""The application, and its OpenAPI document: the routes as they are described, the error envelope and the token."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from pokea.api.fast_path import FastRoutes
from pokea.api.middleware import RequestContext
from pokea.errors import CATALOGUE, Problem

TOKEN = "bearer"  # noqa: S105 - the name of the scheme, not a token
_ALWAYS = ("internal_error", "unavailable")
_WITH_TOKEN = ("unauthenticated", "forbidden")
EXAMPLE_REQUEST_ID = "req_01m8emqnjgz6hzjhed8a1jtf9n"
_COMPONENT = "#/components/schemas/{model}"
_WITH_BODY = ("invalid_request", "malformed_body", "request_timeout", "too_large")

_TOKEN_SCHEME: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "Claims: `sub`, `exp`, and `scope` with `payments:write`, `payments:read` and "
    "`bookings:write` for customers (their own objects only), `refunds:write`, `payouts:write` and "
    "`out:approve` for those who move money out, or `admin` (all). Approvals need `auth_time`, a sign-in of "
    "the last 5 minutes.",
}

Document = dict[str, Any]


class Application(Starlette):
    """Starlette with a document: `info` says whose, and `describe` puts a route into it.

    `around` surrounds all of Starlette's own layers, the first of them outermost. `framing` and `shortcuts` are
    for the protocol, which answers calls before they reach any layer (`protocol.py`).
    """

    def __init__(
        self,
        framing: RequestContext,
        shortcuts: FastRoutes,
        info: Mapping[str, str],
        *,
        around: Sequence[Middleware] = (),
        **options: Any,
    ) -> None:
        self.framing = framing
        self.shortcuts = shortcuts
        self._around = around
        self._info = info
        self._described: list[tuple[str, str, Mapping[str, Any]]] = []
        self._document: Document | None = None
        super().__init__(**options)
        # Who asks for an address with a slash too many has the wrong address, and is not sent elsewhere.
        self.router.redirect_slashes = False

    def build_middleware_stack(self) -> ASGIApp:
        """Starlette's layers, and what surrounds them."""
        stack = super().build_middleware_stack()
        for layer in reversed(self._around):
            stack = layer.cls(stack, *layer.args, **layer.kwargs)
        return stack

    def describe(self, path: str, method: str, operation: Mapping[str, Any]) -> None:
        """Put a route into the document."""
        self._described.append((path, method.lower(), operation))
        self._document = None

    def openapi(self) -> Document:
        """The document, made anew when routes were described since it was last asked for."""
        if self._document is None:
            self._document = document_of(self._info, self._described)
        return self._document


def refusals(*codes: str, token: bool = True, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI responses of a call that may be refused with these codes, besides those of any such call.

    Raises KeyError for a code that is not in the catalogue.
    """
    every = (*codes, *(_WITH_TOKEN if token else ()), *(_WITH_BODY if body else ()), *_ALWAYS)
    by_status: dict[int | str, list[Problem]] = {}
    for problem in sorted({CATALOGUE[code] for code in every}, key=lambda problem: (problem.status, problem.code)):
        by_status.setdefault(problem.status, []).append(problem)
    return {
        status: {"description": " ".join(_line(problem) for problem in problems), "content": _problems(problems)}
        for status, problems in by_status.items()
    }


def _line(problem: Problem) -> str:
    return f"`{problem.code}`: {problem.when}"


def _problems(problems: Sequence[Problem]) -> dict[str, Any]:
    """The body of a refusal, with an example for each of its codes."""
    examples = {
        problem.code: {
            "summary": problem.when,
            "value": {
                "success": False,
                "message": f"{problem.when} {problem.fix}",
                "code": problem.code,
                "errors": [],
                "requestId": EXAMPLE_REQUEST_ID,
            },
        }
        for problem in problems
    }
    return {"application/json": {"schema": {"$ref": _COMPONENT.format(model="Problem")}, "examples": examples}}


def takes(model: type[BaseModel], example: Mapping[str, Any]) -> dict[str, Any]:
    """The OpenAPI request body of a call that reads this model by itself; its parts stand where they are used."""
    content = {"schema": _whole_schema(model), "example": dict(example)}
    return {"required": True, "content": {"application/json": content}}


@cache
def _whole_schema(model: type[BaseModel]) -> Any:
    """The schema of a body, made once a process: a universe makes hundreds of services."""
    schema = model.model_json_schema(by_alias=True)
    return _with_parts(schema, schema.pop("$defs", {}))


def _with_parts(schema: Any, parts: Mapping[str, Any]) -> Any:
    """The schema with each reference to one of its parts replaced by the part. No part holds itself."""
    if isinstance(schema, list):
        return [_with_parts(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    part = parts.get(schema.get("$ref", "").rpartition("/")[2], {})
    own = {key: value for key, value in schema.items() if not (part and key == "$ref")}
    return {key: _with_parts(value, parts) for key, value in ({**part, **own}).items()}


def answers(description: str, model: type[BaseModel], example: Mapping[str, Any]) -> dict[str, Any]:
    """The OpenAPI response of a call whose body has this model's form; the schema stands among the components."""
    content = {"schema": _schema_of_answer(model), "example": dict(example)}
    return {"description": description, "content": {"application/json": content}}


@cache
def _schema_of_answer(model: type[BaseModel]) -> Mapping[str, Any]:
    schema = model.model_json_schema(by_alias=True, mode="serialization", ref_template=_COMPONENT)
    parts = schema.pop("$defs", {}) | {model.__name__: schema}
    return {"$ref": _COMPONENT.format(model=model.__name__), "$defs": parts}


@cache
def query_parameters(model: type[BaseModel]) -> Sequence[Mapping[str, Any]]:
    """The OpenAPI parameters of a query that this model reads: each with its meaning, its type and its values.

    Raises ValueError for a field without a description.
    """
    schema = model.model_json_schema(by_alias=True)
    return [_query_parameter(name, field, schema.get("$defs", {})) for name, field in schema["properties"].items()]


def _query_parameter(name: str, field: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    if "description" not in field:
        raise ValueError(f"{name} has no description")
    # What may be left out is null to the program; in an address it is not there.
    kinds = [kind for kind in field.get("anyOf", [field]) if kind != {"type": "null"}]
    found = {key: value for kind in kinds for key, value in kind.items()}
    found |= parts.get(found.pop("$ref", "").rpartition("/")[2], {})
    default = {} if field.get("default") is None else {"default": field["default"]}
    schema = {key: value for key, value in found.items() if key not in ("title", "description", "default")} | default
    return {"name": name, "in": "query", "required": False, "description": field["description"], "schema": schema}


def path_id(name: str, description: str, example: str) -> dict[str, Any]:
    """The OpenAPI parameter of an id in the path."""
    schema = {"type": "string", "maxLength": 64}
    return {
        "name": name, "in": "path", "required": True, "description": description, "schema": schema, "example": example
    }  # fmt: skip


def header(name: str, text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The OpenAPI parameter of an optional request header."""
    return {"name": name, "in": "header", "required": False, "description": text, "schema": dict(schema)}


IDEMPOTENCY_KEY = header(
    "Idempotency-Key",
    "A value of your choice, for 24 hours: the same key with the same body is answered as it was the first time, "
    "with `Idempotency-Replayed: true`, and does nothing again.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
)
IDEMPOTENCY_KEY_REQUIRED = IDEMPOTENCY_KEY | {"required": True}
"""The same of a call that may move money, and has to have one."""
NEEDS_TOKEN: Sequence[Mapping[str, Sequence[str]]] = ({TOKEN: ()},)


def document_of(info: Mapping[str, str], described: Sequence[tuple[str, str, Mapping[str, Any]]]) -> Document:
    """The document of these routes: path, method and operation of each; one envelope, and one security scheme."""
    paths: Document = {}
    schemas: Document = {}
    for path, method, operation in described:
        # The caller's own parts are moved, so that what was described stays as it is.
        responses = {str(status): deepcopy(answer) for status, answer in operation.get("responses", {}).items()}
        schemas |= _parts_of(responses)
        paths.setdefault(path, {})[method] = {**operation, "responses": responses}
    schemas["Problem"] = problem_schema()
    components = {"schemas": schemas, "securitySchemes": {TOKEN: _TOKEN_SCHEME}}
    return {"openapi": "3.1.0", "info": dict(info), "paths": paths, "components": components}


def _parts_of(responses: Mapping[str, Any]) -> Document:
    """The models inside these responses' own, taken out of them to stand among the components."""
    found: Document = {}
    for response in responses.values():
        for content in response.get("content", {}).values():
            found |= content.get("schema", {}).pop("$defs", {})
    return found


def problem_schema() -> dict[str, Any]:
    """The schema of the error envelope; the codes and their meaning come from the catalogue."""
    text = {"type": "string"}
    meaning = "\n".join(
        f"- `{problem.code}` ({problem.status}): {problem.when} {problem.fix}" for problem in CATALOGUE.values()
    )
    return {
        "title": "Problem",
        "type": "object",
        "description": f"What every refused call answers.\n\n{meaning}",
        "required": ["success", "message", "code", "errors", "requestId"],
        "properties": {
            "success": {"type": "boolean", "const": False},
            "message": {**text, "description": "A sentence for a person: what is wrong and what to do."},
            "code": {**text, "enum": list(CATALOGUE)},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {"field": text, "message": text},
                },
            },
            "retryAfterSeconds": {
                "type": "integer",
                "minimum": 1,
                "description": "Where waiting helps: so long, as in the `Retry-After` header.",
            },
            "requestId": {**text, "description": "Also in the `X-Request-Id` header, and in the service's log."},
        },
        "additionalProperties": True,
    }
