"""What a call takes: JSON bodies and query strings as models, read after the caller is known."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from pokea.api.validation import malformed_body, refusal_of_errors
from pokea.errors import invalid
from pokea.money import MAXIMUM_SHILLINGS


class Incoming(BaseModel):
    """What a call takes, in camelCase. Fields that are not known are ignored, so that a newer page may send more."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="ignore",
        frozen=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
    )


class Outgoing(BaseModel):
    """What an answer holds, in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, frozen=True)


def _whole(value: object) -> object:
    """JSON knows one kind of number: 500.0 is 500 there."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Shillings = Annotated[int, Field(strict=True, ge=1, le=MAXIMUM_SHILLINGS), BeforeValidator(_whole)]
"""An amount that can be asked for: whole shillings, from one to Daraja's ceiling."""

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, model: type[Model]) -> Model:
    """The JSON body as a model; raises ApiError `malformed_body` or `invalid_request` with a sentence a field."""
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise malformed_body("Send a JSON object, with `Content-Type: application/json`.")
    body = await request.body()
    if not body.strip():
        raise malformed_body("The body is empty. Send a JSON object.")
    try:
        return model.model_validate_json(body)
    except ValidationError as failure:
        raise refusal_of_errors(failure.errors(include_url=False)) from None


async def read_optional_body(request: Request, model: type[Model]) -> Model:
    """The same, where no body at all is an empty object."""
    return await read_body(request, model) if await request.body() else model()


def read_query(request: Request, model: type[Model]) -> Model:
    """The query string as a model; raises ApiError `invalid_request`, also for a parameter that is given twice."""
    values: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in values:
            raise invalid(name, f"`{name}` is given twice: send it once.")
        values[name] = value
    try:
        return model.model_validate(values)
    except ValidationError as failure:
        raise refusal_of_errors(failure.errors(include_url=False)) from None
