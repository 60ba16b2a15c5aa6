"""How long jobs show how far they are: a bar on a terminal, a few plain lines elsewhere, on the error stream."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PLAIN_LINES = 10
_WORTH_TELLING = 1_000
"""Jobs with fewer steps are over before a person wonders."""


@contextmanager
def advancing(what: str, total: int, *, least: int = _WORTH_TELLING) -> Iterator[Callable[[int], None]]:
    """What is yielded says that so many more of `total` are done; with fewer than `least` nothing is shown."""
    if total < least:
        yield lambda _count: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(what, total=total)
            yield lambda count: progress.update(task, advance=count)
    else:
        yield _plain(what, total)


def _plain(what: str, total: int) -> Callable[[int], None]:
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        before, done = done, min(done + count, total)
        if done * _PLAIN_LINES // total > before * _PLAIN_LINES // total:
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    return advance
