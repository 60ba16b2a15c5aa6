"""What the answers to doctor's two questions about money out mean (law: finding out; daraja: additions). Pure.

The cheapest proof there is that money out would work moves none: a receipt that cannot exist is asked about, and that
M-PESA answers "does not exist" shows that operator, certificate, product and address work.
"""

from typing import Final

from pokea.checkup.findings import Finding, fail, ok, warn
from pokea.clock import Instant, iso
from pokea.daraja.codes.out_codes import INITIATOR_CODES, NO_SUCH_RECEIPT, out_meaning
from pokea.daraja.out_outcomes import REFUSALS, NotAsked
from pokea.daraja.result_reading import ResultReading
from pokea.money import shillings_json

IMPOSSIBLE_RECEIPT: Final = "ZZZZZZZZZZ"
"""Neither its month nor its day exists (daraja: receipts)."""
_SUCCESS: Final = "0"
_WRONG_PARTY: Final = "SFC_IC0003"
_WORKS: Final = "operator, certificate, product and address work"
_IN_MOMENTS: Final = "Try again in a few minutes."


def not_asked(check: str, outcome: NotAsked) -> Finding:
    """Daraja did not take the question: what to look at."""
    if outcome.limited or outcome.reason == "limited":
        return warn(
            check, f"Not found out, since Daraja is asked too often at the moment ({outcome.why}). {_IN_MOMENTS}"
        )
    if outcome.reason == "v3_forbidden":
        return fail(check, f"Daraja forbids it ({outcome.why}): ask Safaricom to enable this API for the app.")
    if outcome.reason:
        return fail(check, f"Daraja was not asked ({outcome.why.rstrip('.')}). {REFUSALS[outcome.reason]}")
    return warn(check, f"Not found out: {outcome.why}. {_IN_MOMENTS}")


def no_answer(check: str, waited_seconds: float) -> Finding:
    """Daraja took the question, and nothing came to its address."""
    return fail(
        check,
        f"Daraja took the question, and no answer came in {waited_seconds:.0f} s. Either nothing reaches this service "
        "from outside (does it run, with the same database?), or MPESA_INITIATOR_PASSWORD is wrong, which M-PESA was "
        "seen to meet with silence.",
    )


def balance_finding(check: str, reading: ResultReading, float_cents: int) -> Finding:
    """What came back of the question about the balance. `float_cents` is what has to stay in the account."""
    refused = _refused(check, reading)
    if refused is not None:
        return refused
    available = reading.utility_cents
    if available is None:
        return warn(
            check, "M-PESA answered without naming the utility account, from which is paid: look on the portal."
        )
    says = f"The utility account can spend KES {shillings_json(available):,}"
    if available <= 0:
        return warn(check, f"{says}: nothing can be paid out or reversed until money is moved to it.")
    if available < float_cents:
        return warn(check, f"{says}, which is below POKEA_OUT_FLOAT: money out stops by itself.")
    return ok(check, f"{says}.")


def receipt_finding(check: str, reading: ResultReading) -> Finding:
    """What came back of the question about a receipt that cannot exist."""
    if reading.code == NO_SUCH_RECEIPT:
        return ok(check, f"M-PESA says that the receipt asked about does not exist, which shows that {_WORKS}.")
    if reading.code == _WRONG_PARTY:
        return fail(
            check,
            "M-PESA does not know the shortcode as the operator's: check MPESA_SHORTCODE, MPESA_B2C_SHORTCODE, and of "
            "which organisation MPESA_INITIATOR_NAME is.",
        )
    refused = _refused(check, reading)
    if refused is not None:
        return refused
    return warn(check, "M-PESA answered about a receipt that cannot exist: nothing follows from that.")


def v3_finding(check: str, refused_at: Instant | None) -> Finding:
    """Whether B2C v3 was refused to the app of late; it cannot be tried without paying (law: sending, 2)."""
    if refused_at is None:
        return ok(check, "Not refused so far; the first payout shows it.")
    return fail(
        check,
        f"Daraja refused it on {iso(refused_at)} (403.002.1001). Ask Safaricom (apisupport@safaricom.co.ke) to enable "
        "B2C v3 for the app, and to let the addresses of your servers in for the shortcode.",
    )


def _refused(check: str, reading: ResultReading) -> Finding | None:
    """What a code says that is no success; None for a success."""
    if reading.is_request:
        return warn(check, f"M-PESA took too long and sent the question back. {_IN_MOMENTS}")
    if reading.code == _SUCCESS and reading.result_type in (None, _SUCCESS):
        return None
    known = out_meaning(reading.code) if reading.code is not None else None
    if known is None:
        named = f"{reading.code} ({reading.description})" if reading.code is not None else "no code"
        return warn(check, f"M-PESA answered with {named}, which is not known here: ask Safaricom what it means.")
    named = f"M-PESA answered {known.code}: {known.title}"
    return (fail if reading.code in INITIATOR_CODES else warn)(check, f"{named} {known.operator}")
