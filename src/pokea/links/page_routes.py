"""The addresses that payers open: a link, its payment, its receipt, its code and its poster."""

import io
import re
from typing import Final, NamedTuple
from urllib.parse import parse_qs

import segno
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pokea.addresses import join_address, way_to_root
from pokea.api.auth.callers import Authenticator
from pokea.api.languages import language_of
from pokea.bookings.create import REFERENCES_TRIED
from pokea.bookings.routes import BOOKING_ID
from pokea.bookings.rules import FeeStatus, reference_from
from pokea.clock import Clock
from pokea.errors import ApiError
from pokea.ids import Ids, RandomBytes
from pokea.links import pages
from pokea.links.limits import LinkLimits, LinkUse
from pokea.links.model import LinkState, LinkView
from pokea.links.pages import PageViewer, Payee, page
from pokea.links.passes import LinkPasses
from pokea.links.store import LinkPaymentRequest, begin_payment, find_link, find_page, find_receipt
from pokea.money import CENTS, MAXIMUM_SHILLINGS
from pokea.operations.tokens import PaymentTokens
from pokea.storage.database import Database

_LINK_ID: Final = re.compile(r"ln_[0-9a-z]{26}", re.ASCII)
_BOOKING_ID: Final = re.compile(r"bk_[0-9a-z]{26}", re.ASCII)
_TOKEN: Final = re.compile(r"[0-9a-f]{48}", re.ASCII)
_TOKEN_BYTES: Final = 24
"""A token of 48 hexadecimal digits is hidden in every log."""
_AMOUNT: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_MOST_FIELDS: Final = 8
_SEE_OTHER: Final = 303
_GONE: Final = 410
_NOT_FOUND: Final = 404
_BAD_REQUEST: Final = 400
_TOO_MANY: Final = 429


class Minting(NamedTuple):
    """What new ids and unguessable addresses are made of."""

    ids: Ids
    random_bytes: RandomBytes


