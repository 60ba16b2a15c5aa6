"""What kind of file was given: the forms of CSV and Excel's two are read, and any other is called what it is."""

import codecs
import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.reconciliation.statement_file import (
    MOST_BYTES,
    NotAStatement,
    StatementSheet,
    content_of,
    open_apart,
    read_sheet,
)
from pokea.reconciliation.workbook_reader import MOST_ROWS, Workbook, read_workbook
from tests.reconciliation.workbooks import Value, as_xlsx, packed
from tests.reconciliation.written import PAYMENT, as_csv, classic_rows

ROWS: Final = classic_rows([PAYMENT])
TEXT: Final = as_csv(ROWS).decode()
_FIXTURES: Final = Path(__file__).parents[1] / "fixtures" / "statements"


def cells(sheet: StatementSheet) -> list[list[str]]:
    """Every cell, as text."""
    return [[cell if isinstance(cell, str) else cell.text for cell in row.cells] for row in sheet.rows]


def zipped(*names: str) -> bytes:
    """An archive with files of these names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "something")
    return content.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "encoded",
    [
        str.encode,
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.replace("DEMO", "D\xc9MO").encode("cp1252"),
    ],
    ids=["utf-8", "utf-8-mark", "utf-16-mark", "utf-16-be-mark", "utf-16-le", "utf-16-be", "cp1252"],
)
def test_csv_is_read_whatever_its_delimiter_and_encoding(delimiter: str, encoded: Callable[[str], bytes]) -> None:
    """The same cells come of each."""
    sheet = read_sheet(encoded(as_csv(ROWS, delimiter).decode()))
    assert [[cell.replace("\xc9", "E") for cell in row] for row in cells(sheet)] == ROWS
    assert sheet.head == 6
    assert not any(row.fault for row in sheet.rows)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lines_end_in_each_way(end: str) -> None:
    """With or without an end after the last."""
    assert cells(read_sheet(TEXT.replace("\r\n", end).encode())) == ROWS
    assert cells(read_sheet(TEXT.replace("\r\n", end).rstrip().encode())) == ROWS


def test_the_line_that_tells_excel_the_delimiter_is_no_row() -> None:
    """Excel shows the row after it as its first."""
    sheet = read_sheet(b"sep=;\r\n" + as_csv(ROWS, ";"))
    assert (sheet.rows[0].number, cells(sheet)) == (1, ROWS)


def test_blank_rows_count() -> None:
    """A row's number is the one that a spreadsheet shows."""
    sheet = read_sheet(b"\r\n\r\n" + TEXT.encode())
    assert (sheet.head, sheet.rows[sheet.head].number) == (8, 9)


def test_a_workbook_is_read_as_the_portal_writes_it() -> None:
    """Excel's old binary form, amounts as numbers; row numbers are the spreadsheet's."""
    sheet = read_sheet((_FIXTURES / "classic.xls").read_bytes())
    assert (sheet.head, [row.number for row in sheet.rows]) == (6, [*range(1, 10)])
    assert cells(sheet)[8][:7] == [*ROWS[7][:5], "500", ""]


def test_a_workbook_is_read_with_text_numbers_and_dates() -> None:
    """In Excel's newer form, whichever sheet has the statement."""
    dated = datetime.fromisoformat("2025-11-05T12:00:05")
    rows: list[Sequence[Value]] = [
        *ROWS[:7],
        [*ROWS[7][:1], dated, dated, *ROWS[7][3:5], 500.0, "", 1234.5, *ROWS[7][8:]],
    ]
    sheet = read_sheet(as_xlsx([["A note", "of the treasurer"]], [[], *rows]))
    assert cells(sheet)[8][1:9] == [*["2025-11-05 12:00:05"] * 2, *ROWS[7][3:5], "500", "", "1234.50", "true"]
    assert sheet.rows[8].number == 9


