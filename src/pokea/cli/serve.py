"""`pokea serve`: the service."""

import sys

import typer

from pokea.cli.logging_setup import alert_by, log_to_stderr


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
    from pokea.cli.serving import configuration, listening_socket, run_together
    from pokea.settings import load_settings

    log_to_stderr()
    take_given_folder()
    settings = load_settings()
    alert_by(settings)
    if workers > 1:
        _serve_in_workers(host, port, workers, background)
        return
    from pokea.app import open_service

    listener = listening_socket(host, port)
    service = open_service(settings, background=background, metrics=metrics_of_process())
    print(f"Pokea listens on http://{host}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    served = run_together([configuration(service.application, host, port)], [listener], service.hub.close)
    sys.exit(uvloop.run(served))


def _serve_in_workers(host: str, port: int, workers: int, background: bool) -> None:
    from uvicorn.supervisors import Multiprocess

    from pokea.cli.counting import folder_for_workers
    from pokea.cli.serving import configuration, listening_socket
    from pokea.settings import load_settings
    from pokea.storage.migrate import ensure_ready

    ensure_ready(load_settings().pokea_database_url)
    name = "with_background" if background else "without_background"
    settings = configuration(f"pokea.cli.worker:{name}", host, port)
    settings.factory = True
    settings.workers = workers
    listener = listening_socket(host, port)
    listener.set_inheritable(True)
    print(f"Pokea listens on http://{host}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    with folder_for_workers():
        Multiprocess(settings, sockets=[listener]).run()
