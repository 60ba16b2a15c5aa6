"""Counters and gauges in Prometheus' text format, in a registry that is passed to whoever counts."""

from collections.abc import Iterator, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Series:
    """The values of one metric, one for each combination of label values."""

    def __init__(self, name: str, text: str, kind: str, labels: Sequence[str]) -> None:
        self.name = name
        self._text = text
        self._kind = kind
        self._labels = tuple(labels)
        self._values: dict[tuple[str, ...], float] = {}

    def add(self, *labels: str, amount: float = 1) -> None:
        """Count `amount` more. Raises ValueError when the number of labels is not the metric's."""
        self._values[labels] = self.value(*labels) + amount

    def set(self, *labels: str, value: float) -> None:
        """Replace the value. Raises ValueError when the number of labels is not the metric's."""
        self.value(*labels)
        self._values[labels] = value

    def value(self, *labels: str) -> float:
        """The present value, 0 before the first. Raises ValueError when the number of labels is not the metric's."""
        if len(labels) != len(self._labels):
            raise ValueError(f"{self.name} has the labels {', '.join(self._labels) or 'none'}")
        return self._values.get(labels, 0)

    def lines(self) -> Iterator[str]:
        """The metric in Prometheus' text format."""
        yield f"# HELP {self.name} {self._text}"
        yield f"# TYPE {self.name} {self._kind}"
        for labels, value in sorted(self._values.items()):
            pairs = ",".join(f'{name}="{_escaped(label)}"' for name, label in zip(self._labels, labels, strict=True))
            yield f"{self.name}{{{pairs}}} {value:g}" if pairs else f"{self.name} {value:g}"


class Metrics:
    """A registry of metrics."""

    def __init__(self) -> None:
        self._series: dict[str, Series] = {}

    def counter(self, name: str, text: str, *labels: str) -> Series:
        """The counter of this name, which only grows; the same one whoever asks."""
        return self._series.setdefault(name, Series(name, text, "counter", labels))

    def gauge(self, name: str, text: str, *labels: str) -> Series:
        """The gauge of this name, which is set; the same one whoever asks."""
        return self._series.setdefault(name, Series(name, text, "gauge", labels))

    def text(self) -> str:
        """All metrics in Prometheus' text format."""
        return "".join(f"{line}\n" for name in sorted(self._series) for line in self._series[name].lines())


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
