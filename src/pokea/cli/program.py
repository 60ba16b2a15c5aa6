"""`pokea`: finds the command, and turns what Pokea raises on purpose into one line and an exit code.

Exit codes: 0 done, 1 Pokea could not do it, 2 the command or a setting is wrong, 130 stopped by Ctrl-C.
"""

import sys

import typer

from pokea import __version__
from pokea.cli import (
    demo,
    doctor,
    explain,
    export,
    migrate,
    pay,
    reconcile,
    recount,
    serve,
    simulate,
    token,
    universe,
    work,
)
from pokea.errors import PokeaError, SettingsError

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
    explain.explain,
    reconcile.reconcile,
    export.export,
    universe.universe,
):
    program.command()(command)


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
    try:
        program()
    except SettingsError as failure:
        print(f"pokea: {failure}", file=sys.stderr)
        sys.exit(2)
    except (PokeaError, OSError) as failure:
        print(f"pokea: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
