"""`pokea recount`: count all payments again, and mend the counts."""

import asyncio
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from pokea.cli.logging_setup import log_to_stderr

if TYPE_CHECKING:
    from pokea.storage.database import Database


def recount(as_json: bool = typer.Option(False, "--json", help="Print the report as one JSON document.")) -> None:
    """Count all payments again, a day at a time, and mend what the history's totals and the analytics are made of.

    Safe on a database in use. Needs no other setting than POKEA_DATABASE_URL.
    """
    from pokea.settings import Settings
    from pokea.storage.database import open_database
    from pokea.storage.migrate import ensure_ready

    log_to_stderr()
    url = Settings().pokea_database_url
    ensure_ready(url)
    database = open_database(url)
    try:
        days, wrong = asyncio.run(_recount(database, quiet=as_json))
    finally:
        database.close()
    if as_json:
        print(json.dumps({"days": days, "mended": wrong}))
    else:
        print(
            f"Counted {days} days again: {f'{wrong} counts were wrong and are mended' if wrong else 'all was right'}."
        )


async def _recount(database: "Database", *, quiet: bool) -> tuple[int, int]:
    """How many days were counted, and how many counts were wrong."""
    from pokea.analytics import recount as counting

    days = await database.read(counting.days_with_payments)
    wrong = 0
    for day in _with_progress(days, quiet=quiet):
        wrong += await database.write(counting.recount, day)
    return len(days), wrong


def _with_progress(days: list[int], *, quiet: bool) -> Iterable[int]:
    """The days, with a bar on a terminal."""
    if quiet or not sys.stderr.isatty():
        return days
    from rich.console import Console
    from rich.progress import track

    return track(days, "Counting days", console=Console(stderr=True))
