"""Statements as a test looks at them: asked for, and taken apart by a reader of the test's own."""

import csv
import io
import zipfile
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from xml.etree import ElementTree

from tests.simulator.running import PHONE, Daraja, Reply, eventually

_CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Sheet(NamedTuple):
    """A statement's preamble and its rows by the names of their columns."""

    preamble: Sequence[Sequence[str]]
    columns: Sequence[str]
    rows: Sequence[dict[str, str]]

    def labelled(self, label: str) -> str:
        """The preamble's cell after the label."""
        for row in self.preamble:
            if label in row:
                return row[row.index(label) + 1]
        raise AssertionError(f"no {label!r} in the preamble")

    def column(self, name: str) -> list[str]:
        """One column from the top."""
        return [row[name] for row in self.rows]


def take_payment(daraja: Daraja, amount: int, msisdn: str = PHONE, **changes: Any) -> str:
    """The receipt of a payment that a phone makes at once."""
    daraja.subscriber(msisdn, behaviour="pay", delaySeconds=0)
    checkout = daraja.pushed(msisdn, amount, **changes)

    def paid() -> Any:
        return [each for each in daraja.journal["charges"] if each["checkoutRequestId"] == checkout]

    receipt: str = eventually(paid, "the payment")[0]["receipt"]
    return receipt


def pay_till(daraja: Daraja, amount: int, msisdn: str = PHONE) -> str:
    """The receipt of a payment to the till."""
    return take_payment(daraja, amount, msisdn, TransactionType="CustomerBuyGoodsOnline", PartyB=daraja.options.till)


def asked(daraja: Daraja, **parameters: str) -> Reply:
    """The answer to a request for a statement; a parameter's last underscore is left out."""
    query = "&".join(f"{name.rstrip('_')}={value}" for name, value in parameters.items())
    return daraja.call("GET", f"/sim/api/statement?{query}")


def statement(daraja: Daraja, **parameters: str) -> Sheet:
    """A statement as CSV, taken apart."""
    reply = asked(daraja, **parameters)
    assert reply.status == 200, reply.body
    return taken_apart(list(csv.reader(io.StringIO(reply.body.decode(), newline=""))))


def taken_apart(rows: Sequence[Sequence[str]]) -> Sheet:
    """Rows of cells as a sheet."""
    head = next(number for number, row in enumerate(rows) if row[0].startswith("Receipt No"))
    columns = rows[head]
    return Sheet(rows[:head], columns, [dict(zip(columns, row, strict=True)) for row in rows[head + 1 :]])


def cells_of_workbook(content: bytes) -> list[list[str]]:
    """The cells of a workbook's one sheet, numbers as they are written in it."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert book.testzip() is None
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314  # the simulator wrote it
    rows = []
    for row in sheet.iter(f"{_CELL}row"):
        cells: dict[int, str] = {}
        for cell in row:
            letters = "".join(sign for sign in cell.attrib["r"] if sign.isalpha())
            cells[ord(letters) - ord("A")] = "".join(cell.itertext())
        rows.append([cells.get(place, "") for place in range(max(cells) + 1)])
    return rows


def cents(cell: str) -> int:
    """An amount of the portal's form; an empty cell is nothing."""
    return int(cell.replace(",", "").replace(".", "") or "0")


def chains(sheet: Sheet, paid_in: str = "Paid In", withdrawn: str = "Withdrawn", balance: str = "Balance") -> bool:
    """Whether each balance is the one below it with the row's amount."""
    return all(
        cents(below[balance]) + cents(above[paid_in]) + cents(above[withdrawn]) == cents(above[balance])
        for above, below in pairwise(sheet.rows)
    )
