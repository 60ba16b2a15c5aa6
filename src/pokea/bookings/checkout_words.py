"""The words of the checkout for all that can only be said once the service has answered, in the customer's language.

They travel with the booking, so that the drop-in script holds only the words that it needs before the service has
answered. In a text `#` stands for the phone number, the seconds or the time, which the script knows. What the prompt
will name, the business, the account and the amount as M-PESA writes it, stands in the texts when they are sent: `@` and
`$` are their places here.
"""

from collections.abc import Mapping
from typing import Final

from pokea.bookings.rules import LINK_CUSTOMER
from pokea.bookings.store import Booking
from pokea.money import shillings_json

_EN: Final = {
    "how": "A request will come to #. Confirm it there with your M-PESA PIN.",
    "here": "your phone",
    "empty": "Enter the M-PESA phone number.",
    "digits": "Use digits only.",
    "foreign": "This is not a Kenyan mobile number.",
    "short": "The number is too short.",
    "long": "The number is too long.",
    "unanswered": "No answer yet. We are asking again; you will not be charged twice.",
    "silence": "No answer, so a request may be on your phone. Try again: you will not be charged twice.",
    "payment_in_progress": "Another M-PESA request is open on this phone. Finish or cancel it, then try again.",
    "too_many_requests": "Too many requests for this number. Try again when the time is over.",
    "to": "To",
    "network": "Not a Safaricom number? If it is registered for M-PESA, the request will come.",
    "waiting": "Check your phone",
    "enter": "Unlock #, look for the request of @, and enter your M-PESA PIN to pay $.",
    "elsewhere": "A request for this payment was already sent to this number, from another page.",
    "left": "# seconds left",
    "checking": "Waiting for M-PESA’s answer",
    "failed": "Payment not made",
    "unsure": "Payment not confirmed",
    "retry": "Try again",
    "another": "Use another number",
    "wait": "Try again in #",
    "paid": "Payment successful! Finding you a technician...",
    "already": "This fee is already paid.",
    "uncharged": "You were not charged again.",
    "extra": "If another request appears on your phone, cancel it.",
    "amount": "Amount",
    "account": "Account",
    "slip": "Receipt",
    "settled": "Paid",
    "receipt": "M-PESA receipt",
    "later": "The number will follow.",
    "when": "Date",
    "from": "From",
    "copy": "Copy",
    "copied": "Copied",
    "print": "Print",
    "done": "Done",
}
_SW: Final = {
    "how": "Ombi litafika kwenye #. Lithibitishe hapo kwa PIN yako ya M-PESA.",
    "here": "simu yako",
    "empty": "Weka nambari ya simu ya M-PESA.",
    "digits": "Tumia tarakimu pekee.",
    "foreign": "Hii si nambari ya simu ya Kenya.",
    "short": "Nambari ni fupi mno.",
    "long": "Nambari ni ndefu mno.",
    "unanswered": "Bado hatujapata jibu. Tunauliza tena; hutatozwa mara mbili.",
    "silence": "Hatukupata jibu, kwa hivyo huenda kuna ombi kwenye simu yako. Jaribu tena: hutatozwa mara mbili.",
    "payment_in_progress": "Kuna ombi lingine la M-PESA kwenye simu hii. Likamilishe au ulighairi, kisha ujaribu tena.",
    "too_many_requests": "Nambari hii imepokea maombi mengi mno. Jaribu tena muda ukiisha.",
    "to": "Kwa",
    "network": "Si nambari ya Safaricom? Ikiwa imesajiliwa M-PESA, ombi litafika.",
    "waiting": "Angalia simu yako",
    "enter": "Fungua #, tafuta ombi la @, na uweke PIN yako ya M-PESA ili kulipa $.",
    "elsewhere": "Ombi la malipo haya lilitumwa tayari kwa nambari hii, kutoka ukurasa mwingine.",
    "left": "Zimebaki sekunde #",
    "checking": "Tunasubiri jibu la M-PESA",
    "failed": "Malipo hayakufaulu",
    "unsure": "Malipo hayajathibitishwa",
    "retry": "Jaribu tena",
    "another": "Tumia nambari nyingine",
    "wait": "Jaribu tena baada ya #",
    "paid": "Malipo yamefanikiwa! Tunakutafutia fundi...",
    "already": "Ada hii tayari imelipwa.",
    "uncharged": "Hujatozwa tena.",
    "extra": "Ombi lingine likitokea kwenye simu yako, lighairi.",
    "amount": "Kiasi",
    "account": "Akaunti",
    "slip": "Risiti",
    "settled": "Imelipwa",
    "receipt": "Risiti ya M-PESA",
    "later": "Nambari itafuata.",
    "when": "Tarehe",
    "from": "Kutoka",
    "copy": "Nakili",
    "copied": "Imenakiliwa",
    "print": "Chapisha",
    "done": "Maliza",
}


_PAID_BY_LINK: Final = {"en": "Payment successful!", "sw": "Malipo yamefanikiwa!"}
"""Who pays by a link waits for no technician."""


def checkout_words(language: str, booking: Booking, business_name: str | None) -> Mapping[str, str]:
    """The words for this booking by their names; `language` is `sw` for Kiswahili, else they are English."""
    words = dict(_SW if language == "sw" else _EN)
    amount = shillings_json(booking.fee_cents)
    prompt = ", ".join(filter(None, (business_name, booking.reference)))
    words["enter"] = words["enter"].replace("@", prompt).replace("$", f"Ksh {amount:,}")
    if booking.customer_id.startswith(LINK_CUSTOMER):
        words["paid"] = _PAID_BY_LINK["sw" if language == "sw" else "en"]
    return words
