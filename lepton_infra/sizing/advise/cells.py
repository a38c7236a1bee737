"""Cells of usage files as numbers: a column at a time, with a fault for each that is none."""

import re
from collections.abc import Sequence
from math import nan
from typing import Final

import numpy as np

from lepton_infra.errors import Fault
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.table import MOST_FAULTS, Clock, more_faults, shown

_REMEMBERED: Final = 100_000
_EARLIEST: Final = 946_684_800
_LATEST: Final = 4_102_444_800


class Faults:
    """What is wrong with a file, the first faults in full."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._first: list[Fault] = []
        self._more = 0

    def add(self, line: int, given: str, allowed: str, remedy: str = "") -> None:
        """Note what is wrong with a line; 0 is the file as a whole."""
        if len(self._first) < MOST_FAULTS:
            self._first.append(Fault(f"{self.name}:{line}" if line else self.name, given, allowed, remedy))
        else:
            self._more += 1

    def reported(self) -> list[Fault]:
        """Return the faults, and how many more there are."""
        return [*self._first, *more_faults(self.name, self._more)]


class Moments:
    """Turns texts into seconds since 1970, each way of writing once: hours repeat in every pool."""

    def __init__(self) -> None:
        self._clock = Clock(None)
        self._known: dict[str, float | None] = {}

    def __call__(self, text: str) -> float | None:
        """Return the seconds since 1970, or None where the text is no time or changes its zone's way of writing."""
        if text not in self._known:
            self._known[text] = self._clock(text)
        return self._known[text]

    def column(self, cells: Sequence[str], lines: Sequence[int], faults: Faults) -> Floats:
        """Return a column of times, NaN with a fault where there is none."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        for cell in dict.fromkeys(cells):
            self(cell)
        found = np.asarray(list(map(self._known.get, cells)), dtype=np.float64)  # None becomes NaN
        found = np.where((found >= _EARLIEST) & (found < _LATEST), found, np.nan)
        for place in np.flatnonzero(np.isnan(found)).tolist():
            allowed = "a time like 2026-01-05T00:10:00Z from 2000 to 2099, with a zone in every row or in none"
            faults.add(lines[place], f"has the time {shown(cells[place])}", allowed)
        return found


def numbers(cells: Sequence[str], lines: Sequence[int], what: str, most: float, faults: Faults) -> Floats:
    """Return a column of numbers from 0 to `most`: NaN for an empty cell, NaN with a fault for what is no such number."""
    try:
        found = np.asarray([cell or "nan" for cell in cells] if "" in cells else cells, dtype=np.float64)
    except ValueError:
        found = np.asarray([_number(cell) for cell in cells])
    # A cell that says NaN says something, which an empty one does not.
    wrong = ~((found >= 0) & (found <= most))
    if wrong.any():
        for place in np.flatnonzero(wrong).tolist():
            if cells[place].strip():
                faults.add(lines[place], f"has the {what} {shown(cells[place])}", f"a number from 0 to {most:g}, or nothing where unknown")
        found = np.where(wrong, nan, found)
    return found


def _number(cell: str) -> float:
    try:
        return float(cell) if cell.strip() else nan
    except ValueError:
        return nan


def plain_name(name: str) -> str:
    """Return a column's name in small letters and underscores: `lineItem/UsageStartDate` as `line_item_usage_start_date`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", apart.casefold()).strip("_")
