"""`pokea simulate`: the simulator alone."""

import sys
from typing import Any

import click

from pokea.cli.logging_setup import log_to_stderr


def command() -> click.Command:
    """The command, with an option for every switch of the simulator."""
    from pokea.simulator.options import switches

    options: list[click.Parameter] = [
        click.Option(["--host"], default="127.0.0.1", show_default=True, help="Address to listen on."),
        click.Option(["--port"], default=8001, show_default=True, type=click.IntRange(0, 65535), help="Port."),
    ]
    for switch in switches():
        name = "--" + switch.name.replace("_", "-")
        kind = click.Choice(switch.choices) if switch.choices else switch.kind
        is_flag = switch.kind is bool
        names = [f"{name}/--no-{name[2:]}"] if is_flag else [name]
        options.append(
            click.Option(
                names, default=switch.default, show_default=True, help=switch.help, type=None if is_flag else kind
            )
        )
    return click.Command(
        "simulate",
        params=options,
        callback=_simulate,
        short_help="Run a Daraja of your own, with phones and faults.",
        help="Run the simulator alone, for anyone's integration in any language, until Ctrl-C.\n\n"
        "It speaks Daraja's wire format on its own paths, shows phones at /sim and is steered at /sim/api "
        "(docs/simulator.md). Its journal lasts as long as it runs.",
    )


def _simulate(host: str, port: int, **values: Any) -> None:
    import uvloop

    from pokea.app import open_simulator
    from pokea.cli.serving import configuration, listening_socket, run_together
    from pokea.errors import SettingsError
    from pokea.simulator.options import SimulatorOptions

    log_to_stderr()
    try:
        options = SimulatorOptions(**values)
    except ValueError as failure:
        raise SettingsError(str(failure)) from None
    listener = listening_socket(host, port)
    address = f"http://{host}:{listener.getsockname()[1]}"
    print(f"Daraja's stand-in listens on {address}\nPhones: {address}/sim", file=sys.stderr, flush=True)
    simulator = open_simulator(options)
    sys.exit(uvloop.run(run_together([configuration(simulator.app, host, port)], [listener])))
