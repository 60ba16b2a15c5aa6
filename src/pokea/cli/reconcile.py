"""`pokea reconcile`: ask Daraja about everything that is open now, or match a statement file."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pokea.cli.logging_setup import log_to_stderr
from pokea.cli.progress import advancing

if TYPE_CHECKING:
    from pokea.app import Service
    from pokea.payments.matching import Matching
    from pokea.payments.statement import Statement
    from pokea.settings import Settings
    from pokea.storage.database import Database

_LOOK_EVERY_SECONDS = 0.25
_ANSWER_SECONDS = 25.0
_PATIENCE_SECONDS = 180.0
"""How long nothing may move, as when Daraja refuses every question for its limit, before the report is written."""
_LISTED = 20


def reconcile(
    file: Path | None = typer.Argument(None, help="A statement of M-PESA's organisation portal, saved as CSV."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as one JSON document."),
    dry_run: bool = typer.Option(False, "--dry-run", help="With a file: match and report, and settle nothing."),
) -> None:
    """Find out what became of payments: by asking Daraja about all that are open, or from a statement.

    Asking keeps to the budget that all processes share (POKEA_QUERY_RATE). Lines of a statement that match a payment
    are proof that it was paid. Safe beside a running service, and safe to repeat.
    Exit code 1 when a statement shows money that is not known, or lacks money that should be there.
    """
    import logging

    from pokea.settings import load_settings

    log_to_stderr(logging.CRITICAL)
    settings = load_settings()
    report = asyncio.run(_ask(settings) if file is None else _match(settings, file.read_bytes(), dry_run=dry_run))
    print(json.dumps(report) if as_json else "\n".join(_sentences(report)))
    raise typer.Exit(1 if report.get("unknown") or report.get("missing") else 0)


async def _ask(settings: "Settings") -> dict[str, Any]:
    from pokea.app import open_service
    from pokea.clock import SystemClock
    from pokea.payments import reconciling
    from pokea.storage.database import open_database

    began = SystemClock().now()
    service = open_service(settings, background=True)
    database = open_database(settings.pokea_database_url)
    try:
        ids = await database.write(reconciling.make_due, began)
        await service.start()
        await _until_asked(database, service, ids, began)
        found = await database.read(reconciling.standing, ids, began)
        nameless = await database.read(reconciling.nameless)
    finally:
        await service.stop()
        database.close()
    return {
        "asked": len(ids) - found.unasked,
        "completed": found.completed,
        "failed": found.failed,
        "open": found.open,
        "unasked": found.unasked,
        "nameless": nameless,
    }


async def _until_asked(database: "Database", service: "Service", ids: list[str], began: int) -> None:
    from pokea.payments import reconciling

    loop = asyncio.get_running_loop()
    with advancing("payments asked about", len(ids), least=1) as advance:
        done, moved_at = 0, loop.time()
        while done < len(ids) and loop.time() - moved_at < _PATIENCE_SECONDS:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            found = await database.read(reconciling.standing, ids, began)
            if (now_done := len(ids) - found.unasked) > done:
                advance(now_done - done)
                done, moved_at = now_done, loop.time()
    for _ in range(round(_ANSWER_SECONDS / _LOOK_EVERY_SECONDS)):
        if not service.recovery.is_asking:
            break
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _match(settings: "Settings", content: bytes, *, dry_run: bool) -> dict[str, Any]:
    from pokea.app import open_service
    from pokea.clock import SystemClock
    from pokea.payments import reconciling
    from pokea.payments.evidence import from_statement
    from pokea.payments.matching import match
    from pokea.payments.statement import read_statement
    from pokea.storage.database import open_database

    statement = read_statement(content)
    service = open_service(settings, background=False)
    database = open_database(settings.pokea_database_url)
    try:
        since, until = statement.since or 0, statement.until or 0
        receipts = [line.receipt for line in statement.lines]
        found = match(statement, await database.read(reconciling.candidates, since, until, receipts))
        report = _report(settings, statement, found)
        await service.start()
        if not dry_run:
            with advancing("lines settled", len(found.matched)) as advance:
                for each in found.matched:
                    line = each.line
                    now = SystemClock().now()
                    paid = from_statement(each.payment_id, line.receipt, line.paid_in_cents, line.transaction_date, now)
                    await service.settler.submit(paid)
                    advance(1)
        ids = {each.payment_id for each in found.matched}
        standing = await database.read(reconciling.standing, ids, 0)
    finally:
        await service.stop()
        database.close()
    return report | {"completed": standing.completed}


def _report(settings: "Settings", statement: "Statement", found: "Matching") -> dict[str, Any]:
    from pokea.clock import iso

    findings = list(statement.findings)
    ours = (settings.mpesa_shortcode, settings.mpesa_till)
    if statement.shortcode and statement.shortcode not in ours:
        findings.append(f"The statement is of {statement.shortcode}, which is not MPESA_SHORTCODE.")
    return {
        "lines": len(statement.lines),
        "since": iso(statement.since),
        "until": iso(statement.until),
        "matched": len(found.matched),
        "unknown": [
            {"receipt": line.receipt, "at": iso(line.at), "cents": line.paid_in_cents, "account": line.account}
            for line in found.unknown
        ],
        "missing": list(found.missing),
        "unpaid": list(found.unpaid),
        "findings": findings,
    }


def _sentences(report: dict[str, Any]) -> list[str]:
    if "asked" in report:
        return [
            f"Asked Daraja about {report['asked']} open payments.",
            f"{report['completed']} are completed now, {report['failed']} failed, {report['open']} are open still.",
            *([f"{report['unasked']} could not be asked about: try again later."] if report["unasked"] else []),
            *([f"{report['nameless']} cannot be asked about: a statement settles them."] if report["nameless"] else []),
        ]
    return [
        f"{report['lines']} lines from {report['since']} to {report['until']}; "
        f"{report['matched']} are payments of ours, of which {report['completed']} are completed.",
        *report["findings"],
        *_listed("Money that no payment accounts for:", [_money(each) for each in report["unknown"]]),
        *_listed("Completed payments that the statement covers and does not show:", report["missing"]),
        *_listed("Prompts without an answer that the statement does not show, so not paid:", report["unpaid"]),
    ]


def _money(line: dict[str, Any]) -> str:
    return f"{line['receipt']} KES {line['cents'] / 100:,.2f} at {line['at']} for {line['account'] or 'no account'}"


def _listed(title: str, entries: list[str]) -> list[str]:
    if not entries:
        return []
    more = [f"  and {len(entries) - _LISTED} more (--json has all)"] if len(entries) > _LISTED else []
    return [title, *(f"  {entry}" for entry in entries[:_LISTED]), *more]
