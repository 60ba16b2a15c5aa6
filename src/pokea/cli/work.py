"""`pokea work`: background work alone."""

import asyncio
import signal
import sys

import typer

from pokea.addresses import listening_address
from pokea.cli.logging_setup import log_oddity, log_to_stderr


def work(
    host: str = typer.Option("127.0.0.1", help="Address to show /metrics on."),
    metrics_port: int | None = typer.Option(
        None, min=0, max=65535, help="Port to show /metrics, /healthz and /readyz on; 0 for a free one."
    ),
) -> None:
    """Ask Daraja about quiet payments until Ctrl-C, without serving the API.

    Run it beside `pokea serve --no-background`, as many as you like: they share one database and one budget.
    """
    import uvloop

    from pokea.cli.counting import metrics_of_process, take_given_folder
    from pokea.cli.serving import configuration, listening_socket, run_together
    from pokea.settings import load_settings

    log_to_stderr()
    take_given_folder()
    settings = load_settings(hear=log_oddity)
    from pokea.app import Service, open_service

    async def run(service: Service) -> int:
        stopped_by: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def stop(code: int) -> None:
            if not stopped_by.done():
                stopped_by.set_result(code)

        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
            asyncio.get_running_loop().add_signal_handler(number, stop, code)
        await service.start()
        print("Pokea is at work.", file=sys.stderr, flush=True)
        code = await stopped_by
        await service.stop()
        return code

    if metrics_port is None:
        raise typer.Exit(uvloop.run(run(open_service(settings, metrics=metrics_of_process()))))
    listener = listening_socket(host, metrics_port, "--metrics-port")
    service = open_service(settings, metrics=metrics_of_process())
    address = listening_address(host, listener.getsockname()[1])
    print(f"Pokea is at work; {address}/metrics", file=sys.stderr, flush=True)
    served = run_together([configuration(service.health_application(), host, 0)], [listener], service.release)
    raise typer.Exit(uvloop.run(served))
