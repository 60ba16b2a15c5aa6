"""The generated modules of `pokea.client`: its models, from our OpenAPI, and its errors, from the catalogue."""

import json
import re
import secrets
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from pokea.app import Ports, Service
from pokea.clock import SystemClock
from pokea.errors import CATALOGUE, Fault, Problem
from pokea.settings import given_settings
from pokea.storage.database import open_database
from pokea.transport import HttpTransport

MODELS: Final = (
    "BookingBody", "Transaction", "PushData", "LinkBody", "WebhookBody", "DeliveryBody", "EventBody",
    "RefundBody", "PayoutBody", "PayeeBody",
)  # fmt: skip
"""The schemas that a caller of the client gets, with what they are made of; one that the API lacks is passed over."""
CALLED: Final = (
    "/api/v1/bookings", "/api/v1/payments/mpesa/stkpush", "/api/v1/payments/mpesa/status/{transactionId}",
    "/api/v1/payments/mpesa/history", "/api/v1/links", "/api/v1/webhooks", "/api/v1/events", "/api/v1/refunds",
    "/api/v1/payouts", "/api/v1/payees",
)  # fmt: skip
"""What the clients call begins so."""
RENAMED: Final = {"Transaction": "Payment", "PushData": "Push"}
_HOUSE: Final = Path(__file__).parent.parent
_REF: Final = "#/components/schemas/"
_WIDTH: Final = 120
_TYPES: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_GROUPS: Final = {
    Fault.CALLER: ("CallerMistake", "The call is wrong: the program that sent it is to be mended."),
    Fault.CUSTOMER: ("CustomerMatter", "The customer or the state of the booking stands in the way."),
    Fault.DARAJA: ("DarajaTrouble", "M-PESA refused the request, or cannot be reached; no prompt was sent."),
    Fault.OURS: ("ServiceTrouble", "The service failed or is overloaded."),
    Fault.UNKNOWN: ("ChangeNotKnown", "The service cannot say whether it made the change."),
}


@cache
def openapi_document() -> Mapping[str, Any]:
    """The API's own description, of a service that is built and never started."""
    with tempfile.TemporaryDirectory() as folder:
        settings = given_settings(
            mpesa_environment="simulator",
            mpesa_callback_url="http://127.0.0.1:8000/api/v1/payments/mpesa/callback",
            pokea_database_url=f"sqlite:///{folder}/none.sqlite3",
            pokea_secret_key=secrets.token_hex(),
            pokea_jwt_secret=secrets.token_hex(),
        )
        database = open_database(settings.pokea_database_url)
        try:
            ports = Ports(database, HttpTransport(), SystemClock(), secrets.token_bytes)
            return Service(settings, ports).application.openapi()
        finally:
            database.close()


def models_module() -> str:
    """The text of `pokea/client/models.py`."""
    return _module_of(openapi_document()["components"]["schemas"])


def _module_of(schemas: Mapping[str, Any]) -> str:
    names = _closure(schemas, [name for name in MODELS if name in schemas])
    choices = [name for name in names if "enum" in schemas[name]]
    structs = [name for name in names if "enum" not in schemas[name]]
    lines = [
        '"""What the service answers, as values. Written by `make docs` from our OpenAPI.',
        "",
        "A field that the service adds later is passed over, and a new word of a closed list is taken as it is, so",
        "that an older client goes on working. Amounts are in shillings, instants are aware and in UTC.",
        '"""',
        "",
        "from datetime import datetime",
        "from typing import TYPE_CHECKING, Literal, TypeAlias",
        "",
        "from msgspec import Struct",
        "",
        "if TYPE_CHECKING:",
    ]
    for name in choices:
        values = ", ".join(f'"{value}"' for value in schemas[name]["enum"])
        lines.append(f"    {_named(name)}: TypeAlias = Literal[{values}]")
    lines += ["else:", "    # At run time any text is taken: a newer service may have more words."]
    lines += [f"    {_named(name)} = str" for name in choices]
    for name in structs:
        lines += ["", "", *_struct(name, schemas[name])]
    return _formatted("\n".join(lines) + "\n")


