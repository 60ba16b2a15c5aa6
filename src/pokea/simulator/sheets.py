"""Rows of cells as the two files that people hand around: text with a delimiter, and an Excel workbook.

A workbook is a zip of small XML documents, of which a sheet with text, money and dates needs seven. They are written
here, since a library for that would have to be installed with every Pokea for the sake of this one page.
"""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple, TypeAlias
from xml.sax.saxutils import escape

from pokea.money import CENTS

Cell: TypeAlias = str | int | datetime | None
"""Text; money in cents; a moment of East Africa Time without its zone; the side of a row that is not used."""

Times = Literal["portal", "slashes", "iso", "am_pm", "no_seconds", "serial"]
Amounts = Literal["portal", "plain", "decimal_comma", "accounting"]
Encoding = Literal["utf-8", "utf-8-bom", "utf-16", "windows-1252"]

_TIMES: Final[dict[Times, str]] = {
    "portal": "%d-%m-%Y %H:%M:%S",
    "slashes": "%d/%m/%Y %H:%M:%S",
    "iso": "%Y-%m-%d %H:%M:%S",
    "am_pm": "%d/%m/%Y %I:%M:%S %p",
    "no_seconds": "%d-%m-%Y %H:%M",
}
_CODECS: Final[dict[Encoding, str]] = {
    "utf-8": "utf-8",
    "utf-8-bom": "utf-8-sig",
    "utf-16": "utf-16",
    "windows-1252": "cp1252",
}
_EXCEL_BEGINS: Final = datetime(1899, 12, 30)  # noqa: DTZ001  # Excel's days have no zone
_SECONDS_A_DAY: Final = 86_400
_LETTERS: Final = 26


class Form(NamedTuple):
    """How times and amounts are written; anything but `portal` is what a spreadsheet or a person makes of them."""

    times: Times = "portal"
    amounts: Amounts = "portal"


def written(cell: Cell, form: Form) -> str:
    """The cell as text."""
    if cell is None:
        return " -   " if form.amounts == "accounting" else ""
    if isinstance(cell, datetime):
        return f"{_serial(cell):.10f}" if form.times == "serial" else cell.strftime(_TIMES[form.times])
    return _money(cell, form.amounts) if isinstance(cell, int) else cell


def _money(cents: int, amounts: Amounts) -> str:
    whole, rest = divmod(abs(cents), CENTS)
    sign = "-" if cents < 0 else ""
    match amounts:
        case "plain":
            return f"{sign}{whole}.{rest:02d}"
        case "decimal_comma":
            return f"{sign}{whole},{rest:02d}"
        case "accounting":
            return f"({whole:,}.{rest:02d})" if cents < 0 else f"{whole:,}.{rest:02d}"
        case _:
            return f"{sign}{whole:,}.{rest:02d}"


def _serial(moment: datetime) -> float:
    """Excel's number for the moment: days since the end of 1899."""
    return (moment - _EXCEL_BEGINS).total_seconds() / _SECONDS_A_DAY


def delimited(row: Sequence[Cell], form: Form, delimiter: str) -> str:
    """One row as text, quoted where it must be, with its line's end."""
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="\r\n").writerow([written(cell, form) for cell in row])
    return line.getvalue()


def encoded(text: str, encoding: Encoding) -> bytes:
    """The text as bytes; what the encoding lacks becomes a question mark."""
    return text.encode(_CODECS[encoding], "replace")


def workbook(sheet_name: str, rows: Sequence[Sequence[Cell]], form: Form) -> bytes:
    """The rows as the one sheet of an .xlsx: money as numbers, dates as numbers where the form says `serial`."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in _PARTS.items():
            # A ZipInfo of its own has a fixed date: the same rows make the same file.
            book.writestr(_part(name), text.replace("SHEET_NAME", escape(sheet_name, {'"': "&quot;"})))
        with book.open(_part("xl/worksheets/sheet1.xml"), "w") as sheet:
            sheet.write(_SHEET_BEGINS)
            for number, row in enumerate(rows, start=1):
                sheet.write(_row(number, row, form).encode())
            sheet.write(_SHEET_ENDS)
    return content.getvalue()


def _part(name: str) -> zipfile.ZipInfo:
    part = zipfile.ZipInfo(name)
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


def _row(number: int, row: Sequence[Cell], form: Form) -> str:
    cells = "".join(_cell(f"{_column(place)}{number}", cell, form) for place, cell in enumerate(row))
    return f'<row r="{number}">{cells}</row>'


def _cell(address: str, cell: Cell, form: Form) -> str:
    if isinstance(cell, int):
        # A whole number of cents is written exactly, never through a float.
        return f'<c r="{address}" s="1"><v>{_money(cell, "plain")}</v></c>'
    if isinstance(cell, datetime) and form.times == "serial":
        return f'<c r="{address}" s="2"><v>{_serial(cell):.10f}</v></c>'
    text = escape("".join(sign for sign in written(cell, form) if sign.isprintable()))
    return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' if text else ""


def _column(place: int) -> str:
    """The letters of a column, counted from 0."""
    rest, letter = divmod(place, _LETTERS)
    return (_column(rest - 1) if rest else "") + chr(ord("A") + letter)


_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLED: Final = '<xf numFmtId="{}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
_SHEET_BEGINS: Final = f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode()
_SHEET_ENDS: Final = b"</sheetData></worksheet>"
_PARTS: Final = {
    "[Content_Types].xml": (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="SHEET_NAME" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'{_XML}<styleSheet xmlns="{_MAIN}">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="dd\\-mm\\-yyyy\\ hh:mm:ss"/></numFmts>'
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="3">{_STYLED.format(0)}{_STYLED.format(4)}{_STYLED.format(164)}</cellXfs></styleSheet>'
    ),
}
"""Style 1 is `#,##0.00`, style 2 a date."""
