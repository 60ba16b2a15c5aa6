"""What the customer reads, by reason: what happened, then what to do next, in English and in Kiswahili.

A result code, an error code and our own findings lead to a reason, and only the reason has words for the customer.
"""

from typing import Final

from pokea.daraja.codes.types import NextStep, ReasonText

UNCONFIRMED: Final = "unconfirmed"
"""The reason whose words fit whenever nothing is known."""
PHONE_REFUSED: Final = "phone_refused"
"""The reason of a push that Daraja refused because of the customer's number."""
NOT_SENT: Final = "not_sent"
"""The reason of a push that we did not send, because its deadline had passed."""

_ALL: Final = (
    ReasonText(
        "paid",
        False,
        "The payment went through. There is nothing more to do.",
        "Malipo yamefanikiwa. Huhitaji kufanya jambo lingine.",
    ),
    ReasonText(
        "insufficient_funds",
        True,
        "There is not enough money in the M-PESA account, so the payment was not made. Add money, then try again.",
        "Hakuna pesa za kutosha katika akaunti yako ya M-PESA, kwa hivyo malipo hayakufanyika. "
        "Ongeza pesa, kisha ujaribu tena.",
    ),
    ReasonText(
        "wrong_pin",
        True,
        "M-PESA did not accept the PIN, so the payment was not made. "
        "Try again with an M-PESA number, and enter its PIN with care.",
        "M-PESA haikukubali PIN, kwa hivyo malipo hayakufanyika. "
        "Jaribu tena kwa nambari iliyosajiliwa M-PESA, na uweke PIN yake kwa makini.",
    ),
    ReasonText(
        "cancelled",
        True,
        "The request was cancelled on the phone, so the payment was not made. Try again when you are ready.",
        "Ombi lilighairiwa kwenye simu, kwa hivyo malipo hayakufanyika. Jaribu tena ukiwa tayari.",
    ),
    ReasonText(
        "no_response",
        True,
        "The phone did not answer in time: it may be off or without network, or nobody entered the PIN. "
        "Check that the phone is on and has network, then try again.",
        "Simu haikujibu kwa wakati: huenda imezimwa, haina mtandao, au PIN haikuwekwa. "
        "Hakikisha simu imewashwa na ina mtandao, kisha ujaribu tena.",
    ),
    ReasonText(
        "expired",
        True,
        "The request ran out of time, so the payment was not made. "
        "Try again, and enter the PIN as soon as the request appears on the phone.",
        "Muda wa ombi uliisha, kwa hivyo malipo hayakufanyika. "
        "Jaribu tena, na uweke PIN mara tu ombi linapotokea kwenye simu.",
    ),
    ReasonText(
        "prompt_not_sent",
        True,
        "M-PESA could not show the request on the phone, so the payment was not made. "
        "Wait a little, then try again; if it happens again, contact the business.",
        "M-PESA haikuweza kuonyesha ombi kwenye simu, kwa hivyo malipo hayakufanyika. "
        "Subiri kidogo, kisha ujaribu tena; ikitokea tena, wasiliana na mfanyabiashara.",
    ),
    ReasonText(
        "below_minimum",
        False,
        "The amount is smaller than M-PESA allows, so the payment was not made. "
        "Contact the business to correct the amount.",
        "Kiasi hiki ni kidogo kuliko kile ambacho M-PESA inaruhusu, kwa hivyo malipo hayakufanyika. "
        "Wasiliana na mfanyabiashara ili kiasi kirekebishwe.",
    ),
    ReasonText(
        "above_maximum",
        False,
        "The amount is larger than M-PESA allows in one payment, so the payment was not made. "
        "Contact the business to correct the amount.",
        "Kiasi hiki ni kikubwa kuliko kile ambacho M-PESA inaruhusu kwa mara moja, kwa hivyo malipo hayakufanyika. "
        "Wasiliana na mfanyabiashara ili kiasi kirekebishwe.",
    ),
    ReasonText(
        "daily_limit",
        True,
        "This payment would go over the daily limit of the M-PESA account, so it was not made. "
        "Try again tomorrow, or pay from another M-PESA number.",
        "Umefikia kiwango cha M-PESA cha siku, kwa hivyo malipo hayakufanyika. "
        "Jaribu tena kesho, au ulipe kwa nambari nyingine ya M-PESA.",
    ),
    ReasonText(
        "receiver_limit",
        False,
        "The M-PESA account of the business cannot take more money now, so the payment was not made. "
        "Contact the business before you try again.",
        "Akaunti ya M-PESA ya biashara haiwezi kupokea pesa zaidi kwa sasa, kwa hivyo malipo hayakufanyika. "
        "Wasiliana na mfanyabiashara kabla ya kujaribu tena.",
    ),
    ReasonText(
        "pin_locked",
        True,
        "The M-PESA PIN of this phone is locked, so the payment was not made. "
        "To unlock it yourself dial *334#, then My Account, M-PESA PIN Manager, PIN Unlock; "
        "or pay from another M-PESA number.",
        "PIN ya M-PESA ya simu hii imefungwa, kwa hivyo malipo hayakufanyika. "
        "Piga *334# ili kuifungua (My Account, M-PESA PIN Manager, PIN Unlock), "
        "au ulipe kwa nambari nyingine ya M-PESA.",
    ),
    ReasonText(
        "merchant_setup",
        False,
        "The business is not set up correctly with M-PESA, so the payment was not made. "
        "Contact the business before you try again.",
        "Mipangilio ya M-PESA ya biashara hii si sahihi, kwa hivyo malipo hayakufanyika. "
        "Wasiliana na mfanyabiashara kabla ya kujaribu tena.",
    ),
    ReasonText(
        "still_processing",
        False,
        "M-PESA is still working on this payment. Wait a moment while we check, and do not pay again yet.",
        "M-PESA bado inashughulikia malipo haya. Subiri kidogo tunapoendelea kuangalia, na usilipe tena kwa sasa.",
    ),
    ReasonText(
        UNCONFIRMED,
        False,
        "M-PESA has not said clearly whether this payment went through. Wait while we check, and do not pay again yet.",
        "M-PESA haijasema wazi kama malipo haya yamefanikiwa. Subiri tunapoangalia, na usilipe tena kwa sasa.",
    ),
    ReasonText(
        "rule_limited",
        False,
        "M-PESA held this payment back, as it can when the same amount is paid twice within two minutes. "
        "Wait while we check, and do not pay again yet.",
        "M-PESA imezuia malipo haya, kama inavyoweza kufanya kiasi kilekile kikilipwa mara mbili ndani ya dakika "
        "mbili. Subiri tunapoangalia, na usilipe tena kwa sasa.",
    ),
    ReasonText(
        "mpesa_busy",
        False,
        "M-PESA is very busy and has not said whether this payment went through. "
        "Wait while we check, and do not pay again yet.",
        "M-PESA ina shughuli nyingi na haijasema kama malipo haya yamefanikiwa. "
        "Subiri tunapoangalia, na usilipe tena kwa sasa.",
    ),
    ReasonText(
        "phone_busy",
        False,
        "Another M-PESA request seems to be open on this phone. "
        "Finish or cancel it on the phone, and do not pay again while we check.",
        "Inaonekana kuna ombi lingine la M-PESA kwenye simu hii. "
        "Likamilishe au ulighairi kwenye simu, na usilipe tena tunapoangalia.",
    ),
    ReasonText(
        "no_answer",
        True,
        "We could not find out whether this payment went through; if M-PESA took the money, it will be credited or "
        "returned. Look at your M-PESA messages first, and try again only if there is no confirmation.",
        "Hatukuweza kujua kama malipo haya yamefanikiwa; ikiwa M-PESA ilichukua pesa, zitahesabiwa kama malipo yako "
        "au zitarudishwa. Angalia kwanza ujumbe wako wa M-PESA, na ujaribu tena tu kama hakuna uthibitisho.",
    ),
    ReasonText(
        "outcome_unknown",
        False,
        "We asked M-PESA for the payment and have not heard whether the request reached the phone. "
        "If it appears you may answer it; wait while we check, and do not pay again yet.",
        "Tuliomba malipo kupitia M-PESA na bado hatujui kama ombi limefika kwenye simu. "
        "Likitokea unaweza kulijibu; subiri tunapoangalia, na usilipe tena kwa sasa.",
    ),
    ReasonText(
        "daraja_refused",
        False,
        "M-PESA did not accept the request of this business, and no prompt was sent. "
        "Contact the business before you try again.",
        "M-PESA haikukubali ombi la biashara hii, na hakuna ombi lililotumwa kwenye simu. "
        "Wasiliana na mfanyabiashara kabla ya kujaribu tena.",
    ),
    ReasonText(
        PHONE_REFUSED,
        True,
        "M-PESA did not accept this phone number, and no prompt was sent. "
        "Check the number and try again, or pay from another M-PESA number.",
        "M-PESA haikukubali nambari hii ya simu, na hakuna ombi lililotumwa kwenye simu. "
        "Hakikisha nambari ni sahihi na ujaribu tena, au ulipe kwa nambari nyingine ya M-PESA.",
    ),
    ReasonText(
        "daraja_unavailable",
        True,
        "M-PESA cannot be reached or is too busy, and no prompt was sent. Wait a little, then try again.",
        "M-PESA haipatikani au ina shughuli nyingi, na hakuna ombi lililotumwa kwenye simu. "
        "Subiri kidogo, kisha ujaribu tena.",
    ),
    ReasonText(
        NOT_SENT,
        True,
        "We could not send the request to M-PESA in time, so nothing was sent to the phone. "
        "Wait a little, then try again.",
        "Hatukuweza kutuma ombi kwa M-PESA kwa wakati, kwa hivyo hakuna ombi lililotumwa kwenye simu. "
        "Subiri kidogo, kisha ujaribu tena.",
    ),
    ReasonText(
        "subscriber_locked",
        True,
        "Another M-PESA request is open on this phone, and no new one was sent. "
        "Finish or cancel it on the phone, wait a little, then try again.",
        "Kuna ombi lingine la M-PESA kwenye simu hii, na hakuna jipya lililotumwa. "
        "Likamilishe au ulighairi kwenye simu, subiri kidogo, kisha ujaribu tena.",
    ),
    ReasonText(
        "wrong_credentials",
        False,
        "The business is not set up correctly with M-PESA, and no prompt was sent. "
        "Contact the business before you try again.",
        "Mipangilio ya M-PESA ya biashara hii si sahihi, na hakuna ombi lililotumwa kwenye simu. "
        "Wasiliana na mfanyabiashara kabla ya kujaribu tena.",
    ),
    ReasonText(
        "merchant_unknown",
        False,
        "M-PESA does not know the number of this business, and no prompt was sent. "
        "Contact the business before you try again.",
        "M-PESA haitambui nambari ya biashara hii, na hakuna ombi lililotumwa kwenye simu. "
        "Wasiliana na mfanyabiashara kabla ya kujaribu tena.",
    ),
    ReasonText(
        "access_refused",
        False,
        "M-PESA did not let this business send a request, and no prompt was sent. "
        "Contact the business before you try again.",
        "M-PESA haikuruhusu biashara hii kutuma ombi, na hakuna ombi lililofika kwenye simu. "
        "Wasiliana na mfanyabiashara kabla ya kujaribu tena.",
    ),
    ReasonText(
        "amount_differs",
        False,
        "M-PESA reports another amount than the one that was asked for. "
        "Contact the business, and do not pay again until it has answered.",
        "M-PESA imeripoti kiasi tofauti na kilichoombwa. "
        "Wasiliana na mfanyabiashara, na usilipe tena hadi atakapokujibu.",
    ),
    ReasonText(
        "paid_twice",
        False,
        "This fee was paid already, and the second payment will be returned. There is nothing more to do.",
        "Ada hii ilikuwa imelipwa tayari, na utarudishiwa malipo ya pili. Huhitaji kufanya jambo lingine.",
    ),
)

REASONS: Final = {text.reason: text for text in _ALL}
_NEED_ANOTHER_NUMBER: Final = frozenset({"pin_locked", "daily_limit", PHONE_REFUSED})


def next_step(text: ReasonText) -> NextStep:
    """The one right thing for the customer to do after a payment that failed for this reason."""
    if text.reason in _NEED_ANOTHER_NUMBER:
        return NextStep.ANOTHER_NUMBER
    return NextStep.TRY_AGAIN if text.retryable else NextStep.CONTACT_BUSINESS
