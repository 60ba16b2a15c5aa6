"""The page of metrics, made from the catalogue from which the service makes its series."""

from pokea.api.metrics import CATALOGUE, MetricDefinition
from tools.markdown import page, table


def metrics_page() -> str:
    """Everything that `/metrics` shows."""
    return page(
        [
            "# Metrics",
            "`GET /metrics` answers in Prometheus' text format 0.0.4. Names, units and labels follow Prometheus' "
            "conventions; values have all their digits.",
            "## What there is",
            table(("Metric", "Type", "What", "Labels"), map(_row, CATALOGUE)),
            "## Several processes",
            "`pokea serve` counts in memory. The workers of `pokea serve --workers N` count into files of one folder, "
            "and whichever of them is asked shows the sums of all. The folder is made when `serve` starts and removed "
            "when it ends. A worker that dies leaves its counts in it, so that no counter falls while `serve` runs; "
            "a restart of `serve` begins at 0, which `rate()` understands. Gauges say what stands in the database: "
            "the newest value is shown, from whichever process it came.",
            "`pokea work --metrics-port 9100` shows its own metrics, and no API, on that port. Or give `serve` and "
            "`work` on one machine the same folder, and `/metrics` of `serve` adds up both:",
            "```sh\nPROMETHEUS_MULTIPROC_DIR=/run/pokea-metrics pokea serve --workers 2 --no-background\n"
            "PROMETHEUS_MULTIPROC_DIR=/run/pokea-metrics pokea work\n```",
            "A process that starts removes what ended processes have left in a folder that was named so.",
            "## What to watch",
            "- `pokea_books_violations > 0`: the books are wrong ([books.md](books.md)). It is an alert as well.\n"
            "- `time() - pokea_books_looked_at_timestamp_seconds > 600`: no process checks the books.\n"
            '- `sum(rate(pokea_http_requests_total{status="503"}[5m])) > 0`: the database is away, or more comes '
            "than can be settled ([operating.md](operating.md)).\n"
            '- `sum(rate(pokea_payment_events_total{kind="payment.completed"}[15m])) == 0` at an hour at which you '
            "always sell: nothing is paid.",
        ]
    )


def _row(definition: MetricDefinition) -> tuple[str, ...]:
    labels = " ".join(f"`{name}`: {says}" for name, says in definition.labels.items())
    return f"`{definition.name}`", definition.type.value, definition.help, labels
