"""What is wrong with a statement: each defect as the parameters of the one that the simulator writes."""

import random
from collections.abc import Callable, Mapping
from typing import Final

from pokea.clock import SECOND, Instant, iso
from pokea.simulator.handset import Charge

FOREIGN_SHORT_CODE: Final = "600001"
_LONGEST_BEFORE_SECONDS: Final = 400

Parameters = Mapping[str, str]
Draw = Callable[[random.Random, Charge], Parameters]


def _early(chance: random.Random, target: Charge) -> Parameters:
    """Made a moment before the payment, and its period is the whole day all the same."""
    return {"report_date": _moment(target.at - chance.randrange(1, _LONGEST_BEFORE_SECONDS) * SECOND)}


def _spreadsheet(chance: random.Random, _target: Charge) -> Parameters:
    """Opened and saved by a spreadsheet, in one of its ways."""
    return {
        "times": chance.choice(("portal", "slashes", "iso", "am_pm", "no_seconds", "serial")),
        "amounts": chance.choice(("portal", "plain", "decimal_comma", "accounting")),
        "damage": chance.choice(("padded", "shouted")),
        "format": chance.choice(("csv", "csv", "xlsx")),
        "delimiter": chance.choice(("comma", "semicolon", "tab")),
        "encoding": chance.choice(("utf-8", "utf-8-bom", "utf-16", "windows-1252")),
    }


def _worded(chance: random.Random, _target: Charge) -> Parameters:
    """In other words: those of other exports, and some that nobody knows."""
    return {
        "wording": chance.choice(("fuliza", "online", "small_business", "bare", "unknown", "unknown", "mixed")),
        "payer": chance.choice(("254", "0")),
        "linked": chance.choice(("true", "false")),
    }


def _period(chance: random.Random, target: Charge) -> Parameters:
    """Of a time that begins or ends near to the payment."""
    edge = _moment(target.at + chance.randrange(-_LONGEST_BEFORE_SECONDS, _LONGEST_BEFORE_SECONDS) * SECOND)
    return {chance.choice(("from", "to")): edge}


def _damaged(damage: str) -> Draw:
    return lambda _chance, target: {"damage": damage, "receipt": target.receipt}


def _always(**parameters: str) -> Draw:
    return lambda _chance, _target: parameters


DEFECTS: Final[Mapping[str, Draw]] = {
    "none": _always(),
    "ends_early": _early,
    "row_missing": _damaged("row_missing"),
    "amount_differs": _damaged("amount_differs"),
    "short_row": _damaged("short_row"),
    "cut": _damaged("cut"),
    "open_quote": _damaged("open_quote"),
    "no_preamble": _always(damage="no_preamble"),
    "no_totals": _always(damage="no_totals"),
    "no_report_date": _always(report_date="none"),
    "foreign": _always(short_code=FOREIGN_SHORT_CODE),
    "other_account": _always(account="merchant"),
    "newer": _always(layout="newer"),
    "spreadsheet": _spreadsheet,
    "worded": _worded,
    "period": _period,
}
"""What each does to a statement, as parameters of the simulator's; the damage of a row strikes the target's."""


def _moment(instant: Instant) -> str:
    return (iso(instant) or "").split(".")[0] + "Z"
