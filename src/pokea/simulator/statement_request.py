"""`GET /sim/api/statement`: its parameters as an order, and a refusal that names the one that is wrong."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, get_args

from pokea.clock import EAST_AFRICA_TIME, HOUR, SECOND, Instant, from_datetime, nairobi
from pokea.errors import ApiError, invalid
from pokea.simulator.journal import Journal, OrganisationAccount
from pokea.simulator.options import SimulatorOptions
from pokea.simulator.sheets import Amounts, Encoding, Form, Times
from pokea.simulator.statement_file import Damage, Delimiter, Format, StatementOrder
from pokea.simulator.statement_rows import CoveredPeriod, Heading, Layout, Manner, Payer, Wording

PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "from": (),
    "to": (),
    "report_date": (),
    "format": get_args(Format),
    "layout": get_args(Layout),
    "account": tuple(account.value for account in OrganisationAccount),
    "short_code": (),
    "wording": get_args(Wording),
    "payer": get_args(Payer),
    "linked": ("true", "false"),
    "times": get_args(Times),
    "amounts": get_args(Amounts),
    "delimiter": get_args(Delimiter),
    "encoding": get_args(Encoding),
    "damage": get_args(Damage),
    "receipt": (),
}
"""Every parameter with its choices; none where anything of its form goes."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LOST_PLUS: Final = re.compile(r"(\S+[T ]\d\d:\d\d\S*) (\d\d:?\d\d)", re.ASCII)
"""A `+` that was not written as %2B arrives as a blank."""
_SHORT_CODE: Final = re.compile(r"\d{5,7}", re.ASCII)
_RECEIPT: Final = re.compile(r"[A-Z0-9]{8,12}", re.ASCII)
_YEARS: Final = range(2007, 2101)
"""M-PESA began in 2007."""
_DAY_SPAN: Final[Instant] = 24 * HOUR


def read_statement_order(
    parameters: Mapping[str, str], journal: Journal, options: SimulatorOptions, now: Instant
) -> StatementOrder:
    """The parameters as an order. Raises ApiError, naming the parameter that is wrong."""
    for name, text in parameters.items():
        if name not in PARAMETERS:
            raise invalid(name, f"{name}: there is no such parameter. There are: {', '.join(PARAMETERS)}.")
        if PARAMETERS[name] and text not in PARAMETERS[name]:
            raise invalid(name, f"{name}: must be one of {', '.join(PARAMETERS[name])}, not {text[:40]!r}.")
    account = OrganisationAccount(parameters.get("account", OrganisationAccount.UTILITY))
    layout: Any = parameters.get("layout", "classic")
    if layout == "newer" and account not in (OrganisationAccount.UTILITY, OrganisationAccount.MERCHANT):
        raise invalid("account", "account: the newer layout is of what customers pay into: utility or merchant.")
    own_code = options.till if account is OrganisationAccount.MERCHANT else options.shortcode
    return StatementOrder(
        account,
        _coverage(parameters, journal, now),
        Heading(
            options.organisation,
            _formed("short_code", parameters, _SHORT_CODE, "5 to 7 digits") or own_code,
            parameters.get("report_date") != "none",
        ),
        Manner(
            layout,
            _chosen("wording", parameters, options.statement_wording),
            _chosen("payer", parameters, "254"),
            parameters.get("linked") != "false",
        ),
        Form(_chosen("times", parameters, "portal"), _chosen("amounts", parameters, "portal")),
        _chosen("format", parameters, "csv"),
        _chosen("delimiter", parameters, "comma"),
        _chosen("encoding", parameters, "utf-8"),
        _chosen("damage", parameters, None),
        _formed("receipt", parameters, _RECEIPT, "8 to 12 capital letters and digits"),
    )


def _chosen(name: str, parameters: Mapping[str, str], default: Any) -> Any:
    """One of the parameter's choices, which were looked at before."""
    return parameters.get(name, default)


def _formed(name: str, parameters: Mapping[str, str], form: re.Pattern[str], words: str) -> str | None:
    text = parameters.get(name)
    if text is not None and not form.fullmatch(text):
        raise invalid(name, f"{name}: must be {words}, not {text[:40]!r}.")
    return text


def _coverage(parameters: Mapping[str, str], journal: Journal, now: Instant) -> CoveredPeriod:
    first = journal.movements[0].at if journal.movements else now
    since = _moment("from", parameters["from"]) if "from" in parameters else _midnight(first)
    until = _moment("to", parameters["to"]) if "to" in parameters else _midnight(now) + _DAY_SPAN - SECOND
    if until < since:
        raise invalid("to", "to: must not be before from.")
    report = parameters.get("report_date", "none")
    reported_at = now if report == "none" else _moment("report_date", report)
    if reported_at // SECOND > now // SECOND:
        raise invalid("report_date", "report_date: must not be after the simulator's own time: nothing is known of it.")
    # Up to the end of its second, as both ends of the period.
    return CoveredPeriod(since, until, min(now, reported_at - reported_at % SECOND + SECOND - 1))


def _midnight(instant: Instant) -> Instant:
    return from_datetime(nairobi(instant).replace(hour=0, minute=0, second=0, microsecond=0))


def _moment(name: str, text: str) -> Instant:
    """A day of Nairobi (its first second, or for `to` its last) or a moment. Raises ApiError."""
    try:
        lost = _LOST_PLUS.fullmatch(text)
        moment = datetime.fromisoformat(f"{lost[1]}+{lost[2]}" if lost else text)
    except ValueError:
        raise _unreadable(name, text) from None
    if moment.year not in _YEARS:
        raise _unreadable(name, text)
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=EAST_AFRICA_TIME)
    if _DAY.fullmatch(text) and name != "from":
        zoned += timedelta(days=1, seconds=-1)
    return from_datetime(zoned)


def _unreadable(name: str, text: str) -> ApiError:
    return invalid(
        name,
        f"{name}: must be a day such as 2026-11-05 or a moment such as 2026-11-05T16:20:00+03:00, not {text[:40]!r}.",
    )