def test_a_number_is_what_the_spreadsheet_shows() -> None:
    """Without the remainder of binary fractions."""
    workbook = read_workbook(as_xlsx([[0.1 + 0.2, 1053.0, -22779.95, 12345678901.5, 1e21]]))
    assert workbook.sheets[0].rows == [["0.30", "1053", "-22779.95", "12345678901.50", "1e+21"]]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "empty"),
        (b"%PDF-1.7 and so on", "PDF"),
        (b"\n\n%PDF-1.4 behind a few lines", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"GIF89a", "picture"),
        (b"<!DOCTYPE html><table><tr><td>Receipt No.</td></tr></table>", "web page"),
        ("\ufeff\n <HTML>".encode("utf-16"), "web page"),
        (b'<?xml version="1.0"?><Workbook/>', "XML"),
        (b'{"receipts": []}', "JSON"),
        (b"{\\rtf1 Receipt No.}", "RTF"),
        (gzip.compress(TEXT.encode()), "gzip"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "7z"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (zipped("statement.xls"), "ZIP archive: unpack"),
        (zipped(), "ZIP archive: unpack"),
        (zipped("mimetype", "content.xml"), "OpenDocument"),
        (zipped("xl/workbook.bin"), "xlsb"),
        (zipped("word/document.xml"), "docx"),
        (zipped("xl/workbook.xml"), "damaged"),
        (as_xlsx(ROWS)[:-40], "damaged or cut"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "Excel file cannot be read"),
        (as_xlsx([["Name", "Amount"]]), "Excel file, and no header was found"),
        (as_xlsx(ROWS, ROWS), "More than one sheet"),
        (b"Name,Amount\nJane,5\n", "No header was found.*`Receipt No.`"),
        (b"RECEIPT_NUMBER,DATE1,DETAILS\n", "daily extract"),
        (bytes(range(256)) * 4, "neither text"),
        (b"Dear Sir,\n", "No header was found"),
        (as_csv(ROWS, "|"), "stands in one cell"),
        (as_csv([[as_csv([row]).decode().strip()] for row in ROWS]), "stands in one cell"),
        (as_xlsx([[as_csv([row]).decode().strip()] for row in ROWS]), "stands in one cell"),
    ],
)
def test_any_other_file_is_called_what_it_is(content: bytes, says: str) -> None:
    """The sentence says what it is, and what to give."""
    with pytest.raises(NotAStatement, match=says):
        read_sheet(content)


def test_a_quote_that_is_not_closed_costs_its_own_row_alone() -> None:
    """The row is named, and all rows after it are read."""
    swallowed = TEXT.replace(",Pay Bill", ',"Pay Bill') + "".join(TEXT.splitlines(keepends=True)[-1:])
    sheet = read_sheet(swallowed.encode())
    assert [(row.number, row.fault) for row in sheet.rows if row.fault] == [(8, "a quote is not closed")]
    assert cells(sheet)[8] == ROWS[7]


def test_a_quote_that_meets_another_costs_the_rows_between_alone() -> None:
    """However many rows have one, each is named and no other is lost."""
    broken = TEXT.splitlines(keepends=True)[-1].replace(",Pay Bill", ',"Pay Bill')
    sheet = read_sheet((TEXT + broken + TEXT.splitlines(keepends=True)[-1] + broken).encode())
    assert [row.number for row in sheet.rows if row.fault] == [9, 11]
    assert cells(sheet)[9] == ROWS[7]


def test_a_line_break_inside_of_a_cell_belongs_to_it() -> None:
    """Such a row is one row, as in a spreadsheet."""
    rows = [*ROWS[:7], [*ROWS[7][:3], "Pay Bill\r\nfrom X", *ROWS[7][4:]], ROWS[7]]
    sheet = read_sheet(as_csv(rows))
    assert [row.number for row in sheet.rows][-2:] == [8, 9]
    assert "from X" in cells(sheet)[7][3]
    assert cells(sheet)[8] == ROWS[7]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("x" * 3_000, "more than 2,000 characters"),
        ("x" * 200_000, "more than 32,768 characters"),
        ("\x00", "no text"),
        ("," * 80, "more than 64 cells"),
        ('"a"b', "quotes"),
    ],
)
def test_a_row_that_is_out_of_bounds_is_named_and_no_other_is_lost(cell: str, why: str) -> None:
    """Whatever Python's own reader of CSV would have made of it."""
    odd = TEXT.splitlines(keepends=True)[-1].replace("Completed", cell)
    sheet = read_sheet((TEXT + odd + TEXT.splitlines(keepends=True)[-1]).encode())
    assert [row.number for row in sheet.rows if row.fault] == [9]
    assert why in sheet.rows[8].fault
    assert cells(sheet)[9] == ROWS[7]


