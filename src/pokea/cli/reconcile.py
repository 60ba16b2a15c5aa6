"""`pokea reconcile`: ask Daraja about everything that is open now, or match a statement file."""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pokea.cli.logging_setup import log_to_stderr
from pokea.cli.progress import advancing

if TYPE_CHECKING:
    from pokea.app import Service
    from pokea.settings import Settings
    from pokea.storage.database import Database

_LOOK_EVERY_SECONDS = 0.25
_ANSWER_SECONDS = 25.0
_PATIENCE_SECONDS = 180.0
"""How long nothing may move, as when Daraja refuses every question for its limit, before the report is written."""


def reconcile(
    file: Path | None = typer.Argument(None, help="A statement of M-PESA's organisation portal: .xls, .xlsx or CSV."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as one JSON document."),
    dry_run: bool = typer.Option(False, "--dry-run", help="With a file: match and report, and settle nothing."),
) -> None:
    """Find out what became of payments: by asking Daraja about all that are open, or from a statement.

    Asking keeps to the budget that all processes share (POKEA_QUERY_RATE). Lines of a statement that match a payment
    are proof that it was paid; that a payment is not shown proves something only where the statement is complete. Safe
    beside a running service, and safe to repeat.

    Exit code 0: all that the statement shows is settled and agrees. 1: it shows something that a person must look at.
    2: it settles nothing, since it is no statement or another's.
    """
    import logging

    from pokea.reconciliation.report import ReconciliationExit, sentences
    from pokea.reconciliation.statement_file import NotAStatement
    from pokea.settings import load_settings

    log_to_stderr(logging.CRITICAL)
    settings = load_settings()
    try:
        report, code = asyncio.run(_ask(settings) if file is None else _match(settings, file, dry_run=dry_run))
    except NotAStatement as refusal:
        print(f"pokea: {refusal}", file=sys.stderr)
        raise typer.Exit(ReconciliationExit.SETTLES_NOTHING) from None
    told = _asked if file is None else sentences
    print(json.dumps(report) if as_json else "\n".join(told(report)))
    raise typer.Exit(code)


async def _ask(settings: "Settings") -> tuple[dict[str, Any], int]:
    from pokea.app import open_service
    from pokea.clock import SystemClock
    from pokea.reconciliation import store
    from pokea.scope import DEFAULT_SCOPE
    from pokea.storage.database import database_of

    began = SystemClock().now()
    service = open_service(settings, background=True)
    database = database_of(settings, unhurried=True)
    try:
        ids = await database.write(store.make_due, DEFAULT_SCOPE, began)
        await service.start()
        await _until_asked(database, service, ids, began)
        found = await database.read(store.standing, ids, began)
        nameless = await database.read(store.nameless, DEFAULT_SCOPE)
    finally:
        await service.stop()
        database.close()
    report = {
        "asked": len(ids) - found.unasked,
        "completed": found.completed,
        "failed": found.failed,
        "open": found.open,
        "unasked": found.unasked,
        "nameless": nameless,
    }
    return report, 0


async def _until_asked(database: "Database", service: "Service", ids: list[str], began: int) -> None:
    from pokea.reconciliation import store

    loop = asyncio.get_running_loop()
    with advancing("payments asked about", len(ids), least=1) as advance:
        done, moved_at = 0, loop.time()
        while done < len(ids) and loop.time() - moved_at < _PATIENCE_SECONDS:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            found = await database.read(store.standing, ids, began)
            if (now_done := len(ids) - found.unasked) > done:
                advance(now_done - done)
                done, moved_at = now_done, loop.time()
    for _ in range(round(_ANSWER_SECONDS / _LOOK_EVERY_SECONDS)):
        if not service.recovery.is_asking:
            break
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _match(settings: "Settings", file: Path, *, dry_run: bool) -> tuple[dict[str, Any], int]:
    from pokea.app import open_service
    from pokea.clock import SystemClock
    from pokea.reconciliation import store
    from pokea.reconciliation.apply import StatementPorts, apply_all, pieces_of
    from pokea.reconciliation.compare import compare, known_of, our_accounts
    from pokea.reconciliation.report import outcome, report_of
    from pokea.reconciliation.statement import statement_in
    from pokea.reconciliation.statement_file import content_of, read_sheet
    from pokea.storage.database import database_of

    clock, accounts = SystemClock(), our_accounts(settings)
    sheet = read_sheet(content_of(file))
    with advancing("rows read", len(sheet.rows)) as advance:
        statement = statement_in(sheet, read_at=clock.now(), name=file.name, advance=advance)
    service = open_service(settings, background=False)
    database = database_of(settings, unhurried=True)
    posted = 0
    try:
        found = compare(statement, await database.read(known_of, statement, accounts), accounts)
        report = report_of(statement, found)
        await service.start()
        if not dry_run and not found.payments.gates:
            ports = StatementPorts(database, service.settler.submit, service.money_out.settler.submit)
            with advancing("lines settled", pieces_of(found)) as advance:
                posted = await apply_all(ports, found, clock, advance)
        standing = await database.read(store.standing, [each.payment_id for each in found.payments.matched], 0)
    finally:
        await service.stop()
        database.close()
    return report | {"completed": standing.completed, "posted": posted}, outcome(found)


def _asked(report: dict[str, Any]) -> list[str]:
    return [
        f"Asked Daraja about {report['asked']} open payments.",
        f"{report['completed']} are completed now, {report['failed']} failed, {report['open']} are open still.",
        *([f"{report['unasked']} could not be asked about: try again later."] if report["unasked"] else []),
        *([f"{report['nameless']} cannot be asked about: a statement settles them."] if report["nameless"] else []),
    ]
