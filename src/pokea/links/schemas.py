"""What the links' calls take and answer."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StrictBool, field_validator

from pokea.api.bodies import Incoming, Outgoing, Shillings
from pokea.bookings.schemas import ONE_LINE, Reference, one_line
from pokea.clock import Instant, iso
from pokea.errors import invalid
from pokea.links.model import LONGEST_SHARED_REFERENCE, LinkState, LinkView
from pokea.money import shillings_json

MOST_LISTED = 100

Title = Annotated[str, AfterValidator(one_line("title")), ONE_LINE]


class CreateLink(Incoming):
    """A link to be made."""

    title: Title = Field(description="What is paid, in words: the payer reads it.")
    amount: Shillings | None = Field(None, description="In whole shillings. The payer types it when it is left out.")
    reference: Reference | None = Field(
        None,
        description="Shown in the prompt and on statements. Whole where `once` is true; otherwise at most "
        f"{LONGEST_SHARED_REFERENCE} characters, to which each payment adds its own. Made when left out.",
    )
    expires_at: str | None = Field(None, description="A day or an instant after which nothing can be paid.")
    once: StrictBool = Field(False, description="Whether one payment is all that is taken; needs an `amount`.")


def check_link(wanted: CreateLink) -> None:
    """Raises ApiError `invalid_request` for fields that do not fit each other."""
    if wanted.once and wanted.amount is None:
        raise invalid("amount", "`amount` is needed with `once`: all who open such a link pay the same booking.")
    if not wanted.once and wanted.reference is not None and len(wanted.reference) > LONGEST_SHARED_REFERENCE:
        raise invalid(
            "reference",
            f"`reference` must have at most {LONGEST_SHARED_REFERENCE} characters unless `once` is true, because each "
            "payment adds its own.",
        )


EXAMPLE = {"title": "Deposit for the hall", "amount": 500}


class ChangeLink(Incoming):
    """What is to be changed of a link; what is left out stays."""

    title: Title | None = Field(None, description="What is paid, in words.")
    expires_at: str | None = Field(None, description="A day or an instant; null for no end.")
    active: StrictBool | None = Field(None, description="false switches the link off, true on again.")

    @field_validator("title", "active", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null: leave it out, or give a value.")
        return value


class LinksQuery(Incoming):
    """Which links are asked for."""

    limit: int = Field(20, ge=1, le=MOST_LISTED, description="How many are shown at most.")
    cursor: str | None = Field(None, pattern="^ln_[0-9a-z]{26}$", description="`nextCursor` of an earlier answer.")


class LinkBody(Outgoing):
    """A link."""

    id: str
    url: str = Field(description="The address to send.")
    title: str
    amount: int | float | None = Field(description="In shillings; null where the payer types it.")
    reference: str | None
    expires_at: str | None
    once: bool
    active: bool
    state: LinkState = Field(description="`open`, `expired`, `spent` (paid, of a link that is paid once) or `off`.")
    created_at: str


class LinkAnswer(Outgoing):
    """One link."""

    success: Literal[True] = True
    link: LinkBody
    id: str
    url: str


class LinksAnswer(Outgoing):
    """A page of links, newest first."""

    success: Literal[True] = True
    links: list[LinkBody]
    next_cursor: str | None = Field(description="For the next page; null on the last.")


_BODY_EXAMPLE: Final[dict[str, Any]] = {
    "id": "ln_01jd3x8q5v7c2n9k4m6p8r0t2w",
    "url": "https://bookings.example.co.ke/pay/ln_01jd3x8q5v7c2n9k4m6p8r0t2w",
    **EXAMPLE,
    "reference": None,
    "expiresAt": None,
    "once": False,
    "active": True,
    "state": "open",
    "createdAt": "2026-11-24T09:15:00Z",
}
LINK_EXAMPLE: Final[dict[str, Any]] = {
    "success": True,
    "link": _BODY_EXAMPLE,
    "id": _BODY_EXAMPLE["id"],
    "url": _BODY_EXAMPLE["url"],
}
LINKS_EXAMPLE: Final[dict[str, Any]] = {"success": True, "links": [_BODY_EXAMPLE], "nextCursor": None}


class LinkDeleted(Outgoing):
    """The link is gone."""

    success: Literal[True] = True


def body_of(view: LinkView, url: str, now: Instant) -> LinkBody:
    """A link as the API shows it."""
    link = view.link
    return LinkBody(
        id=link.id,
        url=url,
        title=link.title,
        amount=None if link.amount_cents is None else shillings_json(link.amount_cents),
        reference=link.reference,
        expires_at=iso(link.expires_at),
        once=link.is_once,
        active=link.is_active,
        state=view.state(now),
        created_at=iso(link.created_at) or "",
    )


def answer_of_link(view: LinkView, url: str, now: Instant) -> LinkAnswer:
    """The answer that shows one link."""
    return LinkAnswer(link=body_of(view, url, now), id=view.link.id, url=url)


def columns_of(changes: ChangeLink, expires_at: Instant | None) -> dict[str, Any]:
    """The columns that a PATCH changes, and their new values."""
    columns: dict[str, Any] = {}
    if changes.title is not None:
        columns["title"] = changes.title
    if changes.active is not None:
        columns["is_active"] = changes.active
    if "expires_at" in changes.model_fields_set:
        columns["expires_at"] = expires_at
    return columns
