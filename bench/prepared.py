"""Fills a database for a load, as a program of the side that is measured: `python -P bench/prepared.py ORDER ANSWER`.

It runs on the code of another release than its own (`bench.sides`), so it takes no more from `bench.made` and
`bench.years` than every release has.
"""

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from bench import made
from bench.years import make_year
from pokea.storage.migrate import migrate


def prepared(what: str, url: str, **order: Any) -> dict[str, Any]:
    """What was made: see `bench.made.Prepared`. `what` is `schema`, `bookings`, `payments` or `year`."""
    if what == "schema":
        migrate(url)
        return {}
    if what == "year":
        return {"first_at": make_year(url, order["count"], lambda _said: None).first_at}
    return _rows(what, url, order["count"], order["first"])


def _rows(what: str, url: str, count: int, first: int) -> dict[str, Any]:
    if what == "bookings":
        made.make_bookings(url, count, first)
        return {}
    load = made.make_payments(url, count, first)
    secrets = [made.client_secret(number) for number in load.numbers]
    return {"callbacks": load.callbacks, "ids": load.ids, "secrets": secrets}


def main() -> None:
    """Carry out the order in the first file, and write what came of it into the second."""
    order = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_bytes(msgspec.msgpack.encode(prepared(**order)))


if __name__ == "__main__":
    main()
