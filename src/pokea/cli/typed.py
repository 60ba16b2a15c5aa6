"""How `pokea` is typed here, so that what a command prints can be copied into the same terminal."""

import shutil
import sys
from pathlib import Path


def own_command(started: str, on_path: str | None, folder: Path) -> str:
    """What to type for `pokea`: the bare name where the shell finds this very program, else its place or its module.

    `started` is the first argument of the process, `on_path` the program that the shell would start.
    """
    program = Path(started)
    if program.name != "pokea":
        return "python -m pokea"
    if on_path is not None and Path(on_path).resolve() == program.resolve():
        return "pokea"
    place = folder / program
    return str(place.relative_to(folder)) if place.is_relative_to(folder) else str(place)


def typed() -> str:
    """What to type for `pokea` in this terminal."""
    return own_command(sys.argv[0], shutil.which("pokea"), Path.cwd())


def as_typed(text: str) -> str:
    """The text with its commands as they are typed here."""
    return text.replace("`pokea ", f"`{typed()} ") if "`pokea " in text else text
