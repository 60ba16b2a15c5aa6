"""Reading what `/metrics` shows, as Prometheus would."""

from prometheus_client.parser import text_string_to_metric_families


def samples(text: str, name: str) -> dict[tuple[str, ...], float]:
    """The values of one metric by the values of its labels, in the order of the labels' names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def types(text: str) -> dict[str, str]:
    """The type of each metric that is shown, by its whole name."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: family.type
        for family in text_string_to_metric_families(text)
    }
