"""Reads an Excel workbook from its input and writes its cells to its output; run as a process of its own.

A workbook of a few kilobytes can name a cell in the last row and column, or unpack into gigabytes, and the reader then
takes all the memory that there is and ends the process. So this process has limits, and it is the one that ends.
"""

import io
import sys
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from pokea.reconciliation.cells import Cell, DateCell

MOST_ROWS: Final = 200_000
MOST_COLUMNS: Final = 64
LONGEST_CELL: Final = 2_000
MEMORY_BYTES: Final = 1024 * 1024 * 1024
CPU_SECONDS: Final = 60


class WorkbookSheet(msgspec.Struct, frozen=True):
    """One sheet as it was read: its rows from the first on, and whether it has more of them than are allowed."""

    name: str
    rows: list[list[Cell]]
    is_cut: bool = False


class Workbook(msgspec.Struct, frozen=True):
    """All sheets of a workbook; `fault` says why there are none."""

    sheets: list[WorkbookSheet]
    fault: str = ""


def read_workbook(content: bytes) -> Workbook:
    """Every worksheet of the workbook."""
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return Workbook([_sheet(workbook, each.name) for each in workbook.sheets_metadata if _has_cells(each.typ)])
    except PasswordError:
        return Workbook([], "it is protected by a password; save it without one")
    except CalamineError:
        return Workbook([], "it is damaged, cut or not a workbook; download it again")


def _has_cells(kind: SheetTypeEnum) -> bool:
    return kind is SheetTypeEnum.WorkSheet


def _sheet(workbook: CalamineWorkbook, name: str) -> WorkbookSheet:
    # Empty rows before the first cell are kept, so that a row's place is the number that the spreadsheet shows.
    rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=MOST_ROWS + 1)
    kept = [[_cell(value) for value in row[: MOST_COLUMNS + 1]] for row in rows[:MOST_ROWS]]
    return WorkbookSheet(name, kept, len(rows) > MOST_ROWS)


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value[: LONGEST_CELL + 1]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        # A spreadsheet shows fifteen digits of a number; what comes after them is the remainder of binary fractions.
        return _number(value)
    if isinstance(value, datetime):
        return DateCell((value + timedelta(milliseconds=500)).strftime("%Y-%m-%d %H:%M:%S"))
    if isinstance(value, date):
        return DateCell(value.strftime("%Y-%m-%d 00:00:00"))
    return str(value)


def _number(value: float) -> str:
    text = f"{value:.15g}"
    whole, point, decimals = text.partition(".")
    return f"{whole}.{decimals}0" if point and len(decimals) == 1 and decimals.isdigit() else text


def main() -> None:
    """Limit this process, then read and write."""
    with suppress(ImportError, ValueError, OSError):  # where a system knows no such limits, the parent's clock remains
        import resource  # noqa: PLC0415 - not on every system

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.buffer.write(msgspec.json.encode(read_workbook(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main()
