"""`pokea export`: transactions as CSV."""

import asyncio
import csv
import os
import stat
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import typer

from pokea.cli.logging_setup import log_to_stderr
from pokea.cli.progress import advancing
from pokea.errors import ApiError, SettingsError

if TYPE_CHECKING:
    from pokea.payments.history.export import ExportFilter
    from pokea.storage.database import Database


def export(
    from_: str | None = typer.Option(None, "--from", help="First day (East Africa Time), or an instant."),
    to: str | None = typer.Option(None, "--to", help="Last day, or an instant."),
    status: Literal["initiated", "pending", "completed", "failed"] | None = typer.Option(None, help="Only these."),
    output: Path | None = typer.Option(None, "--output", help="File to write; by default standard output."),
    full: bool = typer.Option(False, "--full", help="Write whole phone numbers: personal data, handle it so."),
) -> None:
    """Write transactions as CSV, the oldest first, however many there are.

    No cell can be taken for a formula. Phone numbers are masked unless --full. Needs no other setting than
    POKEA_DATABASE_URL.
    """
    import logging

    from pokea.api.dates import parse_instant
    from pokea.payments.history.export import ExportFilter
    from pokea.scope import DEFAULT_SCOPE
    from pokea.settings import load_settings
    from pokea.storage.database import open_database
    from pokea.storage.migrate import ensure_ready

    log_to_stderr(logging.CRITICAL)
    try:
        wanted = ExportFilter(
            DEFAULT_SCOPE,
            parse_instant("from", from_, end_of_day=False),
            parse_instant("to", to, end_of_day=True),
            status,
        )
    except ApiError as failure:
        raise SettingsError("; ".join(each.message for each in failure.errors)) from None
    url = load_settings(needs=["pokea_database_url"]).pokea_database_url
    ensure_ready(url)
    database = open_database(url, unhurried=True)
    try:
        with _private(output) if output else nullcontext(sys.stdout) as out:
            count = asyncio.run(_write(database, wanted, out, full=full))
    finally:
        database.close()
    print(f"{count} transactions.", file=sys.stderr)


async def _write(database: "Database", wanted: "ExportFilter", out: TextIO, *, full: bool) -> int:
    from pokea.payments.history import export

    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(export.COLUMNS)
    place = export.ExportCursor(-1, "")
    count = 0
    with advancing("transactions written", await database.read(export.count_of, wanted)) as advance:
        while page := await database.read(export.next_page, wanted, place):
            writer.writerows(export.rows_of(page, full=full))
            place = export.ExportCursor(page[-1].created_at, page[-1].id)
            count += len(page)
            advance(len(page))
    return count


def _private(file: Path) -> TextIO:
    """The file, empty and for its owner alone, because it has phone numbers in it."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fchmod(descriptor, 0o600)
    return open(descriptor, "w", encoding="utf-8", newline="")
