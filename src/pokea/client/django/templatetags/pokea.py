"""`{% load pokea %}{% pokea_checkout booking customer_id %}`: the checkout, for the page of one customer."""

from django import template
from django.utils.html import format_html, format_html_join

from pokea.client import Booking, sign_token
from pokea.client.address import service_address
from pokea.client.django.apps import setting

register = template.Library()


@register.simple_tag
def pokea_checkout(booking: Booking, customer_id: str | None = None, nonce: str = "", **attributes: str) -> str:
    """The drop-in with a button that takes the booking's fee, and the script that draws it.

    The token in the page is the customer's (`customer_id`, or the booking's own), good for an hour; it needs
    POKEA_JWT_SECRET. Other attributes are those of the element, with `_` for `-`: `locale="sw"`, `phone_number=…`.
    """
    url = service_address(setting("POKEA_URL"))
    fields = {
        "booking-id": booking.id,
        "amount": booking.booking_fee.amount,
        "token": sign_token(setting("POKEA_JWT_SECRET") or "", customer_id or booking.customer_id),
        **{name.replace("_", "-"): text for name, text in attributes.items()},
    }
    html: str = format_html(
        '<script type="module" src="{}/checkout.js"{}></script><pokea-checkout{}></pokea-checkout>',
        url,
        format_html(' nonce="{}"', nonce) if nonce else "",
        format_html_join("", ' {}="{}"', fields.items()),
    )
    return html