def _formatted(code: str) -> str:
    """The code as `make format` leaves it."""
    command = [str(Path(sys.executable).parent / "ruff"), "format", "--stdin-filename", "generated.py", "-"]
    done = subprocess.run(command, input=code, cwd=_HOUSE, capture_output=True, encoding="utf-8", check=True)  # noqa: S603 - our own linter
    return done.stdout


def _closure(schemas: Mapping[str, Any], wanted: Sequence[str]) -> list[str]:
    """The wanted schemas after what they are made of, so that each name is defined before it is used."""
    found: list[str] = []
    for name in wanted:
        parts = re.findall(rf"'{_REF}(\w+)'", str(schemas[name]))
        found += [each for each in _closure(schemas, [*dict.fromkeys(parts)]) if each not in found]
        found += [name] if name not in found else []
    return found


def _named(schema: str) -> str:
    return RENAMED.get(schema, schema.removesuffix("Body"))


def _struct(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f'class {_named(name)}(Struct, frozen=True, kw_only=True, rename="camel"):'
    yield from _docstring(schema["description"], 4)
    yield ""
    required = schema.get("required", ())
    for field, form in schema["properties"].items():
        kind = _kind(field, form)
        default = "" if field in required else f" = {_default(form)}"
        if default == " = None" and "None" not in kind:
            kind += " | None"
        yield f"    {_snake(field)}: {kind}{default}"
        if form.get("description"):
            yield from _docstring(form["description"], 4)


def _docstring(text: str, indent: int) -> Iterator[str]:
    end = "" if text.endswith((".", "?", "!")) else "."
    yield from textwrap.wrap(f'"""{text}{end}"""', _WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent)


def _kind(field: str, form: Mapping[str, Any]) -> str:
    if "anyOf" in form:
        kinds = [_kind(field, each) for each in form["anyOf"]]
        return " | ".join(dict.fromkeys(kinds))
    if "$ref" in form:
        return _named(form["$ref"].removeprefix(_REF))
    if form.get("type") == "array":
        return f"tuple[{_kind('', form['items'])}, ...]"
    if form.get("type") == "object" or "type" not in form:
        return "dict[str, object]"
    # Every field whose name ends so is an instant; some of the schemas only say that it is a text.
    is_instant = form["type"] == "string" and (field.endswith("At") or form.get("format") == "date-time")
    return "datetime" if is_instant else _TYPES[form["type"]]


def _default(form: Mapping[str, Any]) -> str:
    if "default" not in form:
        return "None"
    default = form["default"]
    if isinstance(default, str):
        return f'"{default}"'
    return "()" if default == [] else repr(default)


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)


def problems_module() -> str:
    """The text of `pokea/client/problems.py`: a class for each code, under the class of whose matter it is."""
    lines = [
        '"""The refusals of the service, by whose matter they are and by code. Written by `make docs`."""',
        "",
        "from typing import Final",
        "",
        "from pokea.client.failures import CallRefused",
    ]
    by_fault = sorted(CATALOGUE.values(), key=lambda problem: list(_GROUPS).index(problem.fault))
    classes: list[tuple[str, str]] = []
    for fault, problems in groupby(by_fault, key=lambda problem: problem.fault):
        group, meaning = _GROUPS[fault]
        lines += ["", "", f"class {group}(CallRefused):", f'    """{meaning}"""']
        for problem in problems:
            classes.append((problem.code, _class_name(problem)))
            lines += [
                "",
                "",
                f"class {_class_name(problem)}({group}):",
                *_docstring(f"{problem.when} {problem.fix}", 4),
            ]
    lines += ["", "", "BY_CODE: Final[dict[str, type[CallRefused]]] = {"]
    lines += [f'    "{code}": {name},' for code, name in classes]
    lines += ["}", '"""The class of each code; a code that is not here is of a newer service."""']
    return "\n".join(lines) + "\n"


