"""`pokea explain CODE`: what a Daraja code means, offline, and what to do."""

import json
import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pokea.daraja.codes.explain import Explanation


def explain(
    code: str = typer.Argument(..., help="A result code such as 1032, or an error code such as 500.001.1001."),
    as_json: bool = typer.Option(False, "--json", help="Print the meanings as one JSON document."),
) -> None:
    """Say what a result or error code of Daraja means, whose move it is and what to do. Needs no network.

    Exit code 1 for a code that is not known.
    """
    from pokea.daraja.codes import explain

    wanted = code.strip()
    found = explain.explain(wanted)
    near = [] if found else explain.nearby(wanted)
    if as_json:
        print(json.dumps({"code": wanted, "meanings": [each._asdict() for each in found], "nearby": near}))
    elif found:
        print("\n\n".join(_story(each) for each in found))
    else:
        print(f"{wanted} is not known. It proves nothing about the payment: Pokea asks Daraja, and flags it.")
        if near:
            print(f"Known and alike: {', '.join(near)}.")
    sys.exit(0 if found else 1)


def _story(found: "Explanation") -> str:
    kinds = {
        "result": "a result of a payment",
        "money out": "a result of money that goes out, or of a question about it",
        "error": "an error instead of an answer",
        "core": "a result of M-PESA's core, which no payment here is known to bring",
    }
    once_more = "yes, when it is approved again" if found.kind == "money out" else "yes, with a new prompt"
    again = once_more if found.retryable else "not before the cause is gone"
    return "\n".join(
        (
            f"{found.code}: {found.title}",
            f"  It is         {kinds[found.kind]} ({found.source})",
            f"  Happened      {found.happened}",
            f"  Move          {found.move}",
            f"  Do            {found.do}",
            f"  Try again     {again}",
            f"  Customer (en) {found.customer_en}",
            f"  Customer (sw) {found.customer_sw}",
        )
    )
