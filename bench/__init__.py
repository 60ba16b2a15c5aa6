"""Benchmarks: `make bench`, or `python -m bench [NAME …] [--quick] [--against REV] [--json FILE] [--markdown]`.

They measure and print; nothing here is a timed test. Every figure that matters is a ratio of things measured in the
same run, alternating, and the median of its rounds. Servers and load generators are processes of their own, on
loopback, and every load ends by itself.

A benchmark is a module `bench/NAME.py` with

    SAYS = "One sentence that says what is measured."

    def run(bench: Bench) -> Iterator[Table]: ...

and nothing more is needed for it to be listed and run. `run` yields its tables as they are ready. What it may use:

- `bench.stage.Bench` has `rounds`, `pick(usual, quick)`, `say(text)`, a real PostgreSQL with `fsync` on, fresh migrated
  databases, and services and simulators as processes, each with its CPU seconds and its memory;
- `bench.made` puts payments with accepted pushes into a database, with genuine callbacks for them as requests ready to
  be sent, and afterwards verifies that each was settled exactly once;
- `bench.load` sends requests from a process of its own: closed loop, or open loop at a fixed rate;
- `bench.report` has tables, bars, medians and alternating rounds;
- `bench.measures` has what the goals measure of one side, and `bench.sides` the releases that are measured.
"""
