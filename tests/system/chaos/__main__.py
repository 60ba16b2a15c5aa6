"""`make chaos`: the long form, with its parameters on the command line. The exit code says whether every rule held.

make chaos ARGS="--seconds 240 --seed 7 --database postgresql"
make chaos ARGS="--payouts 200"
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pokea.storage.migrate import migrate
from tests.system.chaos.payouts import chaos_of_payouts
from tests.system.chaos.run import Outcome, Plan, chaos_on_postgres, chaos_on_sqlite

_FORMS = {"postgresql": chaos_on_postgres, "sqlite": chaos_on_sqlite}


def main() -> int:
    """Run what was asked for; 0 when every rule held, else 1."""
    asked = _arguments()
    seed = asked.seed or random.randrange(1, 1_000_000)
    outcomes = {}
    if asked.payouts:
        return _pay_out(asked.payouts, seed)
    for name in asked.database:
        _say(f"Chaos on {name}, seed {seed}, {asked.seconds:g} s of load and kills:")
        plan = Plan(seed, asked.seconds, asked.customers, asked.hurried)
        with tempfile.TemporaryDirectory() as folder:
            outcomes[name] = _FORMS[name](Path(folder), plan, _say)
            _keep_logs(Path(folder), asked.logs, name)
    _print_all(outcomes, seed)
    return 1 if any(outcome.broken for outcome in outcomes.values()) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description="Kill processes and servers under load.")
    parser.add_argument("--seconds", type=float, default=120, help="how long to kill, for each database")
    parser.add_argument("--seed", type=int, default=0, help="what is killed when; 0 draws one")
    parser.add_argument("--customers", type=int, default=6, help="how many customers at a time")
    parser.add_argument("--database", nargs="+", choices=[*_FORMS], default=[*_FORMS])
    parser.add_argument("--payouts", type=int, default=0, help="instead, kill so often while money goes out")
    parser.add_argument("--hurried", action="store_true", help="let time run on by ageing rows, not by waiting")
    parser.add_argument("--logs", type=Path, help="a folder to keep every log in")
    return parser.parse_args()


def _pay_out(kills: int, seed: int) -> int:
    _say(f"Chaos of payouts, seed {seed}, {kills} kills:")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/pokea.sqlite3"
        migrate(url)
        outcome = chaos_of_payouts(Path(folder), url, seed, kills, _say)
    _print_all({"payouts": outcome}, seed)
    return 1 if outcome.broken else 0


def _keep_logs(folder: Path, place: Path | None, name: str) -> None:
    for number, file in enumerate(sorted(folder.rglob("*.log"))):
        if place is not None:
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{name}-{number}-{file.name}").write_bytes(file.read_bytes())


def _print_all(outcomes: Mapping[str, Outcome], seed: int) -> None:
    for name, outcome in outcomes.items():
        _say(f"\n{name}, seed {seed}")
        for what, count in outcome.counts.items():
            _say(f"  {what:<44} {count:>8}")
        for each in outcome.broken:
            _say(f"  BROKEN: {each}")
        _say("  Every rule held." if not outcome.broken else f"  {len(outcome.broken)} breaches.")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
