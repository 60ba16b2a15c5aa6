"""The links' pages as text: values in, HTML out, everything that was typed escaped. No page has a script but the
checkout."""

import gzip
import re
from html import escape
from typing import Final, NamedTuple

from starlette.responses import Response

from pokea.addresses import join_address
from pokea.bookings.rules import FeeStatus
from pokea.clock import Instant, nairobi
from pokea.links.model import Link, LinkState
from pokea.links.store import PaymentPage
from pokea.links.style import STYLE, STYLE_SOURCE
from pokea.links.words import page_words
from pokea.money import shillings_json
from pokea.redact import mask_msisdn

CHECKOUT: Final = "checkout.js"
POLICY: Final = (
    f"default-src 'none'; script-src 'self'; style-src {STYLE_SOURCE}; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SITE_NAME: Final = "Pokea"


class Payee(NamedTuple):
    """Who is paid, where that is known, and the address at which customers reach the service."""

    business_name: str | None
    site: str


class PageViewer(NamedTuple):
    """In which language a page is read, how its addresses lead to the service's root, and whether its browser takes it
    compressed.

    A proxy may have the service below a path that only it knows: so no address on a page begins with a slash.
    """

    language: str
    root: str
    takes_gzip: bool = False


class Content(NamedTuple):
    """What makes one page: its title, its HTML, what a chat shows of it, and whether the checkout is on it or on the
    page that it leads to."""

    title: str
    html: str
    summary: str = ""
    address: str = ""
    is_shown_in_chats: bool = False
    has_checkout: bool = False
    leads_to_checkout: bool = False
    kind: str = ""


def page(content: Content, viewer: PageViewer, status: int = 200) -> Response:
    """The page, in the viewer's language, with a way to the other one."""
    other = "en" if viewer.language == "sw" else "sw"
    html = (
        f'<!doctype html><html lang="{viewer.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(content.title)}</title>{_for_chats(content)}"
        f'<link rel="icon" href="data:,"><style>{STYLE}</style>{_script(content, viewer)}</head>'
        f'<body class="{content.kind}"><header><a href="?lang={other}" lang="{other}" '
        f'hreflang="{other}">{page_words(viewer.language)["other"]}</a></header>'
        f"<main><h1>{escape(content.title)}</h1>{content.html}</main></body></html>"
    )
    headers = {
        "Content-Security-Policy": POLICY,
        "Content-Language": viewer.language,
        "Vary": "Accept-Language, Accept-Encoding",
        "X-Robots-Tag": "noindex",
    }
    if not viewer.takes_gzip:
        return Response(html, status, headers, "text/html")
    # None of what a stranger may have put into the page stands beside a secret that he does not know.
    return Response(gzip.compress(html.encode(), mtime=0), status, headers | {"Content-Encoding": "gzip"}, "text/html")


def _script(content: Content, viewer: PageViewer) -> str:
    if content.has_checkout:
        return f'<script type="module" src="{viewer.root}{CHECKOUT}"></script>'
    # While the payer reads, the checkout comes, so that the next page has it at hand.
    return f'<link rel="modulepreload" href="{viewer.root}{CHECKOUT}">' if content.leads_to_checkout else ""


def _for_chats(content: Content) -> str:
    if not content.is_shown_in_chats:
        return ""
    named = {
        "og:type": "website",
        "og:site_name": _SITE_NAME,
        "og:title": content.title,
        "og:description": content.summary,
        "og:url": content.address,
    }
    tags = "".join(f'<meta property="{name}" content="{escape(text)}">' for name, text in named.items())
    return f'<meta name="description" content="{escape(content.summary)}">{tags}'


def link_page(link: Link, payee: Payee, viewer: PageViewer, wrong: str | None = None) -> Content:
    """What a link's address shows: whom, what, how much, and the way to pay. `wrong` is an amount that does not fit."""
    words = page_words(viewer.language)
    if link.amount_cents is not None:
        ask, says = "", words["pay_amount"].format(amount=kes(link.amount_cents))
    else:
        ask, says = _amount_field(viewer.language, wrong), words["go_on"]
    form = (
        f'<form method="post" action="?lang={viewer.language}" novalidate>'
        f'{ask}<button>{escape(says)}</button></form><p class="quiet">{escape(words["how"])}</p>'
    )
    address = join_address(payee.site, "pay", link.id)
    return Content(
        _title(payee, viewer.language),
        _facts(_purpose(link.title, link.amount_cents, payee, viewer.language)) + form,
        _summary(link, viewer.language),
        address,
        is_shown_in_chats=True,
        leads_to_checkout=True,
    )


def _amount_field(language: str, wrong: str | None) -> str:
    words = page_words(language)
    is_wrong = wrong is not None
    value = f' value="{escape(wrong)}" aria-invalid="true" autofocus' if wrong is not None else ""
    hint = words["amount_wrong" if is_wrong else "amount_hint"]
    return (
        f'<label for="amount">{escape(words["amount_label"])}</label>'
        f'<input id="amount" name="amount" inputmode="numeric" autocomplete="off" required maxlength="12" '
        f'aria-describedby="hint"{value}>'
        f'<p id="hint" class="hint{" bad" if is_wrong else ""}"{" role=alert" if is_wrong else ""}>{escape(hint)}</p>'
    )


def payment_page(found: PaymentPage, bearer: str, payee: Payee, viewer: PageViewer) -> Content:
    """The page with the checkout on it, opened, and the address that the receipt will have."""
    words, booking = page_words(viewer.language), found.booking
    checkout = (
        f'<pokea-checkout booking-id="{booking.id}" token="{escape(bearer)}" '
        f'amount="{shillings_json(booking.fee_cents)}" description="{escape(booking.service)}" '
        f'locale="{viewer.language}" open></pokea-checkout>'
        f"<noscript><p>{escape(words['needs_script'])}</p></noscript>"
    )
    receipt = f"{viewer.root}receipt/{found.page.receipt_token}?lang={viewer.language}"
    below = (
        f'<p class="quiet">{escape(words["your_receipt"])} '
        f'<a href="{receipt}" class="link">{escape(words["receipt_link"])}</a></p>'
    )
    facts = _facts(_purpose(booking.service, booking.fee_cents, payee, viewer.language))
    return Content(_title(payee, viewer.language), facts + checkout + below, has_checkout=True)


def receipt_page(found: PaymentPage, payee: Payee, viewer: PageViewer) -> Content:
    """The receipt of a payment, or that there is none yet."""
    words, booking, payment = page_words(viewer.language), found.booking, found.payment
    rows = _purpose(booking.service, booking.fee_cents, payee, viewer.language)
    rows.append((words["reference"], booking.reference))
    if booking.fee_status == FeeStatus.UNPAID:
        again = f'<p><a class="link" href="?lang={viewer.language}">{escape(words["again"])}</a></p>'
        return Content(words["unpaid_title"], f"<p>{escape(words['unpaid'])}</p>{_facts(rows)}{again}")
    if payment is not None:
        rows.append((words["mpesa"], payment.receipt or words["follows"]))
        rows.append((words["from"], written_phone(mask_msisdn(payment.msisdn))))
    if booking.paid_at is not None:
        rows.append((words["when"], said_time(booking.paid_at)))
    state = words["refunded" if booking.fee_status == FeeStatus.REFUNDED else "paid"]
    title = f"{words['receipt']} · {state}"
    keep = f'<p class="quiet screen">{escape(words["keep"])}</p>'
    address = join_address(payee.site, "receipt", found.page.receipt_token)
    return Content(title, _facts(rows) + keep, f"{kes(booking.fee_cents)} · {booking.service}", address, True)


def closed_page(state: LinkState, viewer: PageViewer) -> Content:
    """Why a link cannot be paid, in a sentence, and what to do."""
    words = page_words(viewer.language)
    more = "" if state is LinkState.SPENT else f"<p>{escape(words['ask'])}</p>"
    return Content(words["closed_title"], f"<p>{escape(words[state.value])}</p>{more}")


def sentence_page(name: str, viewer: PageViewer) -> Content:
    """A page of one title and one sentence: `gone`, `no_receipt`."""
    words = page_words(viewer.language)
    return Content(words[name], f"<p>{escape(words[f'{name}_text'])}</p>")


def busy_page(viewer: PageViewer) -> Content:
    """The page of a payer who must wait, because too many payments were begun."""
    words = page_words(viewer.language)
    return Content(words["too_many_title"], f"<p>{escape(words['too_many'])}</p>")


def poster_page(link: Link, payee: Payee, viewer: PageViewer) -> Content:
    """One page for a wall: what is paid, the code, and the address."""
    words = page_words(viewer.language)
    address = join_address(payee.site, "pay", link.id)
    amount = kes(link.amount_cents) if link.amount_cents is not None else words["any_amount"]
    to = f"<p>{escape(words['to'])} <b>{escape(payee.business_name)}</b></p>" if payee.business_name else ""
    html = (
        f'<p>{escape(words["poster"])}</p><p class="sum">{escape(amount)}</p>{to}'
        f'<p><img src="qr.svg" alt="{escape(address)}" width="352" height="352"></p>'
        f'<p>{escape(words["scan"])}</p><p class="at">{_breakable(address)}</p>'
    )
    return Content(link.title, html, kind="poster")


def _breakable(address: str) -> str:
    """An address whose lines end after its slashes."""
    return re.sub(r"(?<=[^/]/)(?=[^/])", "<wbr>", escape(address))


def kes(cents: int) -> str:
    """An amount as people read it, such as `KES 1,500`."""
    amount = shillings_json(cents)
    return f"KES {amount:,}" if isinstance(amount, int) else f"KES {amount:,.2f}"


def written_phone(masked: str) -> str:
    """A masked number as the checkout writes it: `072• ••• 002`."""
    return re.sub(r"254(.{3})(.{3})(.{3})", r"0\1 \2 \3", masked).replace("*", "•")


def said_time(instant: Instant) -> str:
    """A time as a receipt says it, in East Africa Time."""
    return nairobi(instant).strftime("%d/%m/%Y %H:%M")


def _title(payee: Payee, language: str) -> str:
    words = page_words(language)
    return words["pay_to"].format(business=payee.business_name) if payee.business_name else words["pay"]


def _purpose(title: str, cents: int | None, payee: Payee, language: str) -> list[tuple[str, str]]:
    words = page_words(language)
    rows = [(words["to"], payee.business_name)] if payee.business_name else []
    rows.append((words["for"], title))
    return [*rows, (words["amount"], kes(cents))] if cents is not None else rows


def _summary(link: Link, language: str) -> str:
    amount = kes(link.amount_cents) if link.amount_cents is not None else page_words(language)["any_amount"]
    return f"{link.title} · {amount} · M-PESA"


def _facts(rows: list[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>' for name, text in rows)}</dl>"
