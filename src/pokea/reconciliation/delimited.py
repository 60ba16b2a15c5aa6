"""CSV as it comes: its encoding and its delimiter are found out, and no row is lost to a quote in another. Pure.

A statement has each row on one line. So lines are taken one by one, strictly: where a quote is not closed, that line
cannot be read and all others can. Only where a few lines together are one whole row, since a cell holds a line break,
are they taken together, and never across a line that begins like a row of its own.
"""

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pokea.reconciliation.cells import read_receipt

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_SEPARATOR_LINE: Final = re.compile(r"\"?sep=(.)\"?", re.IGNORECASE)
_DELIMITERS: Final = ",;\t"
_LONGEST_LINE: Final = 32_768
_LINES_OF_A_ROW: Final = 4
_SAMPLE_BYTES: Final = 4_096
_UNCLOSED: Final = "a quote is not closed"

NumberedRow = tuple[int, Sequence[str], str]
"""A row's number, its cells, and why it cannot be read."""


def decoded(content: bytes) -> str:
    """The text: UTF-8 or UTF-16 with their marks or without, else Windows-1252. What fits none is U+FFFD."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    sample = content[:_SAMPLE_BYTES]
    # In UTF-16 every other byte of plain text is a zero.
    if sample[1::2].count(0) > len(sample) // 4:
        return content.decode("utf-16-le", "replace")
    if sample[::2].count(0) > len(sample) // 4:
        return content.decode("utf-16-be", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def delimited_rows(text: str, is_header: Callable[[Sequence[str]], bool], preamble_rows: int) -> Iterator[NumberedRow]:
    """Every row of the text, numbered as in a spreadsheet."""
    lines = _LINE_END.split(text)
    if lines and not lines[-1]:
        lines.pop()
    if lines and _SEPARATOR_LINE.fullmatch(lines[0].strip().lstrip("\ufeff")):
        # The line by which Excel is told the delimiter is no row of its sheet.
        del lines[0]
    delimiter = _delimiter(lines[:preamble_rows], is_header)
    width: int | None = None
    number, place = 0, 0
    while place < len(lines):
        number += 1
        cells, fault = _row(lines[place], delimiter)
        taken = 1
        if fault == _UNCLOSED:
            joined = _joined(lines[place : place + _LINES_OF_A_ROW], delimiter, width)
            if joined is not None:
                (cells, taken), fault = joined, ""
        if width is None and not fault and is_header(cells):
            width = len(cells)
        place += taken
        yield number, cells, fault


def _delimiter(lines: Sequence[str], is_header: Callable[[Sequence[str]], bool]) -> str:
    best = ",", 1
    for line in lines:
        for delimiter in _DELIMITERS:
            cells, fault = _row(line, delimiter)
            if not fault and len(cells) > best[1] and is_header(cells):
                best = delimiter, len(cells)
    return best[0]


def _row(line: str, delimiter: str) -> tuple[Sequence[str], str]:
    """The cells of one line, or why they cannot be told."""
    if len(line) > _LONGEST_LINE:
        return [], f"it has more than {_LONGEST_LINE:,} characters"
    if "\ufffd" in line or "\x00" in line:
        return [], "it holds bytes that are no text"
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), []), ""
    except csv.Error as failure:
        if "unexpected end of data" in str(failure):
            return [], _UNCLOSED
        return [], "its quotes or characters are not those of CSV"


def _joined(lines: Sequence[str], delimiter: str, width: int | None) -> tuple[Sequence[str], int] | None:
    """The row that the first few of these lines are together, and how many they are."""
    for taken in range(2, len(lines) + 1):
        if read_receipt(re.split(f"[{_DELIMITERS}]", lines[taken - 1])[0].strip('"')) is not None:
            return None
        cells, fault = _row("\n".join(lines[:taken]), delimiter)
        if not fault and (width is None or len(cells) == width):
            return cells, taken
    return None
