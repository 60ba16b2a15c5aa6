"""Counters and gauges for Prometheus, which `/metrics` shows for all processes that serve one port.

What there is to count is a list of values, `CATALOGUE`, from which docs/metrics.md is made. A `Metrics` holds the
series of one process and is passed to the parts that count. In memory it needs no file and no clock, so that a universe
has one, too.

Several processes (`pokea serve --workers N`) count into files of one folder, which prometheus_client maps into memory:
an addition is a write to memory, and any process can add up the files of all. prometheus_client reads the environment
variable PROMETHEUS_MULTIPROC_DIR for this once, when it is imported; `pokea.cli.counting` sets it before.

- The file of a counter stays when its process ends, so that no counter falls.
- A gauge here says what stands in the database, so every process that knows it is right: the newest value is shown.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_MOST_READINGS: Final = 4

# Prometheus needs no time of creation for a counter, and a universe has no clock that a library could take it from.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here


class MetricType(StrEnum):
    """The two types of Prometheus that are used here."""

    COUNTER = "counter"
    GAUGE = "gauge"


class MetricDefinition(NamedTuple):
    """What is counted or measured: `labels` says for each label which values it has, a bounded number."""

    name: str
    type: MetricType
    help: str
    labels: Mapping[str, str]


HTTP_REQUESTS: Final = MetricDefinition(
    "pokea_http_requests_total",
    MetricType.COUNTER,
    "HTTP requests that were answered.",
    {
        "method": "The HTTP method; `OTHER` for an unknown one.",
        "route": "The route with names in place of what varies; `unmatched` for a path that is none.",
        "status": "The status code of the answer.",
    },
)
PAYMENT_EVENTS: Final = MetricDefinition(
    "pokea_payment_events_total",
    MetricType.COUNTER,
    "Changes of payments that a page can see.",
    {
        "kind": "The type of the change's event (docs/events.md).",
    },
)
BOOKS_VIOLATIONS: Final = MetricDefinition(
    "pokea_books_violations",
    MetricType.GAUGE,
    "Places at which a rule of the books is broken.",
    {"rule": "The rule's name, as `GET /api/v1/books` has it."},
)
BOOKS_LOOKED_AT: Final = MetricDefinition(
    "pokea_books_looked_at_timestamp_seconds",
    MetricType.GAUGE,
    "When the newest rows of the books were last checked, in seconds since 1970.",
    {"ground": "The table along which the check goes."},
)
BOOKS_ROUND_ENDED: Final = MetricDefinition(
    "pokea_books_round_ended_timestamp_seconds",
    MetricType.GAUGE,
    "When every row of the books had been checked for the last time, in seconds since 1970.",
    {"ground": "The table along which the check goes."},
)
BOOKS_PARTS: Final = MetricDefinition(
    "pokea_books_parts_checked_total",
    MetricType.COUNTER,
    "Parts of the books that were checked, of 500 rows at most.",
    {},
)
WEBHOOK_DELIVERIES: Final = MetricDefinition(
    "pokea_webhook_deliveries_total",
    MetricType.COUNTER,
    "Sendings of events to endpoints.",
    {"outcome": "`delivered`, or `failed` for what is tried again."},
)
WEBHOOK_WAITING: Final = MetricDefinition(
    "pokea_webhook_pairs",
    MetricType.GAUGE,
    "Pairs of endpoint and object of which something is still to be sent; counted once a minute.",
    {"state": "`waiting`, or `parked` after ten failures."},
)
STANDBY_AGE: Final = MetricDefinition(
    "pokea_standby_age_seconds",
    MetricType.GAUGE,
    "How old what the standby (POKEA_READ_URL) shows is at the most, by what the primary has written since.",
    {},
)
LATE_READS: Final = MetricDefinition(
    "pokea_late_reads_total",
    MetricType.COUNTER,
    "Pages of history and analytics that were read while POKEA_READ_URL was set.",
    {"from": "`standby`, or `primary`: what has to be current, and all while the standby is away or late."},
)

CATALOGUE: Final = (
    HTTP_REQUESTS,
    PAYMENT_EVENTS,
    WEBHOOK_DELIVERIES,
    WEBHOOK_WAITING,
    BOOKS_VIOLATIONS,
    BOOKS_LOOKED_AT,
    BOOKS_ROUND_ENDED,
    BOOKS_PARTS,
    STANDBY_AGE,
    LATE_READS,
)
"""Everything that Pokea counts and measures."""


class CounterSeries:
    """The values of one counter, one for each combination of label values."""

    def __init__(self, counter: Counter, definition: MetricDefinition) -> None:
        self._counter = counter
        # Found by the values alone, a series costs a fifth of what `Counter.labels` takes to find it.
        self._children: dict[tuple[str, ...], Counter] = {} if definition.labels else {(): counter}

    def add(self, *labels: str, amount: float = 1) -> None:
        """Count `amount` more. Raises ValueError when the number of labels is not the metric's."""
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._counter.labels(*labels)
        child.inc(amount)