def _class_name(problem: Problem) -> str:
    return "".join(word.capitalize() for word in problem.code.split("_"))


_AWAITED: Final = (
    (r"^(    )def (?!__init__)(\w+)", r"\1async def \2"),
    (r"(?<!def )\b(self\._client\.perform|self\.get|self\.page)\(", r"await \1("),
    (r"\bpause\(", "await asyncio.sleep("),
    (r"( +)yield from walk(\([^\n]*\)|\((?s:.+?)\n\1\))$", r"\1async for each in async_walk\2:\n\1    yield each"),
    (r"( +)yield from (.+)$", r"\1for each in \2:\n\1    yield each"),
    (r"\bIterator\b", "AsyncIterator"),
    (r"\b(Bookings|Payments|Links|Events|Refunds|Payouts|Payees|Webhooks)\b(?=[:(])", r"Async\1"),
    (r"\bPerformer\b", "AsyncPerformer"),
    (r"(?<=import AsyncPerformer, )walk$", "async_walk"),
    (r", pause\n", "\n"),
)
"""What differs where every call is awaited."""


def async_objects_module(source: str = "objects.py") -> str:
    """The text of a module of the client, such as `objects.py`, with `await`."""
    text = (_HOUSE / "src/pokea/client" / source).read_text(encoding="utf-8")
    for pattern, awaited in _AWAITED:
        text = re.sub(pattern, awaited, text, flags=re.MULTILINE)
    _, _, code = text.partition('"""\n\n')
    head = f'"""Calls of the client for asyncio. Written by `make docs` from `{source}`."""'
    imported = "import asyncio\n" if "asyncio." in code else ""
    return _formatted(f"{head}\n\n{imported}{code}")


CODE: Final[Mapping[str, Callable[[], str]]] = {
    "src/pokea/client/models.py": models_module,
    "src/pokea/client/problems.py": problems_module,
    "src/pokea/client/async_objects.py": async_objects_module,
    "src/pokea/client/async_out_objects.py": partial(async_objects_module, "out_objects.py"),
    "src/pokea/client/async_endpoint_objects.py": partial(async_objects_module, "endpoint_objects.py"),
}
"""The generated modules, by their file."""


def client_document() -> dict[str, Any]:
    """The part of the API's description that the client for TypeScript is typed from: what it calls, and a success."""
    document = deepcopy(dict(openapi_document()))
    called = {path: methods for path, methods in document["paths"].items() if _is_called(path)}
    for methods in called.values():
        for method, operation in methods.items():
            answers = {status: each for status, each in operation["responses"].items() if status.startswith("2")}
            methods[method] = {"parameters": operation.get("parameters", []), "responses": answers}
            methods[method] |= {"requestBody": operation["requestBody"]} if "requestBody" in operation else {}
    schemas = document["components"]["schemas"]
    wanted = _closure(schemas, re.findall(rf"'{_REF}(\w+)'", str(called)))
    parts = {name: schemas[name] for name in [*dict.fromkeys(wanted), "Problem"]}
    whole = {"openapi": document["openapi"], "paths": called, "components": {"schemas": parts}}
    return {"info": document["info"], **_without_examples(whole)}


def _is_called(path: str) -> bool:
    return path.startswith(CALLED) and not path.endswith(("{transactionId}/events", "/checkout"))


def _without_examples(part: Any) -> Any:
    """What the types need: no examples, and no titles, which only repeat names."""
    if isinstance(part, dict):
        # A property that is called `title` has a schema; a title is a text.
        is_title = isinstance(part.get("title"), str)
        dropped = {"example", "examples", *(["title"] if is_title else [])}
        return {name: _without_examples(each) for name, each in part.items() if name not in dropped}
    return [_without_examples(each) for each in part] if isinstance(part, list) else part


if __name__ == "__main__":
    sys.stdout.write(json.dumps(client_document()))
