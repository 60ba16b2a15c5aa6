"""`pokea universe`: whole simulated days, each from one seed, checked to the last shilling."""

import gc
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pokea.universe.report import Totals
    from pokea.universe.run import UniverseOutcome, Universes

_PLAIN_LINES = 10
"""How often progress is printed where there is no terminal."""
_SEEDS_AT_ONCE = 4

_mine: "Universes | None" = None
"""This process's own, made with its first universe."""


def universe(
    seed: int = typer.Option(1, min=0, help="The first universe's seed; the same seed is the same universe."),
    count: int = typer.Option(1, min=1, max=10_000_000, help="How many universes, with seeds that count up."),
    processes: int = typer.Option(0, min=0, max=256, help="Processes that share the work; 0 for one a core."),
    money_out: bool = typer.Option(False, "--money-out", help="Let officers refund and pay out as well."),
    timeline: bool = typer.Option(False, "--timeline", help="Print everything that happened (one universe)."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as one JSON document."),
) -> None:
    """Run simulated days of the service with every fault that Daraja is known for, and check the books.

    Service, Daraja, customers, faults and crashes are drawn from the seed, under virtual time and in memory: nothing of
    this machine is touched. Exit code 1 says that a rule did not hold; the seed and what happened are printed.
    """
    from pokea.universe.report import Totals

    totals = Totals()
    seeds = range(seed, seed + count)
    with _progress(count, quiet=as_json) as advance:
        for outcome in outcomes(seeds, processes or os.cpu_count() or 1, money_out=money_out):
            totals.add(outcome)
            advance(len(totals.failures))
            if timeline and count == 1:
                _print_timeline(outcome)
    _print_report(totals, as_json)
    sys.exit(1 if totals.failures else 0)


def outcomes(seeds: range, processes: int, *, money_out: bool = False) -> Iterator["UniverseOutcome"]:
    """The universes of these seeds, in their order, shared by so many processes. Raises BrokenProcessPool."""
    run = partial(run_one, money_out=money_out)
    if min(processes, len(seeds)) == 1:
        yield from map(run, seeds)
        return
    # A fresh interpreter for each, since a forked one would share this one's threads and open files.
    context = multiprocessing.get_context("spawn")
    # This pool says so when one of its processes dies; the other kind waits for it for ever.
    with ProcessPoolExecutor(min(processes, len(seeds)), mp_context=context) as pool:
        yield from pool.map(run, seeds, chunksize=min(_SEEDS_AT_ONCE, -(-len(seeds) // processes)))


def run_one(seed: int, *, money_out: bool) -> "UniverseOutcome":
    """The universe of this seed, in this process; the chronicle of one that is sound is left behind."""
    global _mine  # noqa: PLW0603 - a worker process keeps its own from one seed to the next
    from pokea.universe.run import Universes

    is_worker = multiprocessing.parent_process() is not None
    is_first = _mine is None
    _mine = _mine or Universes()
    outcome = _mine.run(seed, money_out=money_out)
    if is_first and is_worker:
        # What the first one has loaded and built is there for good: no collector needs to look at it again.
        gc.freeze()
    return outcome if outcome.violations or not is_worker else outcome._replace(lines=())


@contextmanager
def _progress(count: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, a few plain lines elsewhere; what is yielded says that one more is done."""
    if count == 1 or quiet:
        yield lambda _failures: None
    elif sys.stderr.isatty():
        with _bar(count) as advance:
            yield advance
    else:
        yield _plain(count)


@contextmanager
def _bar(count: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("universes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=count)

        def advance(failures: int) -> None:
            progress.update(task, advance=1, description=f"[red]{failures} broken" if failures else "all sound")

        yield advance


def _plain(count: int) -> Callable[[int], None]:
    done = 0

    def advance(failures: int) -> None:
        nonlocal done
        done += 1
        if done == count or done * _PLAIN_LINES // count > (done - 1) * _PLAIN_LINES // count:
            print(f"{done} of {count} universes, {failures} broken", file=sys.stderr, flush=True)

    return advance


def _print_timeline(outcome: "UniverseOutcome") -> None:
    from pokea.universe.chronicle import timeline

    print("\n".join(timeline(outcome.lines)), flush=True)


def _print_report(totals: "Totals", as_json: bool) -> None:
    from pokea.universe.report import story_of

    if as_json:
        print(json.dumps(totals.document()))
        return
    for failure in totals.failures:
        print("\n".join(story_of(failure)), flush=True)
    print("\n".join(totals.sentences()))