class GaugeSeries:
    """The values of one gauge, one for each combination of label values."""

    def __init__(self, gauge: Gauge, definition: MetricDefinition) -> None:
        self._gauge = gauge
        self._children: dict[tuple[str, ...], Gauge] = {} if definition.labels else {(): gauge}

    def set(self, *labels: str, value: float) -> None:
        """Replace the value. Raises ValueError when the number of labels is not the metric's."""
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._gauge.labels(*labels)
        child.set(value)


class Metrics:
    """The metrics of one process; with a `folder`, those of all processes that count into it."""

    def __init__(self, folder: str | None = None) -> None:
        self._registry = CollectorRegistry()
        self._folder = folder
        self._counters: dict[str, CounterSeries] = {}
        self._gauges: dict[str, GaugeSeries] = {}

    def counter(self, definition: MetricDefinition) -> CounterSeries:
        """The counter of this definition, the same one for every caller."""
        if definition.name not in self._counters:
            counter = Counter(definition.name, definition.help, tuple(definition.labels), registry=self._registry)
            self._counters[definition.name] = CounterSeries(counter, definition)
        return self._counters[definition.name]

    def gauge(self, definition: MetricDefinition) -> GaugeSeries:
        """The gauge of this definition, the same one for every caller."""
        if definition.name not in self._gauges:
            gauge = Gauge(
                definition.name,
                definition.help,
                tuple(definition.labels),
                registry=self._registry,
                multiprocess_mode="mostrecent",
            )
            self._gauges[definition.name] = GaugeSeries(gauge, definition)
        return self._gauges[definition.name]

    def text(self) -> str:
        """All metrics in Prometheus' text format, in the order of their names."""
        families = _of_all_processes(self._folder) if self._folder is not None else self._registry.collect()
        return generate_latest(_Gathered(families)).decode()


class _Gathered(Collector):
    """Metrics that have been collected, in one order whichever was counted first."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = sorted(families, key=lambda family: family.name)

    def collect(self) -> Iterable[Metric]:
        for family in self._families:
            family.samples.sort(key=lambda sample: (sample.name, sorted(sample.labels.items())))
        return self._families


def _of_all_processes(folder: str) -> Iterable[Metric]:
    """The sums of all files of the folder."""
    merge: Any = MultiProcessCollector.merge
    for _ in range(_MOST_READINGS - 1):
        try:
            return list(merge(_files(folder)))
        except FileNotFoundError:
            # A process that begins has just taken away what ended ones left behind.
            continue
    return list(merge(_files(folder)))


def _files(folder: str) -> list[str]:
    # A file has no size for a moment while a process makes it, and the library cannot read it then.
    return [str(file) for file in sorted(Path(folder).glob("*.db")) if file.stat().st_size]
