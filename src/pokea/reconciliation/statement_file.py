"""What kind of file was given, and its rows: CSV in its usual forms, and Excel's two. Any other is called what it is.

Every row keeps the number that a spreadsheet shows beside it, since that is how a person finds it again.
"""

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from pokea.errors import PokeaError
from pokea.reconciliation.cells import Cell
from pokea.reconciliation.delimited import decoded, delimited_rows
from pokea.reconciliation.workbook_reader import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, Workbook

MOST_BYTES: Final = 64 * 1024 * 1024
READING_SECONDS: Final = 60.0
PREAMBLE_ROWS: Final = 30
"""The header is looked for in so many rows."""

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KINDS: Final = (
    (b"%PDF", "a PDF: download the statement as an Excel file or CSV"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"II*\x00", "a picture (TIFF)"),
    (b"\x1f\x8b", "a compressed file (gzip): unpack it and give the statement inside"),
    (b"7z\xbc\xaf\x27\x1c", "a compressed file (7z): unpack it and give the statement inside"),
    (b"Rar!", "a compressed file (RAR): unpack it and give the statement inside"),
    (b"{\\rtf", "a document (RTF)"),
)
_MARKUP: Final = (
    (("<!doctype html", "<html", "<head", "<body", "<table", "<div", "<meta"), "a web page (HTML)"),
    (("<?xml", "<workbook", "<!--"), "an XML file"),
    (("{",), "a JSON file"),
)


class NotAStatement(PokeaError):
    """The file is not an organisation's statement that can be read; the sentence says what it is or what it lacks."""


class SheetRow(NamedTuple):
    """One row: its number in a spreadsheet, its cells, and why they cannot be told, if so."""

    number: int
    cells: Sequence[Cell]
    fault: str = ""


class StatementSheet(Struct, frozen=True):
    """The rows of a file from its first on; `head` is the place of the header among them."""

    rows: Sequence[SheetRow]
    head: int


OpenWorkbook = Callable[[bytes], Workbook]


def content_of(file: Path) -> bytes:
    """The bytes of the file, as far as a statement may have. Raises NotAStatement where it cannot be read at all."""
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as failure:
        raise NotAStatement(f"{file} cannot be read: {failure.strerror or failure}.") from None


def read_sheet(content: bytes, open_workbook: OpenWorkbook | None = None) -> StatementSheet:
    """The rows of the file, with a header among them. Raises NotAStatement."""
    if len(content) > MOST_BYTES:
        raise NotAStatement(f"The file has more than {MOST_BYTES // 1024**2} MiB; take a shorter period.")
    for magic, kind in _KINDS:
        if content.startswith(magic) or (magic == b"%PDF" and magic in content[:1024]):
            raise NotAStatement(f"This file is {kind}.")
    if content.startswith((_OLE, b"PK")):
        _refuse_other_archive(content)
        return _of_workbook((open_workbook or open_apart)(content))
    return _of_text(decoded(content))


def is_header(cells: Sequence[Cell]) -> bool:
    """Whether these are the names of a statement's columns."""
    return bool(cells) and column_name(cells[0]) == "receipt no"


def column_name(cell: Cell) -> str:
    """A column's name or a label, without what varies: letter case, blanks, the point or colon at its end."""
    return " ".join(cell.replace("\ufeff", "").lower().split()).rstrip(".:") if isinstance(cell, str) else ""


def open_apart(content: bytes) -> Workbook:
    """The workbook as a process of its own reads it, with bounds on memory and time."""
    # Without -P a file of the folder at hand could stand in for a module.
    command = [sys.executable, "-P", "-m", "pokea.reconciliation.workbook_reader"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, and no word of the command is the file's
            command, input=content, capture_output=True, timeout=READING_SECONDS, check=False
        )
        return msgspec.json.decode(done.stdout, type=Workbook)
    except (subprocess.TimeoutExpired, msgspec.DecodeError):
        return Workbook([], "it is damaged, or takes more memory or time than any statement needs")


