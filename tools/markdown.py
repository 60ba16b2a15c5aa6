"""The pieces of a generated page."""

from collections.abc import Iterable


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table with its head; a bar inside a cell is escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def page(parts: Iterable[str]) -> str:
    """A page of parts, the first of which is its title, with a note of where it comes from."""
    title, *rest = parts
    return "\n\n".join([title, "<!-- Written by `make docs` from the code: change it there. -->", *rest]) + "\n"
