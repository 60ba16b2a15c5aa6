"""What the calls of webhooks take and answer."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictStr, field_validator

from pokea.api.bodies import Incoming, Outgoing
from pokea.clock import SECOND, iso
from pokea.events.schemas import known_pattern
from pokea.events.types import PATTERNS
from pokea.redact import Secret
from pokea.webhooks.address import LONGEST_URL
from pokea.webhooks.model import LONGEST_ROTATION, Endpoint, EndpointStatus

MOST_LISTED: Final = 100
LONGEST_DESCRIPTION: Final = 200
_DEFAULT_ROTATION_SECONDS: Final = 24 * 3600
_ID: Final = "^wh_[0-9a-z]{26}$"


def _one_line(text: str) -> str:
    if not 0 < len(text) <= LONGEST_DESCRIPTION or not text.isprintable():
        raise ValueError(f"`description` must be one line of 1 to {LONGEST_DESCRIPTION} characters.")
    return text


def _known(patterns: list[str]) -> list[str]:
    if not patterns:
        raise ValueError(f"`types` must name at least one of {', '.join(PATTERNS)}.")
    return list(dict.fromkeys(known_pattern("types", each) for each in patterns))


Url = Annotated[StrictStr, Field(min_length=1, max_length=LONGEST_URL, description="Where events are sent, by POST.")]
Types = Annotated[
    list[StrictStr],
    AfterValidator(_known),
    Field(
        description="The types of events that are sent: `payment.completed`, all of one object, `payment.*`, or `*`.",
        json_schema_extra={"minItems": 1, "items": {"type": "string", "enum": list(PATTERNS)}},
    ),
]
Description = Annotated[
    StrictStr,
    AfterValidator(_one_line),
    Field(
        json_schema_extra={
            "minLength": 1,
            "maxLength": LONGEST_DESCRIPTION,
            "pattern": r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        }
    ),
]


class CreateWebhook(Incoming):
    """An endpoint to be made."""

    url: Url
    types: Types
    description: Description | None = Field(None, description="For people: whose it is, or what it is for.")
    latest_only: StrictBool = Field(
        False, description="Whether only the newest of several waiting versions of an object is sent."
    )


class ChangeWebhook(Incoming):
    """What is to be changed of an endpoint; what is left out stays."""

    url: Url | None = None
    types: Types | None = None
    description: Description | None = Field(None, description="null for none.")
    latest_only: StrictBool | None = Field(None, description="As when it was made.")

    @field_validator("url", "types", "latest_only", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null: leave it out, or give a value.")
        return value


class RotateSecret(Incoming):
    """For how long the secret of before signs, too."""

    expire_in_seconds: int = Field(
        _DEFAULT_ROTATION_SECONDS,
        strict=True,
        ge=0,
        le=LONGEST_ROTATION // SECOND,
        description="For so long both secrets sign; 0 ends the old one at once.",
    )


class SendPing(Incoming):
    """Nothing is asked for but the call itself."""


class WebhooksQuery(Incoming):
    """Which endpoints are asked for."""

    limit: int = Field(50, ge=1, le=MOST_LISTED, description="How many are shown at most.")
    cursor: str | None = Field(None, pattern=_ID, description="`nextCursor` of an earlier answer.")


class WebhookBody(Outgoing):
    """An endpoint."""

    id: str
    url: str
    types: list[str]
    description: str | None
    latest_only: bool
    status: EndpointStatus = Field(description="`disabled`: nothing is sent, and what happens waits.")
    disabled_at: str | None = Field(None, description="Only of one that is disabled.", exclude_if=lambda each: not each)
    reason: str | None = Field(
        None,
        description="Why it is disabled: `gone` (it answered 410) or `failing` (for five days).",
        exclude_if=lambda each: not each,
    )
    failing_since: str | None = Field(description="When the first of its failures in a row was; null while it works.")
    next_probe_at: str | None = Field(description="When it is tried next, after five failures in a row.")
    created_at: str
    secret: str | None = Field(
        None,
        description="What its messages are signed with; only in the answer that makes it.",
        exclude_if=lambda each: not each,
    )


class WebhookAnswer(Outgoing):
    """One endpoint."""

    success: Literal[True] = True
    webhook: WebhookBody
    message: str | None = Field(
        None, description="Where the secret would stand, and was shown before.", exclude_if=lambda each: not each
    )


class WebhooksAnswer(Outgoing):
    """A page of endpoints, newest first."""

    success: Literal[True] = True
    webhooks: list[WebhookBody]
    next_cursor: str | None = Field(description="For the next page; null on the last.")


class PingAnswer(Outgoing):
    """A message is on its way."""

    success: Literal[True] = True
    webhook: WebhookBody
    event_id: str = Field(description="The `webhook-id` of the message.")


class WebhookDeleted(Outgoing):
    """The endpoint is gone."""

    success: Literal[True] = True


REQUEST_EXAMPLE: Final[dict[str, Any]] = {"url": "https://shop.example.co.ke/webhooks", "types": ["payment.*"]}
BODY_EXAMPLE: Final[dict[str, Any]] = {
    "id": "wh_01jd3x8q5v7c2n9k4m6p8r0t2w",
    **REQUEST_EXAMPLE,
    "description": None,
    "latestOnly": False,
    "status": "enabled",
    "failingSince": None,
    "nextProbeAt": None,
    "createdAt": "2026-11-24T09:15:00.000Z",
}
ONE_EXAMPLE: Final[dict[str, Any]] = {"success": True, "webhook": BODY_EXAMPLE}
NEW_EXAMPLE: Final[dict[str, Any]] = {
    "success": True,
    "webhook": BODY_EXAMPLE | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwU0WZVb9XNkQ="},
}
LIST_EXAMPLE: Final[dict[str, Any]] = {"success": True, "webhooks": [BODY_EXAMPLE], "nextCursor": None}
PING_EXAMPLE: Final[dict[str, Any]] = ONE_EXAMPLE | {"eventId": "evt_ping_01jd3x8q5v7c2n9k4m6p8r0t2w_1"}


def webhook_body(endpoint: Endpoint, secret: Secret | None = None) -> WebhookBody:
    """An endpoint as the API shows it, with its new secret where that is shown."""
    return WebhookBody(
        id=endpoint.id,
        url=endpoint.url,
        types=endpoint.patterns,
        description=endpoint.description,
        latest_only=endpoint.is_latest_only,
        status=endpoint.status,
        disabled_at=iso(endpoint.disabled_at),
        reason=endpoint.reason,
        failing_since=iso(endpoint.failing_since),
        next_probe_at=iso(endpoint.probe_at) if endpoint.is_open else None,
        created_at=iso(endpoint.created_at) or "",
        secret=None if secret is None else secret.reveal(),
    )


def columns_of_change(changes: ChangeWebhook) -> dict[str, Any]:
    """The columns that a PATCH changes, and their new values."""
    columns: dict[str, Any] = {}
    if changes.url is not None:
        columns["url"] = changes.url
    if changes.types is not None:
        columns["types"] = " ".join(changes.types)
    if "description" in changes.model_fields_set:
        columns["description"] = changes.description
    if changes.latest_only is not None:
        columns["is_latest_only"] = changes.latest_only
    return columns