def _refuse_other_archive(content: bytes) -> None:
    if not content.startswith(b"PK"):
        return
    try:
        names = set(zipfile.ZipFile(io.BytesIO(content)).namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise NotAStatement("This file is a damaged or cut archive or workbook; download it again.") from None
    if "xl/workbook.xml" in names:
        return
    if "content.xml" in names and "mimetype" in names:
        raise NotAStatement("This file is an OpenDocument file: save it as .xlsx or CSV.")
    if "xl/workbook.bin" in names:
        raise NotAStatement("This file is a binary workbook (.xlsb): save it as .xlsx or CSV.")
    if "word/document.xml" in names:
        raise NotAStatement("This file is a document (.docx).")
    raise NotAStatement("This file is a ZIP archive: unpack it and give the statement inside.")


def _of_workbook(workbook: Workbook) -> StatementSheet:
    if workbook.fault:
        raise NotAStatement(f"This Excel file cannot be read: {workbook.fault}.")
    found = [(sheet, head) for sheet in workbook.sheets if (head := _head(sheet.rows)) is not None]
    if not found and any(_is_crowded(cells) for sheet in workbook.sheets for cells in sheet.rows[:PREAMBLE_ROWS]):
        raise NotAStatement(_CROWDED)
    if not found:
        raise NotAStatement(f"This is an Excel file, and {_NO_HEADER}")
    if len(found) > 1:
        raise NotAStatement("More than one sheet of this Excel file has a header: give a file with one of them.")
    sheet, head = found[0]
    if sheet.is_cut:
        raise NotAStatement(f"The sheet has more than {MOST_ROWS:,} rows; take a shorter period.")
    rows = [SheetRow(number, cells, _too_much(cells)) for number, cells in enumerate(sheet.rows, start=1)]
    return StatementSheet(rows, head)


_NO_HEADER: Final = (
    f"no header was found: a statement has, in its first {PREAMBLE_ROWS} rows, one that begins with `Receipt No.`."
)


_CROWDED: Final = (
    "The header, which begins with `Receipt No.`, stands in one cell: give a file in which each of its names has a "
    "cell of its own, with commas, semicolons or tabs between them."
)


def _is_crowded(cells: Sequence[Cell]) -> bool:
    """Whether one cell holds the names of all columns, as with a delimiter that is not known."""
    name = column_name(cells[0]) if cells else ""
    return name.startswith("receipt no") and "completion time" in name


def _of_text(text: str) -> StatementSheet:
    begin = text[:4096].lstrip("\ufeff \t\r\n\x00").lower()
    if not begin:
        raise NotAStatement("This file is empty.")
    for openings, kind in _MARKUP:
        if begin.startswith(openings):
            raise NotAStatement(f"This file is {kind}, whatever its name says: save it as .xlsx or CSV.")
    rows: list[SheetRow] = []
    for number, cells, fault in delimited_rows(text, is_header, PREAMBLE_ROWS):
        if number > MOST_ROWS:
            raise NotAStatement(f"The file has more than {MOST_ROWS:,} rows; take a shorter period.")
        rows.append(SheetRow(number, cells, fault or _too_much(cells)))
    head = _head([row.cells for row in rows[:PREAMBLE_ROWS]])
    if head is None:
        if begin.startswith(("#receipt_number", "receipt_number", '"receipt_number', "# receipt_number")):
            raise NotAStatement("This is M-PESA's daily extract, not the portal's statement: give the latter.")
        if "\x00" in begin:
            raise NotAStatement("This file is neither text nor an Excel file.")
        if any(_is_crowded(row.cells) for row in rows[:PREAMBLE_ROWS]):
            raise NotAStatement(_CROWDED)
        raise NotAStatement(f"N{_NO_HEADER[1:]}")
    return StatementSheet(rows, head)


def _head(rows: Sequence[Sequence[Cell]]) -> int | None:
    return next((place for place, cells in enumerate(rows[:PREAMBLE_ROWS]) if is_header(cells)), None)


def _too_much(cells: Sequence[Cell]) -> str:
    if len(cells) > MOST_COLUMNS:
        return f"it has more than {MOST_COLUMNS} cells"
    if any(isinstance(cell, str) and len(cell) > LONGEST_CELL for cell in cells):
        return f"a cell has more than {LONGEST_CELL:,} characters"
    return ""
