"""What each column of an operation is: marked once where the table is defined, and read wherever names are listed."""

from typing import Any, Final

from sqlalchemy import Column, Table
from sqlalchemy.types import TypeEngine

DERIVED: Final = "derived"
"""What follows from the evidence: written by the settler alone."""
SCHEDULE: Final = "schedule"
"""What is still to be done: kept in `open_payments` while anything is."""


def asked(name: str, kind: type[TypeEngine[Any]], *, nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    """A column of what was asked for: written once, when the row is made."""
    return Column(name, kind, nullable=nullable, primary_key=primary_key)


def derived(name: str, kind: type[TypeEngine[Any]], *, nullable: bool = True, visible: bool = False) -> Column[Any]:
    """A column that the settler writes. A change of a `visible` one raises the payment's version and is an event."""
    return Column(name, kind, nullable=nullable, info={"half": DERIVED, "visible": visible})


def schedule(name: str, kind: type[TypeEngine[Any]], *, nullable: bool = False) -> Column[Any]:
    """A column of what is still to be done."""
    return Column(name, kind, nullable=nullable, info={"half": SCHEDULE})


def columns_of(table: Table, half: str) -> tuple[str, ...]:
    """The names of a table's columns that are marked as one half of its rows, in their order."""
    return tuple(str(column.name) for column in table.columns if column.info.get("half") == half)
