"""Answers as JSON, whatever made them."""

from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import BaseModel
from starlette.responses import Response

JSON = "application/json"


def json_answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The content as a JSON response."""
    return Response(msgspec.json.encode(content), status, headers, JSON)


def model_answer(content: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A model of an answer as a JSON response, under the names of the API."""
    return Response(content.model_dump_json(by_alias=True), status, headers, JSON)
