"""Pydantic's findings as sentences that say which field is wrong and what to write instead."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pokea.errors import ApiError, FieldError

_SOURCES = ("body", "query", "path", "header")
_MOST_ERRORS = 10

_SENTENCES = {
    "missing": "`{field}` is missing: send it.",
    "string_type": "`{field}` must be text.",
    "string_too_short": "`{field}` is too short: write at least {min_length} character(s).",
    "string_too_long": "`{field}` is too long: write at most {max_length} character(s).",
    "string_pattern_mismatch": "`{field}` has a form that is not taken: it must match {pattern}.",
    "int_type": "`{field}` must be a whole number.",
    "int_parsing": "`{field}` must be a whole number.",
    "int_from_float": "`{field}` must be a whole number, without cents.",
    "int_parsing_size": "`{field}` is out of range.",
    "float_type": "`{field}` must be a number.",
    "float_parsing": "`{field}` must be a number.",
    "finite_number": "`{field}` must be a finite number.",
    "bool_type": "`{field}` must be true or false.",
    "bool_parsing": "`{field}` must be true or false.",
    "greater_than": "`{field}` is too small: it must be more than {gt}.",
    "greater_than_equal": "`{field}` is too small: it must be {ge} or more.",
    "less_than": "`{field}` is too large: it must be less than {lt}.",
    "less_than_equal": "`{field}` is too large: it must be {le} or less.",
    "literal_error": "`{field}` must be one of {expected}.",
    "enum": "`{field}` must be one of {expected}.",
    "list_type": "`{field}` must be a list.",
    "dict_type": "`{field}` must be an object.",
    "model_type": "`{field}` must be an object.",
    "model_attributes_type": "`{field}` must be an object.",
    "extra_forbidden": "`{field}` is not a field of this call: leave it out.",
}


def refusal_of_errors(errors: Iterable[Mapping[str, Any]]) -> ApiError:
    """`malformed_body` when there is no JSON object at all, else `invalid_request` with a sentence a field.

    The values that were sent are never repeated: they may be phone numbers.
    """
    found = list(errors)
    unread = next((error for error in found if error["type"] == "json_invalid"), None)
    if unread is not None:
        # The parser's words name a place and a rule, and never what stands there.
        return malformed_body(f"The body is not JSON ({unread['ctx']['error']}). Correct it there.")
    if any(not _path(error["loc"]) for error in found):
        return malformed_body("The body is JSON, and no object. Send one, in braces.")
    fields = tuple(_field_error(error) for error in found[:_MOST_ERRORS])
    return ApiError("invalid_request", " ".join(error.message for error in fields), fields)


def malformed_body(message: str) -> ApiError:
    """The refusal of a body that is no JSON object; the message says which of the ways to be none it went."""
    return ApiError("malformed_body", message)


def _field_error(error: Mapping[str, Any]) -> FieldError:
    field = ".".join(str(part) for part in _path(error["loc"]))
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return FieldError(field, str(context["error"]))
    sentence = _SENTENCES.get(error["type"])
    if sentence is None:
        return FieldError(field, f"`{field}` is not as it must be: {error['msg']}.")
    return FieldError(field, sentence.format(field=field, **context))


def _path(location: Sequence[str | int]) -> Sequence[str | int]:
    return location[1:] if location and location[0] in _SOURCES else location
