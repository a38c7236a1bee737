"""Rows of a demand file as numbers: each row's time and values, with a fault for each that is none."""

import csv
import datetime as dt
from array import array
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Final

import numpy as np

from lepton_infra.config.words import printable
from lepton_infra.errors import Fault
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.header import Columns

MOST_FAULTS: Final = 20
"""Faults of one file that a message lists; the rest is counted."""
LARGEST: Final = 1e18
"""No demand is larger, not even in bytes; squares of what is far beyond it would leave the range of numbers."""
_EPOCH: Final = 100_000_000
"""A number above this is a time since 1970, not one since the first row."""


@dataclass(slots=True)
class Table:
    """What was read of a file, and what was wrong with it."""

    name: str
    """The file, for messages."""
    columns: Columns
    """What its columns mean."""
    times: "array[float]" = field(default_factory=lambda: array("d"))
    """Seconds since 1970 by row."""
    cells: "array[float]" = field(default_factory=lambda: array("d"))
    """Values row by row, NaN for a gap."""
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    """Line of each row, for messages."""
    units: dict[str, int] = field(default_factory=dict[str, int])
    """What rows say of their unit, with the first line that does."""
    faults: list[Fault] = field(default_factory=list[Fault])
    """The first `MOST_FAULTS` faults."""
    more: int = 0
    """Faults beyond those."""

    @property
    def values(self) -> Floats:
        """Return the values, shape `(rows, columns of demand)`."""
        return np.asarray(self.cells, dtype=np.float64).reshape(len(self.times), len(self.columns.values))

    def fault(self, line: int, given: str, allowed: str, remedy: str = "") -> None:
        """Note what is wrong with a line."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(f"{self.name}:{line}", given, allowed, remedy))
        else:
            self.more += 1

    def reported(self) -> list[Fault]:
        """Return the faults, and how many more there are."""
        return [*self.faults, *more_faults(self.name, self.more)]


def more_faults(name: str, more: int) -> list[Fault]:
    """Return a fault that counts those that are not listed, where there are any."""
    return [Fault(name, f"has {more:,} more faults like these", "none")] if more > 0 else []


def fill(table: Table, rows: Iterable[list[str]], start: dt.datetime | None, first: int) -> None:
    """Read the rows into the table; what is wrong with them becomes its faults.

    Args:
        table: to be filled.
        rows: cells as text, empty for a gap.
        start: time of the first row where times are counted from it.
        first: line of the first row.
    """
    parse = _clock(table.columns, start)
    line, width = first - 1, len(table.columns.names)
    try:
        for line, row in enumerate(rows, start=first):
            if not row:
                continue
            if len(row) != width:
                table.fault(line, f"has {len(row)} columns", f"{width}, as in the header")
                continue
            _add(table, line, row, parse)
    except csv.Error as error:
        table.fault(line + 1, f"is not CSV ({error})", "rows of text")


def shown(text: str) -> str:
    """Return what stands there, short and printable."""
    return repr(printable(text)[:40])


def _add(table: Table, line: int, row: list[str], parse: "Clock") -> None:
    found = table.columns
    time = parse(row[found.time])
    if time is None:
        allowed = "seconds from the first row" if found.counted else "a time like 2026-01-05T00:10:00Z, with a zone in every row or in none"
        table.fault(line, f"has the time {shown(row[found.time])}", allowed)
    values = [_value(table, line, row[place].strip()) for place in found.values]
    if found.unit is not None and row[found.unit].strip():
        table.units.setdefault(row[found.unit].strip(), line)
    if time is not None:
        table.times.append(time)
        table.cells.extend(values)
        table.lines.append(line)


def _value(table: Table, line: int, text: str) -> float:
    value = nan
    if text:
        with suppress(ValueError):
            value = float(text)
        if not 0 <= value <= LARGEST:
            table.fault(line, f"has the value {shown(text)}", f"a number from 0 to {LARGEST:g}, or nothing for a gap")
    return value


class Clock:
    """Turns the text of a time into seconds since 1970, holding every row to the first one's way of writing."""

    def __init__(self, origin: float | None) -> None:
        self._origin = origin
        self._zoned: bool | None = None

    def __call__(self, text: str) -> float | None:
        """Return the seconds, or None where the text is no time or is written unlike the first."""
        number = _number(text)
        if self._origin is not None:
            return None if number is None else self._origin + number
        if number is not None:
            return number if number > _EPOCH else None
        return self._stamp(text)

    def _stamp(self, text: str) -> float | None:
        try:
            stamp = dt.datetime.fromisoformat(text.strip())
        except ValueError:
            return None
        zoned = stamp.tzinfo is not None
        if self._zoned is None:
            self._zoned = zoned
        if zoned is not self._zoned:
            return None
        return (stamp if zoned else stamp.replace(tzinfo=dt.UTC)).timestamp()


def _clock(columns: Columns, start: dt.datetime | None) -> Clock:
    if not columns.counted:
        return Clock(None)
    if start is None:
        return Clock(0.0)
    return Clock((start if start.tzinfo else start.replace(tzinfo=dt.UTC)).timestamp())


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None
