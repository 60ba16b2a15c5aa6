"""Counters and gauges that Prometheus reads, of one process and of several."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.api.metrics import CATALOGUE, MetricDefinition, Metrics, MetricType
from tests.exposition import samples, types

SEEN = MetricDefinition("seen_total", MetricType.COUNTER, "Seen.", {"kind": "Any."})
OPEN = MetricDefinition("open_payments", MetricType.GAUGE, "Open payments.", {"status": "Any."})
PLAIN = MetricDefinition("plain_total", MetricType.COUNTER, "Plain.", {})
_COUNT = """
import sys
from tests.api.test_metrics import OPEN, SEEN
from pokea.api.metrics import Metrics
metrics = Metrics(sys.argv[1])
metrics.counter(SEEN).add("callback", amount=float(sys.argv[2]))
metrics.gauge(OPEN).set("pending", value=float(sys.argv[2]))
print(metrics.text())
"""


def test_a_counter_is_the_same_for_every_caller() -> None:
    """Two parts that count the same thing add to one series."""
    metrics = Metrics()
    metrics.counter(SEEN).add("callback")
    metrics.counter(SEEN).add("callback")
    assert samples(metrics.text(), "seen_total") == {("callback",): 2}


def test_two_registries_share_nothing() -> None:
    """What one service counts is not seen by another one in the same process."""
    Metrics().counter(SEEN).add("callback")
    assert Metrics().text() == ""


def test_a_gauge_shows_the_last_value() -> None:
    """A gauge is set, and may fall."""
    metrics = Metrics()
    metrics.gauge(OPEN).set("pending", value=7)
    metrics.gauge(OPEN).set("pending", value=2.5)
    assert samples(metrics.text(), "open_payments") == {("pending",): 2.5}


@pytest.mark.parametrize("labels", [(), ("a", "b")])
def test_a_wrong_number_of_labels_is_a_mistake(labels: tuple[str, ...]) -> None:
    """A series without its labels could not be read."""
    with pytest.raises(ValueError, match="label"):
        Metrics().counter(SEEN).add(*labels)
    with pytest.raises(ValueError, match="label"):
        Metrics().gauge(OPEN).set(*labels, value=1)


def test_a_metric_without_labels_begins_at_nothing() -> None:
    """It is shown before anything was counted, so that a rate can be taken of the first."""
    metrics = Metrics()
    counter = metrics.counter(PLAIN)
    assert samples(metrics.text(), "plain_total") == {(): 0}
    counter.add()
    assert samples(metrics.text(), "plain_total") == {(): 1}


@pytest.mark.parametrize("value", [1_234_567, 1_795_730_000.25, 2**53 - 1])
def test_numbers_have_all_their_digits(value: float) -> None:
    """A counter beyond a million goes on counting by one, and a time is shown to the fraction of a second."""
    metrics = Metrics()
    metrics.counter(SEEN).add("callback", amount=value)
    metrics.gauge(OPEN).set("pending", value=value)
    assert samples(metrics.text(), "seen_total") == {("callback",): value}
    assert samples(metrics.text(), "open_payments") == {("pending",): value}
    metrics.counter(SEEN).add("callback")
    assert samples(metrics.text(), "seen_total") == {("callback",): value + 1}


def test_metrics_are_in_one_order() -> None:
    """The text does not depend on what was counted first."""
    one, other = Metrics(), Metrics()
    for metrics, kinds in ((one, "abc"), (other, "cba")):
        if metrics is one:
            metrics.counter(PLAIN)
        for kind in kinds:
            metrics.counter(SEEN).add(kind)
        metrics.counter(PLAIN)
    assert one.text() == other.text()


@given(st.text(max_size=30))
def test_any_label_stays_on_its_line(label: str) -> None:
    """A label's quotes, backslashes and newlines end neither the value nor the line, and are read back as they were."""
    metrics = Metrics()
    metrics.counter(SEEN).add(label)
    lines = metrics.text().split("\n")
    assert len(lines) == 4
    assert lines[2].startswith('seen_total{kind="')
    assert lines[2].endswith('"} 1.0')


def test_processes_with_one_folder_show_the_sums(tmp_path: Path) -> None:
    """Each process shows what all have counted, those that have ended included; of a gauge the newest value."""
    shown = [_counted_by_a_process(tmp_path, amount) for amount in ("5", "7", "1234567")]
    assert [samples(text, "seen_total") for text in shown] == [{("callback",): total} for total in (5, 12, 1234579)]
    assert [samples(text, "open_payments") for text in shown] == [{("pending",): last} for last in (5, 7, 1234567)]
    assert types(shown[-1]) == {"seen_total": "counter", "open_payments": "gauge"}


def test_a_file_that_is_being_made_does_not_break_the_answer(tmp_path: Path) -> None:
    """The file of a process that has only just begun is empty, and is left out."""
    _counted_by_a_process(tmp_path, "5")
    (tmp_path / "counter_1.db").touch()
    assert samples(Metrics(str(tmp_path)).text(), "seen_total") == {("callback",): 5}


def test_names_follow_the_conventions() -> None:
    """A counter ends in `_total`, a time in `_timestamp_seconds`; each has help, and says which values labels have."""
    for each in CATALOGUE:
        assert each.name.startswith("pokea_")
        assert each.name.endswith("_total") is (each.type is MetricType.COUNTER)
        assert each.help.endswith(".")
        assert all(says.endswith(".") for says in each.labels.values())
        if " when " in f" {each.help.lower()} ":
            assert each.name.endswith("_timestamp_seconds")
    assert len({each.name for each in CATALOGUE}) == len(CATALOGUE)


def _counted_by_a_process(folder: Path, amount: str) -> str:
    house = Path(__file__).parent.parent.parent
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": str(house)}
    command = [sys.executable, "-c", _COUNT, str(folder), amount]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
