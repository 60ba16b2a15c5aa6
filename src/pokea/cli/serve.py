"""`pokea serve`: the service."""

import sys
from typing import TYPE_CHECKING

import typer

from pokea.addresses import listening_address
from pokea.cli.logging_setup import log_oddity, log_to_stderr

if TYPE_CHECKING:
    from pokea.settings import Settings


def serve(
    host: str = typer.Option("127.0.0.1", help="Address to listen on; 0.0.0.0 for all."),
    port: int = typer.Option(8000, min=0, max=65535, help="Port to listen on; 0 for a free one."),
    workers: int = typer.Option(1, min=1, max=64, help="Processes that share the port (PostgreSQL for more than one)."),
    background: bool = typer.Option(
        True, "--background/--no-background", help="Also ask Daraja about quiet payments; `pokea work` does only that."
    ),
) -> None:
    """Run the service until Ctrl-C.

    Settings come from the environment and from .env (docs/settings.md). An empty database is migrated first.
    """
    import uvloop

    from pokea.cli.counting import metrics_of_process, take_given_folder
    from pokea.cli.serving import configuration, limits_of, listening_socket, run_together
    from pokea.settings import load_settings

    log_to_stderr()
    take_given_folder()
    settings = load_settings(hear=log_oddity)
    if workers > 1:
        _serve_in_workers(settings, host, port, workers, background=background)
        return
    from pokea.app import open_service

    listener = listening_socket(host, port)
    service = open_service(settings, background=background, metrics=metrics_of_process())
    print(f"Pokea listens on {listening_address(host, listener.getsockname()[1])}", file=sys.stderr, flush=True)
    serving = configuration(service.application, host, port, limits_of(settings))
    served = run_together([serving], [listener], service.release)
    sys.exit(uvloop.run(served))


def _serve_in_workers(settings: "Settings", host: str, port: int, workers: int, *, background: bool) -> None:
    from uvicorn.supervisors import Multiprocess

    from pokea.alerts.send import sender_to
    from pokea.cli.counting import folder_for_workers
    from pokea.cli.serving import configuration, limits_of, listening_socket
    from pokea.storage.migrate import ensure_ready

    # The workers do both again; here a mistake is one sentence and not one of each worker.
    ensure_ready(settings.pokea_database_url)
    if settings.pokea_alerts:
        sender_to(settings.pokea_alerts)
    name = "with_background" if background else "without_background"
    serving = configuration(f"pokea.cli.worker:{name}", host, port, limits_of(settings))
    serving.factory = True
    serving.workers = workers
    listener = listening_socket(host, port)
    listener.set_inheritable(True)
    print(f"Pokea listens on {listening_address(host, listener.getsockname()[1])}", file=sys.stderr, flush=True)
    with folder_for_workers():
        Multiprocess(serving, sockets=[listener]).run()