class LinkPages:
    """The pages of people who pay. `limits` bounds the payments that a link and an address may begin."""

    def __init__(
        self,
        gate: Authenticator,
        passes: LinkPasses,
        tokens: PaymentTokens,
        database: Database,
        clock: Clock,
        minting: Minting,
        limits: LinkLimits,
        payee: Payee,
    ) -> None:
        self._gate = gate
        self._passes = passes
        self._tokens = tokens
        self._database = database
        self._clock = clock
        self._minting = minting
        self._limits = limits
        self._payee = payee

    def routes(self) -> list[BaseRoute]:
        """Where the pages are."""
        return [
            Route("/pay/{link}", self._show, methods=["GET"]),
            Route("/pay/{link}", self._begin, methods=["POST"]),
            Route("/pay/{link}/qr.svg", self._code),
            Route("/pay/{link}/poster", self._poster),
            Route("/pay/{link}/{booking}/{token}", self._pay),
            Route("/receipt/{token}", self._receipt),
        ]

    async def _show(self, request: Request) -> Response:
        viewer, view = _viewer(request), await self._found(request)
        closed = self._closed(view, viewer)
        if view is None or closed is not None:
            return closed or _missing(viewer)
        return page(pages.link_page(view.link, self._payee, viewer), viewer)

    async def _begin(self, request: Request) -> Response:
        viewer, view = _viewer(request), await self._found(request)
        closed = self._closed(view, viewer)
        if view is None or closed is not None:
            return closed or _missing(viewer)
        shillings = None
        if view.link.amount_cents is None:
            typed = _field(await request.body(), "amount")
            shillings = amount_of(typed)
            if shillings is None:
                return page(pages.link_page(view.link, self._payee, viewer, typed[:12]), viewer, _BAD_REQUEST)
        met = self._limits.met(LinkUse.BEGIN, view.link.id, self._gate.address(request))
        try:
            made = await self._database.write(begin_payment, view.link.id, self._wanted(shillings), met)
        except ApiError as refusal:
            if refusal.code != "too_many_requests":
                raise
            waiting = page(pages.busy_page(viewer), viewer, _TOO_MANY)
            waiting.headers["Retry-After"] = str(refusal.retry_after_seconds)
            return waiting
        if made is None or isinstance(made, LinkState):
            return _missing(viewer) if made is None else page(pages.closed_page(made, viewer), viewer, _GONE)
        token = self._tokens.sign("page", made.booking_id)
        there = f"{viewer.root}pay/{made.link_id}/{made.booking_id}/{token}?lang={viewer.language}"
        return RedirectResponse(there, _SEE_OTHER)

    async def _pay(self, request: Request) -> Response:
        viewer, booking_id = _viewer(request), request.path_params["booking"]
        proved = _BOOKING_ID.fullmatch(booking_id) and self._tokens.verifies(
            request.path_params["token"], "page", booking_id
        )
        found = await self._database.read(find_page, booking_id) if proved else None
        if found is None or found.page.link_id != request.path_params["link"]:
            return _missing(viewer)
        if found.booking.fee_status != FeeStatus.UNPAID:
            there = f"{viewer.root}receipt/{found.page.receipt_token}?lang={viewer.language}"
            return RedirectResponse(there, _SEE_OTHER)
        state = found.state(self._clock.now())
        if state is not LinkState.OPEN:
            return page(pages.closed_page(state, viewer), viewer, _GONE)
        bearer = self._passes.new(booking_id)
        return page(pages.payment_page(found, bearer, self._payee, viewer), viewer)

    async def _receipt(self, request: Request) -> Response:
        viewer, token = _viewer(request), request.path_params["token"]
        found = await self._database.read(find_receipt, token) if _TOKEN.fullmatch(token) else None
        if found is None:
            return page(pages.sentence_page("no_receipt", viewer), viewer, _NOT_FOUND)
        return page(pages.receipt_page(found, self._payee, viewer), viewer)

    async def _code(self, request: Request) -> Response:
        view = await self._found(request)
        if view is None:
            return _missing(_viewer(request))
        drawn = io.BytesIO()
        address = join_address(self._payee.site, "pay", view.link.id)
        segno.make_qr(address).save(drawn, kind="svg", scale=8, border=4, light="#fff", xmldecl=False)
        return Response(drawn.getvalue(), media_type="image/svg+xml")

    async def _poster(self, request: Request) -> Response:
        viewer, view = _viewer(request), await self._found(request)
        closed = self._closed(view, viewer)
        if view is None or closed is not None:
            return closed or _missing(viewer)
        return page(pages.poster_page(view.link, self._payee, viewer), viewer)

    async def _found(self, request: Request) -> LinkView | None:
        link_id = request.path_params["link"]
        return await self._database.read_one(find_link, link_id) if _LINK_ID.fullmatch(link_id) else None

    def _closed(self, view: LinkView | None, viewer: PageViewer) -> Response | None:
        state = view.state(self._clock.now()) if view is not None else LinkState.OPEN
        return None if state is LinkState.OPEN else page(pages.closed_page(state, viewer), viewer, _GONE)

    def _wanted(self, shillings: int | None) -> LinkPaymentRequest:
        ids = self._minting.ids
        return LinkPaymentRequest(
            ids.new(BOOKING_ID),
            [reference_from(ids.new(BOOKING_ID)) for _ in range(REFERENCES_TRIED)],
            None if shillings is None else shillings * CENTS,
            self._minting.random_bytes(_TOKEN_BYTES).hex(),
            self._clock.now(),
        )


def amount_of(typed: str) -> int | None:
    """The whole shillings that a payer typed, with blanks or commas between the digits; None when they do not fit."""
    digits = re.sub(r"[\s,]", "", typed)
    amount = int(digits) if _AMOUNT.fullmatch(digits) else 0
    return amount if 1 <= amount <= MAXIMUM_SHILLINGS else None


def _viewer(request: Request) -> PageViewer:
    chosen = request.query_params.get("lang", "")
    language = chosen if chosen in ("en", "sw") else language_of(request)
    return PageViewer(language, way_to_root(request.url.path), "gzip" in request.headers.get("accept-encoding", ""))


def _field(body: bytes, name: str) -> str:
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    return fields.get(name, [""])[0]


def _missing(viewer: PageViewer) -> Response:
    return page(pages.sentence_page("gone", viewer), viewer, _NOT_FOUND)
