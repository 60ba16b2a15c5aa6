"""Where the processes of one service count together, so that `/metrics` of any of them shows what all have counted.

prometheus_client takes the folder from the environment when it is imported: `pokea.app` is imported after these calls.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pokea.api.metrics import Metrics

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX: Final = "pokea-metrics-"


def take_given_folder() -> None:
    """Make the folder that the environment names, if it names one, and take away what ended processes left in it."""
    named = os.environ.get(FOLDER_VARIABLE, "")
    if not named:
        # The library would take an empty name for the present folder.
        os.environ.pop(FOLDER_VARIABLE, None)
        return
    folder = Path(named)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob("*_*.db"):
        number = file.stem.rpartition("_")[2]
        if number.isdecimal() and not _lives(int(number)):
            file.unlink(missing_ok=True)


@contextmanager
def folder_for_workers() -> Iterator[None]:
    """Until it is left, processes that are begun count into one folder: the one that is named, or one of their own."""
    if os.environ.get(FOLDER_VARIABLE):
        yield
        return
    os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix=_PREFIX)
    try:
        yield
    finally:
        remove_own_folder()


def remove_own_folder() -> None:
    """Remove the folder that `folder_for_workers` made; one that an operator has named stays."""
    folder = Path(os.environ.get(FOLDER_VARIABLE, ""))
    if folder.name.startswith(_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.pop(FOLDER_VARIABLE, None)


def metrics_of_process() -> "Metrics":
    """What this process counts into, and shows."""
    from pokea.api.metrics import Metrics

    return Metrics(os.environ.get(FOLDER_VARIABLE) or None)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # It is another account's, and lives.
        return True
    return True
