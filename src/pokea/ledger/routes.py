"""The ledger over HTTP, for an admin: what stands on each account, and the entries that put it there.

Amounts are in cents, since charges have them (law: money out in detail, 14).
"""

import re
from typing import Any, Final

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import ADMIN, Authenticator
from pokea.api.bodies import Incoming, Outgoing, read_query
from pokea.api.call_router import CallRouter
from pokea.api.openapi import NEEDS_TOKEN, answers, query_parameters, refusals
from pokea.api.responses import model_answer
from pokea.clock import iso
from pokea.errors import invalid
from pokea.ledger.balances import EntryFilter, balances_of, page_of_entries
from pokea.ledger.entries import Account, Posting
from pokea.storage.database import Database

PREFIX: Final = "/api/v1/ledger"
_LONGEST_ID: Final = 64
_CURSOR: Final = re.compile(r"([0-9]{1,18})\.([!-\-/-~]+)\.([!-\-/-~]+)\.([0-9]{1,9})")
_NO_STORE: Final = {"Cache-Control": "no-store"}


class LedgerQuery(Incoming):
    """Which entries are shown."""

    source: str | None = Field(
        None,
        max_length=_LONGEST_ID,
        pattern="^[!-~]+$",
        description="The payment, disbursement or decision that moved the money.",
    )
    account: Account | None = Field(None, description="One account alone.")
    cursor: str | None = Field(None, max_length=200, description="`nextCursor` of the page before.")
    limit: int = Field(50, ge=1, le=100, description="Entries on the page.")


class LedgerAccount(Outgoing):
    """What stands on an account: a debit is positive, a credit negative."""

    account: str
    payee_id: str | None = Field(description="Whose account it is, where each payee has one.")
    balance_cents: int


class AccountsAnswer(Outgoing):
    """Every account with postings; all balances sum to nothing."""

    success: bool = True
    accounts: list[LedgerAccount]


class LedgerEntry(Outgoing):
    """One side of an entry."""

    source: str
    kind: str
    line: int
    account: str
    payee_id: str | None
    amount_cents: int
    posted_at: str


class EntriesAnswer(Outgoing):
    """A page of entries, newest first."""

    success: bool = True
    entries: list[LedgerEntry]
    next_cursor: str | None


_ACCOUNTS_EXAMPLE: Final[dict[str, Any]] = {
    "success": True,
    "accounts": [
        {"account": "fees_held", "payeeId": None, "balanceCents": -50000},
        {"account": "mpesa_clearing", "payeeId": None, "balanceCents": 50000},
    ],
}
_ENTRIES_EXAMPLE: Final[dict[str, Any]] = {
    "success": True,
    "entries": [
        {
            "source": "pay_01jd8x4m7qv1n2p3r4s5t6v7w8",
            "kind": "received",
            "line": 0,
            "account": "mpesa_clearing",
            "payeeId": None,
            "amountCents": 50000,
            "postedAt": "2026-11-27T13:58:00.000Z",
        }
    ],
    "nextCursor": None,
}


def ledger_routes(gate: Authenticator, database: Database) -> CallRouter:
    """GET of balances and of entries."""
    router = CallRouter(PREFIX, "books")

    async def get_accounts(request: Request) -> Response:
        caller = await gate.require(request, ADMIN)
        found = await database.read(balances_of, caller.scope)
        accounts = [
            LedgerAccount(account=each.account, payee_id=each.party_id, balance_cents=each.cents) for each in found
        ]
        return model_answer(AccountsAnswer(accounts=accounts), headers=_NO_STORE)

    async def get_entries(request: Request) -> Response:
        caller = await gate.require(request, ADMIN)
        query = read_query(request, LedgerQuery)
        account = None if query.account is None else query.account.value
        chosen = EntryFilter(query.source, account, _read_cursor(query.cursor), query.limit + 1)
        found = await database.read(page_of_entries, caller.scope, chosen)
        shown = found[: query.limit]
        more = _cursor_of(shown[-1]) if len(found) > len(shown) else None
        answer = EntriesAnswer(entries=[_entry_of(each) for each in shown], next_cursor=more)
        return model_answer(answer, headers=_NO_STORE)

    router.add(
        "/accounts",
        get_accounts,
        method="GET",
        summary="See what stands on each account",
        responses=refusals() | {200: answers("The balances.", AccountsAnswer, _ACCOUNTS_EXAMPLE)},
        more={"security": NEEDS_TOKEN},
    )
    router.add(
        "/entries",
        get_entries,
        method="GET",
        summary="See the entries of the ledger, newest first",
        responses=refusals("invalid_request") | {200: answers("A page of entries.", EntriesAnswer, _ENTRIES_EXAMPLE)},
        more={"security": NEEDS_TOKEN, "parameters": query_parameters(LedgerQuery)},
    )
    return router


def _entry_of(posting: Posting) -> LedgerEntry:
    return LedgerEntry(
        source=posting.source_id,
        kind=posting.kind,
        line=posting.line,
        account=posting.account,
        payee_id=posting.party_id,
        amount_cents=posting.amount_cents,
        posted_at=iso(posting.posted_at),
    )


def _cursor_of(last: Posting) -> str:
    return f"{last.posted_at}.{last.source_id}.{last.kind}.{last.line}"


def _read_cursor(text: str | None) -> tuple[int, str, str, int] | None:
    if text is None:
        return None
    parts = _CURSOR.fullmatch(text)
    if parts is None:
        raise invalid("cursor", "`cursor` must be the `nextCursor` of an earlier answer.")
    return int(parts[1]), parts[2], parts[3], int(parts[4])
