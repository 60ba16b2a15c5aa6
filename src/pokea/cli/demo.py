"""`pokea demo`: service and simulator in one process, on a fresh file."""

import logging
import os
import secrets
import shlex
import shutil
import sys
import tempfile
import webbrowser
from pathlib import Path

import typer

from pokea.cli.logging_setup import log_to_stderr
from pokea.cli.typed import typed
from pokea.errors import PokeaError


def demo(
    port: int = typer.Option(8000, min=0, max=65535, help="Port of the service."),
    sim_port: int = typer.Option(8001, min=0, max=65535, help="Port of the simulator."),
    data: Path | None = typer.Option(None, help="Folder for the database; by default one that is removed afterwards."),
    site: list[str] = typer.Option(
        [], help="A site of yours whose pages may take payments here and show the phone; may be repeated."
    ),
    browser: bool = typer.Option(True, "--browser/--no-browser", help="Open the shop in a browser."),
) -> None:
    """Run the service and the simulator together on a fresh SQLite file, and print where to look.

    Settings of the environment are left aside: the demo takes no real money.
    """
    import uvloop

    from pokea.cli.serving import configuration, listening_socket, run_together
    from pokea.demo import open_demo

    # Its pages ask once a second: a line for each would take the token out of sight.
    log_to_stderr(logging.WARNING)
    listeners = [listening_socket("127.0.0.1", port), listening_socket("127.0.0.1", sim_port, "--sim-port")]
    addresses = [f"http://127.0.0.1:{listener.getsockname()[1]}" for listener in listeners]
    folder = Path(tempfile.mkdtemp(prefix="pokea-demo-")) if data is None else _folder_of(data)
    try:
        opened = open_demo(_fresh_file(folder), addresses[0], addresses[1], secrets.token_hex, site)
        token_file = _written(folder / "token", opened.token)
        secret_file = _written(folder / "jwt-secret", opened.jwt_secret)
        print(_welcome(addresses[0], addresses[1], opened.token, token_file, secret_file), flush=True)
        if browser and sys.stdout.isatty():
            webbrowser.open(f"{addresses[0]}/demo")
        applications = (opened.service.application, opened.simulator.app)
        configurations = [configuration(each, "127.0.0.1", 0) for each in applications]
        code = uvloop.run(run_together(configurations, listeners, opened.release))
    finally:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if code == 130 else code)  # noqa: PLR2004 - Ctrl-C is how a demo ends


def _folder_of(data: Path) -> Path:
    """The folder, made where it is missing. Raises PokeaError that names the option where it cannot be."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise PokeaError(f"--data {data} can be no folder: {failure.strerror}. Name one that you may write.") from None
    return data


def _fresh_file(folder: Path) -> Path:
    names = (f"pokea-demo{'' if number == 1 else f'-{number}'}.sqlite3" for number in range(1, 10_000))
    return next(folder / name for name in names if not (folder / name).exists())


def _written(file: Path, token: str) -> Path:
    """The file, which holds the token from now and is its owner's alone."""
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
        opened.write(f"{token}\n")
    return file.absolute()


def _welcome(service: str, simulator: str, token: str, token_file: Path, secret_file: Path) -> str:
    return "\n".join(
        (
            "",
            "  Pokea runs, with a Daraja of its own: no real money moves.",
            "",
            f"  Shop      {service}/demo",
            f"  Phone     {simulator}/sim",
            f"  API       {service}/docs",
            "",
            "  A token for the API, good for a day (it may do everything):",
            "",
            f"  {token}",
            "",
            "  In another terminal, for the README's first payment and for others:",
            "",
            f"  export TOKEN=$(cat {shlex.quote(str(token_file))})",
            f'  {typed()} pay 254708374149 500 --url {service} --token "$TOKEN"',
            "",
            "  Refunds and payouts need two people, who sign in with tokens of their own (docs/money-out.md):",
            "",
            f"  export POKEA_JWT_SECRET=$(cat {shlex.quote(str(secret_file))})",
            f"  {typed()} token --subject ben --scope admin",
            "",
            "  254708374149 pays by itself, 254711111111 has no money, and any other number",
            "  is a phone that you answer by hand. PIN 1234. Stop with Ctrl-C.",
            "",
        )
    )
