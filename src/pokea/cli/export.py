"""`pokea export`: transactions as CSV."""

import asyncio
import csv
import os
import stat
import sys
from contextlib import nullcontext, suppress
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import typer

from pokea.cli.logging_setup import log_to_stderr
from pokea.cli.progress import advancing
from pokea.errors import ApiError, SettingsError, Unavailable

if TYPE_CHECKING:
    from pokea.payments.history.export import ExportFilter
    from pokea.settings import Settings
    from pokea.storage.database import Database
    from pokea.storage.late_reads import LateReads

_NEEDS = ("pokea_database_url", "pokea_prepare", "pokea_read_url", "pokea_read_age_seconds")
_LONGEST_READ_SECONDS = 600.0
"""What takes longer on the standby is read from the primary."""


def export(
    from_: str | None = typer.Option(None, "--from", help="First day (East Africa Time), or an instant."),
    to: str | None = typer.Option(None, "--to", help="Last day, or an instant."),
    status: Literal["initiated", "pending", "completed", "failed"] | None = typer.Option(None, help="Only these."),
    output: Path | None = typer.Option(None, "--output", help="File to write; by default standard output."),
    full: bool = typer.Option(False, "--full", help="Write whole phone numbers: personal data, handle it so."),
) -> None:
    """Write transactions as CSV, the oldest first, however many there are.

    No cell can be taken for a formula. Phone numbers are masked unless --full. Needs no other setting than
    POKEA_DATABASE_URL; with POKEA_READ_URL it reads the standby there, and says how old the rows may be.
    """
    import logging

    from pokea.api.dates import parse_instant
    from pokea.payments.history.export import ExportFilter
    from pokea.scope import DEFAULT_SCOPE
    from pokea.settings import load_settings
    from pokea.storage.database import database_of
    from pokea.storage.migrate import ensure_ready

    log_to_stderr(logging.CRITICAL)
    if output is None and getattr(sys.stdout, "name", "") == os.devnull:
        raise SettingsError("Standard output is closed: give --output and a file.")
    try:
        wanted = ExportFilter(
            DEFAULT_SCOPE,
            parse_instant("from", from_, end_of_day=False),
            parse_instant("to", to, end_of_day=True),
            status,
        )
    except ApiError as failure:
        raise SettingsError("; ".join(each.message for each in failure.errors)) from None
    settings = load_settings(needs=_NEEDS)
    ensure_ready(settings.pokea_database_url)
    database = database_of(settings, unhurried=True)
    try:
        with _private(output) if output else nullcontext(sys.stdout) as out:
            count, age_seconds = asyncio.run(_export(database, settings, wanted, out, full=full))
    finally:
        database.close()
    print(f"{count} transactions{_aged(age_seconds)}.", file=sys.stderr)


def _aged(seconds: float) -> str:
    return f", at most {ceil(seconds)} s old when they were read" if seconds else ""


async def _export(
    database: "Database", settings: "Settings", wanted: "ExportFilter", out: TextIO, *, full: bool
) -> tuple[int, float]:
    """Write them, from the standby where there is one; how many there were, and how old at the most."""
    from pokea.storage.late_reads import LateReads
    from pokea.storage.standby import StandbyWatch, standby_of

    standby = standby_of(settings, _LONGEST_READ_SECONDS)
    if standby is None:
        return await _write(LateReads(database), wanted, out, full=full)
    watch = StandbyWatch(standby, database, lambda _age_seconds: None)
    try:
        with suppress(Unavailable):
            await standby.look(database)
        await watch.start()
        return await _write(LateReads(database, standby), wanted, out, full=full)
    finally:
        await watch.stop()


async def _write(reads: "LateReads", wanted: "ExportFilter", out: TextIO, *, full: bool) -> tuple[int, float]:
    from pokea.payments.history import export
    from pokea.storage.late_reads import LATE

    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(export.COLUMNS)
    place = export.ExportCursor(-1, "")
    count = 0
    found = await reads.read_snapshot(LATE, export.count_of, wanted)
    with advancing("transactions written", found.found) as advance:
        age_seconds = 0.0
        # A page shows all that the ones before it could show, so that the last is not taken to be so too early.
        read = await reads.read_snapshot(LATE, export.next_page, wanted, place)
        while page := read.found:
            age_seconds = max(age_seconds, read.age_seconds)
            writer.writerows(export.rows_of(page, full=full))
            place = export.ExportCursor(page[-1].created_at, page[-1].id)
            count += len(page)
            advance(len(page))
            read = await reads.read_snapshot(LATE._replace(not_before=read.as_of), export.next_page, wanted, place)
    return count, max(age_seconds, read.age_seconds)


def _private(file: Path) -> TextIO:
    """The file, empty and for its owner alone, because it has phone numbers in it."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fchmod(descriptor, 0o600)
    return open(descriptor, "w", encoding="utf-8", newline="")
