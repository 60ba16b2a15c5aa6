"""`python -m bench`: lists and runs the benchmarks."""

import argparse
import importlib
import os
import pkgutil
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

import bench
from bench import goals
from bench.report import Table, as_markdown, as_text
from bench.sides import checked_out
from bench.stage import Bench, Plan

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


def main() -> int:
    """Run what was asked for; the exit code says whether every bar was kept."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, and print ratios of the same run.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to run; everything when none is named")
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: shows that it works")
    parser.add_argument(
        "--against", metavar="REV", help="measure the goals (or the NAMEs of them) beside that revision"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the tables as JSON")
    parser.add_argument("--markdown", action="store_true", help="also write the tables into docs/performance.md")
    given = parser.parse_args()
    found = dict(benchmarks())
    unknown = [name for name in given.names if name not in (*found, *goals.MEASURES)]
    if given.list or unknown:
        for name, module in found.items():
            print(f"{name:<12} {module.SAYS}")
        print("\n".join(f"  goals: {name:<18} {measure.says}" for name, measure in goals.MEASURES.items()))
        return len(unknown) and parser.error(f"there is no benchmark {', '.join(unknown)}")
    done = _run_asked(found, given)
    if given.json:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode({"machine": machine(), "benchmarks": done})))
    if given.markdown:
        write_page(done, PAGE)
    missed = [bar for tables in done.values() for table in tables for bar in table.bars if not bar.is_kept]
    for bar in missed:
        print(f"missed: {bar}")
    return 1 if missed and not given.quick else 0


def _run_asked(found: Mapping[str, Any], given: argparse.Namespace) -> dict[str, list[Table]]:
    # Some benchmarks and measures have the same name: beside another release only measures are meant.
    named = [] if given.against else [name for name in given.names if name in found]
    measures = [name for name in given.names if name in goals.MEASURES and name not in named]
    if len(named) + len(measures) < len(given.names):
        raise SystemExit("--against compares the goals: name some of them, or nothing (--list says which there are)")
    if given.against or measures:
        named.append("goals")
    against = [checked_out(given.against)] if given.against else []
    return run({name: found[name] for name in named or found}, Plan(given.quick, against, measures))


def benchmarks() -> Iterator[tuple[str, Any]]:
    """Every module of this package that says what it measures, with its name."""
    for each in pkgutil.iter_modules(bench.__path__):
        if not each.name.startswith("_"):
            module = importlib.import_module(f"bench.{each.name}")
            if hasattr(module, "SAYS") and hasattr(module, "run"):
                yield each.name, module


def run(chosen: Mapping[str, Any], plan: Plan) -> dict[str, list[Table]]:
    """Run them one after another, and print each table as it is ready."""
    done: dict[str, list[Table]] = {}
    print("  ".join(f"{name}: {text}" for name, text in machine().items()))
    for name, module in chosen.items():
        print(f"\n{name}: {module.SAYS}\n", flush=True)
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="pokea-bench-") as folder:
            stage = Bench(Path(folder), plan)
            try:
                done[name] = []
                for table in module.run(stage):
                    done[name].append(table)
                    print(as_text(table) + "\n", flush=True)
            finally:
                stage.close()
        print(f"  {name} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return done


def machine() -> dict[str, str]:
    """What it was measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def write_page(done: Mapping[str, list[Table]], page: Path) -> None:
    """Put the tables between their marks on the page; a benchmark without marks there is left out."""
    text = page.read_text()
    parts = {name: "\n\n".join(map(as_markdown, tables)) for name, tables in done.items()}
    parts["machine"] = "\n".join(f"- {name}: {value}" for name, value in machine().items())
    for name, part in parts.items():
        begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
        if begin in text and end in text:
            before, rest = text.split(begin, 1)
            text = f"{before}{begin}\n\n{part}\n\n{end}{rest.split(end, 1)[1]}"
    page.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