def test_bytes_that_are_no_text_cost_their_row_alone() -> None:
    """UTF-16 that was cut inside a character, and a byte that Windows-1252 does not know."""
    cut = read_sheet(TEXT.encode("utf-16")[:-1])
    assert [row.number for row in cut.rows if row.fault] == [9]
    odd = read_sheet(TEXT.replace("JANE", "J\x9dNE").encode("latin-1"))
    assert [row.number for row in odd.rows if row.fault] == [8]


def test_a_file_is_bounded_in_bytes_and_rows(tmp_path: Path) -> None:
    """What no statement has is refused before it is read."""
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as opened:
        opened.truncate(MOST_BYTES * 20)
    assert len(content_of(huge)) == MOST_BYTES + 1
    with pytest.raises(NotAStatement, match="64 MiB"):
        read_sheet(content_of(huge))
    with pytest.raises(NotAStatement, match="200,000 rows"):
        read_sheet(TEXT.encode() + b"\n" * MOST_ROWS)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A folder, or nothing at all."""
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(NotAStatement, match="cannot be read"):
            content_of(path)


@pytest.mark.parametrize(
    "sheet",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        f"<row>{'<c><v>1</v></c>' * 9_000}</row>" + '<row r="1048576"><c><v>1</v></c></row>',
    ],
    ids=["far", "wide"],
)
def test_a_workbook_that_would_take_all_memory_is_refused(sheet: str) -> None:
    """A few hundred bytes can name the last cell there is; the process that opens it ends, and this one goes on."""
    content = packed(f"<worksheet><sheetData>{sheet}</sheetData></worksheet>")
    with pytest.raises(NotAStatement, match="more memory or time"):
        read_sheet(content)


def test_a_workbook_that_unpacks_into_gigabytes_is_refused() -> None:
    """Its size on the disk says nothing."""
    content = io.BytesIO(packed())
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ("sharedStrings", "worksheets/sheet1"):
            with archive.open(f"xl/{name}.xml", "w") as member:
                member.write(b"<sst><si><t>")
                for _ in range(700):
                    member.write(b"x" * 1_000_000)
    assert len(content.getvalue()) < 8_000_000
    with pytest.raises(NotAStatement, match="more memory or time"):
        read_sheet(content.getvalue())


def test_a_workbook_is_opened_apart_and_by_whom_one_gives() -> None:
    """The process of its own finds what the reader in this one finds; a caller may open it in another way."""
    content = as_xlsx(ROWS)
    assert open_apart(content) == read_workbook(content)
    with pytest.raises(NotAStatement, match="protected"):
        read_sheet(content, lambda _content: Workbook([], "it is protected by a password"))


@given(
    st.binary(max_size=400)
    | st.text(max_size=400).map(str.encode)
    | st.lists(st.sampled_from([*TEXT.splitlines(), '"', 'a,"b', "\x00,", ""]), max_size=12).map(
        lambda lines: "\r\n".join(lines).encode()
    )
)
def test_any_text_is_read_or_refused(content: bytes) -> None:
    """No file makes the reader fail in another way."""
    if content.startswith((b"PK", b"\xd0\xcf")):
        return  # workbooks have their own tests
    try:
        sheet = read_sheet(content)
    except NotAStatement:
        return
    assert [row.number for row in sheet.rows] == [*range(1, len(sheet.rows) + 1)]
