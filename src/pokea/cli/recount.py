"""`pokea recount`: count all payments again, and mend the counts."""

import asyncio
import json
from typing import TYPE_CHECKING

import typer

from pokea.cli.logging_setup import log_to_stderr
from pokea.cli.progress import advancing

if TYPE_CHECKING:
    from pokea.storage.database import Database

_WORTH_TELLING = 10
"""Days; a busy one takes a second."""


def recount(as_json: bool = typer.Option(False, "--json", help="Print the report as one JSON document.")) -> None:
    """Count all payments again, a day at a time, and mend what the history's totals and the analytics are made of.

    Safe on a database in use. Needs no other setting than POKEA_DATABASE_URL.
    """
    from pokea.settings import load_settings
    from pokea.storage.database import open_database
    from pokea.storage.migrate import ensure_ready

    log_to_stderr()
    url = load_settings(needs=["pokea_database_url"]).pokea_database_url
    ensure_ready(url)
    database = open_database(url, unhurried=True)
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
    from pokea.merchants.store import every_scope

    scopes = await database.read(every_scope)
    days = [(scope, day) for scope in scopes for day in await database.read(counting.days_with_payments, scope)]
    wrong = 0
    with advancing("Counting days", len(days), least=_WORTH_TELLING if not quiet else len(days) + 1) as advance:
        for scope, day in days:
            wrong += await database.write(counting.recount, scope, day)
            advance(1)
    return len(days), wrong
