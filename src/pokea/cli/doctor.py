"""`pokea doctor`: the guide's troubleshooting and production checklist, run."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import typer

from pokea.cli.logging_setup import log_to_stderr
from pokea.cli.progress import advancing
from pokea.cli.typed import as_typed

if TYPE_CHECKING:
    from pokea.audit.rule import Violation
    from pokea.checkup.daraja_checks import DateHeader
    from pokea.checkup.findings import Finding
    from pokea.settings import Examined, Settings
    from pokea.storage.database import Database
    from pokea.transport import HttpTransport

_TO_ASK_DARAJA = ("MPESA_ENVIRONMENT", "MPESA_BASE_URL", "MPESA_CONSUMER_KEY", "MPESA_CONSUMER_SECRET")
_NO_PAYMENT, _NO_TOKEN = f"pay_{'0' * 26}", "0" * 48
"""Of the form of a payment's id and of its token, and no payment's."""
_SHOWN = 5
_PART_ROWS = 500


def doctor(
    as_json: bool = typer.Option(False, "--json", help="Print the findings as one JSON document."),
    books: bool = typer.Option(True, "--books/--no-books", help="Check every row of the books."),
    out: bool = typer.Option(
        False, "--out", help="Ask M-PESA what money out needs: the balance, and a receipt that cannot exist."
    ),
    wait_seconds: float = typer.Option(
        90, min=1, max=600, help="How long --out waits for M-PESA's answers, which come to the running service."
    ),
) -> None:
    """Check settings, credentials, clock, callback address, database and books, and say what to do next.

    No customer is prompted, no money moves, nothing is changed. Exit code 1 when a check fails; a warning leaves it 0.
    """
    import logging

    from pokea.checkup.findings import Level, worst
    from pokea.settings import examine_own_settings

    log_to_stderr(logging.CRITICAL)
    examined = examine_own_settings()
    show = (lambda _: None) if as_json else _print
    found = asyncio.run(_collect(examined, books=books, out_seconds=wait_seconds if out else None, show=show))
    level = worst(found)
    if as_json:
        lines = [finding._asdict() for finding in found]
        print(as_typed(json.dumps({"level": level, "checks": lines})))
    else:
        print(f"\n{len(found)} checks; {_summary(found)}")
    sys.exit(1 if level is Level.FAIL else 0)


def _print(finding: "Finding") -> None:
    print(as_typed(f"{finding.level:<5} {finding.check}: {finding.says}"), flush=True)


def _summary(found: "list[Finding]") -> str:
    counts = {level: sum(finding.level == level for finding in found) for level in ("fail", "warn")}
    if not any(counts.values()):
        return "all is well."
    return f"{counts['fail']} fail, {counts['warn']} to look at."


async def _collect(
    examined: "Examined", *, books: bool, out_seconds: float | None, show: "Callable[[Finding], None]"
) -> "list[Finding]":
    from pokea.cli.doctor_out import money_out

    found = []
    async for finding in _findings(examined, books=books):
        show(finding)
        found.append(finding)
    if out_seconds is not None:
        async for finding in money_out(examined, out_seconds):
            show(finding)
            found.append(finding)
    return found


async def _findings(examined: "Examined", *, books: bool) -> "AsyncIterator[Finding]":
    from pokea.checkup import settings_checks

    settings = examined.settings
    for finding in settings_checks.check_settings(examined):
        yield finding
    for finding in settings_checks.check_callback_address(examined):
        yield finding
    yield settings_checks.check_alert_addresses(settings)
    for finding in settings_checks.check_watchfulness(settings):
        yield finding
    if examined.are_sound("POKEA_DATABASE_URL", "POKEA_READ_URL", "POKEA_NOTICES_URL"):
        async for finding in _inside(settings, books=books):
            yield finding
    async for finding in _outside(examined):
        yield finding


async def _outside(examined: "Examined") -> "AsyncIterator[Finding]":
    """What answers elsewhere. What a broken setting would be asked with is not asked: its line stands above."""
    from pokea.addresses import join_address
    from pokea.api.callback_address import own_name
    from pokea.checkup import daraja_checks
    from pokea.transport import HttpTransport

    heard = daraja_checks.DateHeader()
    transport = HttpTransport(hear_date=heard)
    try:
        if examined.are_sound(*_TO_ASK_DARAJA) and examined.settings.mpesa_consumer_key.get_secret_value():
            async for finding in _daraja(examined, transport, heard):
                yield finding
        if examined.are_sound("MPESA_CALLBACK_URL") and examined.settings.mpesa_callback_url:
            address = join_address(examined.settings.mpesa_callback_url, own_name(_NO_PAYMENT, _NO_TOKEN))
            yield await daraja_checks.check_reachable(address, transport)
        if examined.settings.pokea_jwks_url and examined.are_sound("POKEA_JWKS_URL"):
            yield await daraja_checks.check_issuer(examined.settings.pokea_jwks_url, transport)
    finally:
        await transport.close()


async def _daraja(examined: "Examined", transport: "HttpTransport", heard: "DateHeader") -> "AsyncIterator[Finding]":
    import secrets

    from pokea.checkup import daraja_checks
    from pokea.checkup.findings import Level
    from pokea.clock import SystemClock
    from pokea.daraja.client import DarajaClient
    from pokea.daraja.credentials import credentials_of
    from pokea.redact import Secret
    from pokea.storage.oauth_tokens import DatabaseTokens

    settings, clock = examined.settings, SystemClock()
    database = (
        usable_database(settings)
        if examined.are_sound("POKEA_DATABASE_URL", "POKEA_SECRET_KEY") and settings.pokea_secret_key.get_secret_value()
        else None
    )
    key = Secret(settings.pokea_secret_key.get_secret_value())
    credentials = credentials_of(settings)
    tokens = (
        DatabaseTokens(database, credentials.app_name(), key, secrets.token_bytes)
        if database is not None
        else daraja_checks.InMemoryTokens()
    )
    try:
        access = await daraja_checks.check_credentials(credentials, transport, tokens, clock, heard)
        for finding in access:
            yield finding
        if access[0].level is Level.OK and examined.are_sound("MPESA_PASSKEY", "MPESA_SHORTCODE"):
            yield await daraja_checks.check_passkey(DarajaClient(credentials, transport, tokens, clock))
    finally:
        if database is not None:
            database.close()


def usable_database(settings: "Settings") -> "Database | None":
    """The database in whose row all processes share their token, if there is one and it can be sealed."""
    from pokea.errors import PokeaError
    from pokea.storage.database import database_of
    from pokea.storage.migrate import CURRENT, look_at

    try:
        found = look_at(settings.pokea_database_url)
    except PokeaError:
        return None
    if found is None or found < CURRENT:
        return None
    return database_of(settings, unhurried=True)


async def _inside(settings: "Settings", *, books: bool) -> "AsyncIterator[Finding]":
    from pokea.checkup import database_checks
    from pokea.checkup.findings import Level, fail, ok
    from pokea.clock import SystemClock
    from pokea.errors import PokeaError
    from pokea.storage.database import database_of
    from pokea.storage.migrate import look_at

    try:
        schema = database_checks.check_schema(look_at(settings.pokea_database_url))
    except PokeaError as failure:
        yield fail("database", str(failure))
        return
    yield ok("database", "It answers.")
    yield schema
    if schema.level is not Level.OK:
        return
    database = database_of(settings, unhurried=True)
    now = SystemClock().now()
    try:
        yield await database.read(database_checks.check_durability, settings.mpesa_environment == "production")
        if database.dialect == "postgresql":
            async for finding in _pooler(settings, database):
                yield finding
            async for finding in _standby(settings, database):
                yield finding
        yield await database.read(database_checks.check_overdue, now)
        yield await database.read(database_checks.check_alerts, now)
        yield database_checks.check_arrivals(await database.read(database_checks.read_arrivals, now))
        if books:
            yield await _check_books(database)
    except PokeaError as failure:
        yield fail("database", f"It stopped answering: {failure}.")
    finally:
        database.close()


async def _pooler(settings: "Settings", database: "Database") -> "AsyncIterator[Finding]":
    import secrets

    import psycopg

    from pokea.checkup import database_checks
    from pokea.checkup.findings import fail
    from pokea.storage.postgres_feed import is_heard

    yield await database.read(database_checks.check_pooler, settings.prepares)
    url = settings.pokea_notices_url or settings.pokea_database_url
    try:
        yield database_checks.check_notices(await is_heard(url, database, secrets.token_hex(4)))
    except psycopg.Error as failure:
        yield fail("notices", f"POKEA_NOTICES_URL cannot be used: {type(failure).__name__}.")


async def _standby(settings: "Settings", database: "Database") -> "AsyncIterator[Finding]":
    from pokea.checkup.standby_checks import check_standby
    from pokea.storage.standby import standby_of

    standby = standby_of(settings)
    if standby is None:
        return
    try:
        yield await check_standby(standby, database)
    finally:
        standby.close()


async def _check_books(database: "Database") -> "Finding":
    from pokea.audit.every_rule import RULES
    from pokea.checkup.findings import fail, ok

    broken = await _violations(database)
    if not broken:
        return ok("books", f"All {len(RULES)} rules hold.")
    named = "; ".join(str(violation) for violation in broken[:_SHOWN])
    more = f" and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
    return fail(
        "books", f"{named}{more}. Look at these payments' evidence; what was changed by hand is mended by hand."
    )


async def _violations(database: "Database") -> "list[Violation]":
    """Every row in parts, then what can only be checked as a whole."""
    from pokea.audit import rounds
    from pokea.audit.every_rule import RULES
    from pokea.audit.rule import LAST, WALKED, IdRange, RuleScope
    from pokea.checkup.database_checks import count_rows, find_broken
    from pokea.clock import SystemClock

    clock = SystemClock()
    broken = []
    for ground in WALKED:
        after = ""
        with advancing(f"checking {ground}", await database.read(count_rows, ground)) as advance:
            while after != LAST:
                part = await database.read(rounds.next_part, ground, after, _PART_ROWS)
                broken += await database.read(find_broken, clock.now(), RULES, part)
                after = part.upto
                advance(_PART_ROWS)
    return [*broken, *await database.read(find_broken, clock.now(), RULES, IdRange(RuleScope.COUNTS))]
