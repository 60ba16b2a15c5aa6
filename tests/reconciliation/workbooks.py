"""Workbooks (.xlsx) written for tests with a ZIP and a little XML alone, so that a test may also write odd ones."""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape

_CONTENT_TYPES: Final = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
</Types>"""
_RELATIONS: Final = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="xl/workbook.xml"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>"""
_NAMESPACE: Final = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATION_NAMESPACE: Final = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_STYLES: Final = f"""<?xml version="1.0" encoding="UTF-8"?><styleSheet {_NAMESPACE}>
<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>"""
_EXCEL_BEGINS: Final = datetime.fromisoformat("1899-12-30")

Value = str | float | datetime


def as_xlsx(*sheets: Sequence[Sequence[Value]]) -> bytes:
    """A workbook of these sheets: text as text, numbers as numbers, times as dates of the spreadsheet."""
    return packed(*(sheet_xml(rows) for rows in sheets))


def packed(*sheets: str) -> bytes:
    """A workbook whose sheets are this XML."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(f'<sheet name="S{number}" sheetId="{number}" r:id="rId{number}"/>' for number in numbers)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = "".join(
        f'<Relationship Id="rId{number}" Target="worksheets/sheet{number}.xml" Type="{kind}/worksheet"/>'
        for number in numbers
    )
    relations += f'<Relationship Id="rId99" Target="styles.xml" Type="{kind}/styles"/>'
    files = {
        "[Content_Types].xml": _CONTENT_TYPES,
        "_rels/.rels": _RELATIONS,
        "xl/workbook.xml": f"<workbook {_NAMESPACE} {_RELATION_NAMESPACE}><sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        f'relationships">{relations}</Relationships>',
        "xl/styles.xml": _STYLES,
    }
    files |= {f"xl/worksheets/sheet{number}.xml": xml for number, xml in zip(numbers, sheets, strict=True)}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def sheet_xml(rows: Sequence[Sequence[Value]]) -> str:
    """A sheet of these rows."""
    written = (
        f'<row r="{number}">{"".join(_cell(number, place, value) for place, value in enumerate(row))}</row>'
        for number, row in enumerate(rows, start=1)
    )
    return f"<worksheet {_NAMESPACE}><sheetData>{''.join(written)}</sheetData></worksheet>"


def _cell(number: int, place: int, value: Value) -> str:
    name = f"{chr(ord('A') + place)}{number}"
    if isinstance(value, str):
        return f'<c r="{name}" t="inlineStr"><is><t>{escape(value)}</t></is></c>' if value else ""
    if isinstance(value, datetime):
        days = (value - _EXCEL_BEGINS).total_seconds() / 86_400
        return f'<c r="{name}" s="1"><v>{days!r}</v></c>'
    return f'<c r="{name}"><v>{value!r}</v></c>'
