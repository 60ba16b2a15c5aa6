"""`pokea`: finds the command, and turns every known failure into one line and an exit code, here and nowhere else.

Exit codes: 0 done, 1 Pokea could not do it, 2 the command or a setting is wrong, 130 stopped by Ctrl-C.
"""

import gc
import io
import os
import sys

import typer

from pokea import __version__
from pokea.cli import (
    demo,
    doctor,
    explain,
    export,
    link,
    listen,
    migrate,
    out,
    pay,
    reconcile,
    recount,
    serve,
    simulate,
    token,
    trigger,
    universe,
    work,
)
from pokea.cli.typed import as_typed
from pokea.errors import PokeaError, SettingsError

_LOADING = 20_000


def flowing(text: str) -> str:
    """The paragraphs of a docstring, each in one line: a terminal breaks it where it is full, and not where we did."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


program = typer.Typer(
    name="pokea",
    help="Takes M-Pesa payments for bookings, and is never wrong about whether the money came.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    demo.demo,
    serve.serve,
    work.work,
    simulate.command(),
    migrate.migrate,
    recount.recount,
    token.token,
    doctor.doctor,
    pay.pay,
    link.link,
    listen.listen,
    trigger.trigger,
    out.refund,
    out.payout,
    out.approve,
    out.out,
    explain.explain,
    reconcile.reconcile,
    export.export,
    universe.universe,
):
    is_long = command.__name__ == "simulate"
    program.command(cls=simulate.PlainCommand if is_long else None, help=flowing(command.__doc__ or ""))(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"pokea {__version__}")
        raise typer.Exit


@program.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Print the version."),
) -> None:
    """Takes M-Pesa payments for bookings, and is never wrong about whether the money came."""


def main() -> None:
    """Run the command line."""
    # What modules make stays, and looking for garbage among it takes a tenth of the time to load them.
    gc.set_threshold(_LOADING)
    _prepare_streams()
    try:
        program()
    except (PokeaError, OSError) as failure:
        code, sentence = ending(failure)
        print(f"pokea: {as_typed(sentence)}", file=sys.stderr)
        sys.exit(code)
    except KeyboardInterrupt:
        sys.exit(130)


def _prepare_streams() -> None:
    """Let every command find its three streams open, and print whatever it was given.

    A stream that was closed at the start, as `<&-` does, is nothing to read from and nowhere to write to.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - it lasts as long as the process
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as above
    if isinstance(sys.stdout, io.TextIOWrapper):
        # An argument need not be text, and a terminal need not know every character.
        sys.stdout.reconfigure(errors="backslashreplace")


def ending(failure: PokeaError | OSError) -> tuple[int, str]:
    """The exit code and the line of a command that fails so."""
    if isinstance(failure, SettingsError):
        return 2, str(failure)
    if isinstance(failure, OSError) and failure.filename is not None and failure.strerror:
        return 1, f"{failure.filename}: {failure.strerror}."
    return 1, str(failure)
