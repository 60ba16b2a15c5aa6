"""`pokea work`: background work alone."""

import asyncio
import signal
import sys

import typer

from pokea.cli.logging_setup import alert_by, log_to_stderr


def work() -> None:
    """Ask Daraja about quiet payments until Ctrl-C, without serving HTTP.

    Run it beside `pokea serve --no-background`, as many as you like: they share one database and one budget.
    """
    import uvloop

    from pokea.app import open_service
    from pokea.settings import load_settings

    log_to_stderr()
    settings = load_settings()
    alert_by(settings)
    service = open_service(settings)

    async def run() -> int:
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

    raise typer.Exit(uvloop.run(run()))
