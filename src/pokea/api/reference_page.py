"""The page at /docs, made from the OpenAPI document: plain HTML and one stylesheet, nothing else is fetched."""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
STYLESHEET_PATH = "/docs.css"
_BESIDE_THE_PAGE = STYLESHEET_PATH.removeprefix("/")
"""Relative, because a proxy may serve the page below a path of its own."""

_METHODS = ("get", "post", "put", "patch", "delete")
_CODE = re.compile(r"`([^`]+)`")

STYLESHEET = """
:root { color-scheme: light dark; --line: #8884; --quiet: #6b6b6b; --accent: #0b6b3a; }
@media (prefers-color-scheme: dark) { :root { --quiet: #a8a8a8; --accent: #62c794; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1, h2, h3 { line-height: 1.2; }
article { border-top: 1px solid var(--line); padding: 0.5rem 0 1rem; }
h3 code { overflow-wrap: anywhere; }
.method { color: var(--accent); font-weight: 700; text-transform: uppercase; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 0.75rem 0.25rem 0; text-align: left; }
td { vertical-align: top; }
pre { border: 1px solid var(--line); overflow-x: auto; padding: 0.5rem; }
.quiet { color: var(--quiet); }
"""


def render(document: Mapping[str, Any]) -> str:
    """The whole page."""
    info = document["info"]
    title = escape(f"{info['title']} {info['version']}")
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<title>{title}</title><link rel="stylesheet" href="{_BESIDE_THE_PAGE}"></head><body>',
            f"<h1>{title}</h1>{_prose(info.get('description', ''))}",
            '<p>The same as data: <a href="openapi.json">openapi.json</a>.</p>',
            *_contents(document),
            *_operations(document),
            *_schemas(document),
            "</body></html>",
        )
    )


def _all(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, operations in document.get("paths", {}).items():
        for method in _METHODS:
            if method in operations:
                yield path, method, operations[method]


def _anchor(method: str, path: str) -> str:
    return escape(f"{method}-{path}".replace("/", "-"))


def _contents(document: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Calls</h2><ul>"
    for path, method, operation in _all(document):
        name = f'<span class="method">{method}</span> <code>{escape(path)}</code>'
        yield f'<li><a href="#{_anchor(method, path)}">{name}</a> {escape(operation.get("summary", ""))}</li>'
    yield "</ul>"


def _operations(document: Mapping[str, Any]) -> Iterator[str]:
    for path, method, operation in _all(document):
        yield f'<article id="{_anchor(method, path)}"><h3><span class="method">{method}</span> '
        yield f"<code>{escape(path)}</code></h3><p><strong>{escape(operation.get('summary', ''))}</strong></p>"
        yield _prose(operation.get("description", ""))
        yield "<p>Needs a bearer token.</p>" if operation.get("security") else "<p>Needs no token.</p>"
        yield from _parameters(operation)
        yield from _body(operation)
        yield from _responses(operation)
        yield "</article>"


def _parameters(operation: Mapping[str, Any]) -> Iterator[str]:
    if operation.get("parameters"):
        yield "<table><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr>"
        for parameter in operation["parameters"]:
            needed = "" if parameter.get("required") else ' <span class="quiet">optional</span>'
            yield f"<tr><td><code>{escape(parameter['name'])}</code>{needed}</td><td>{escape(parameter['in'])}</td>"
            yield f"<td>{_inline(parameter.get('description', ''))}</td></tr>"
        yield "</table>"


def _body(operation: Mapping[str, Any]) -> Iterator[str]:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if "example" in content:
            yield f"<p>Body, for example:</p><pre>{escape(json.dumps(content['example'], indent=2))}</pre>"
        yield from _fields(content.get("schema", {}))


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    if schema.get("properties"):
        yield "<table><tr><th>Field</th><th>Type</th><th>Meaning</th></tr>"
        for name, field in schema["properties"].items():
            needed = "" if name in schema.get("required", ()) else ' <span class="quiet">optional</span>'
            yield f"<tr><td><code>{escape(name)}</code>{needed}</td><td>{escape(_type(field))}</td>"
            yield f"<td>{_inline(field.get('description', ''))}</td></tr>"
        yield "</table>"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"])
    return str(schema.get("type", ""))


def _responses(operation: Mapping[str, Any]) -> Iterator[str]:
    yield "<table><tr><th>Status</th><th>Answer</th></tr>"
    for status, response in sorted(operation.get("responses", {}).items()):
        yield f"<tr><td>{escape(status)}</td><td>{_inline(response.get('description', ''))}</td></tr>"
    yield "</table>"


def _schemas(document: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Objects</h2>"
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield f'<article id="{escape(name)}"><h3>{escape(name)}</h3>{_prose(schema.get("description", ""))}'
        yield from _fields(schema)
        yield "</article>"


def _prose(text: str) -> str:
    blocks = (block.strip() for block in text.split("\n\n"))
    return "".join(_list(block) if block.startswith("- ") else f"<p>{_inline(block)}</p>" for block in blocks if block)


def _list(block: str) -> str:
    return "<ul>" + "".join(f"<li>{_inline(line.removeprefix('- '))}</li>" for line in block.split("\n")) + "</ul>"


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
