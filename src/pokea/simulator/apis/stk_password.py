"""Whose shortcode a push or a query names, and whether its password is right (daraja: push errors)."""

from typing import Literal

from pokea.daraja import wire
from pokea.simulator import canned
from pokea.simulator.canned import EnvelopeError
from pokea.simulator.options import SimulatorOptions
from pokea.simulator.validation import PushFields, QueryFields


def known_merchant(
    fields: PushFields | QueryFields, options: SimulatorOptions
) -> EnvelopeError | Literal["good", "wrong password"]:
    """A wrong password is an error, or something that is found out later, as `--bad-passkey` says."""
    if fields.shortcode not in (options.shortcode, options.till):
        return canned.MERCHANT_UNKNOWN
    if fields.password == wire.push_password(fields.shortcode, options.passkey, fields.timestamp):
        return "good"
    return canned.WRONG_CREDENTIALS if options.bad_passkey == "refused" else "wrong password"
