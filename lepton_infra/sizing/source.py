"""Reading demand files: the one place where sizing touches a disk for data."""

import csv
import datetime as dt
from array import array
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from lepton_infra.config import Demand
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.grid import grid
from lepton_infra.sizing.header import Columns, columns, known_units, unit_of
from lepton_infra.sizing.lock import unreadable
from lepton_infra.sizing.series import LARGEST, DemandSeries, Unit

MOST_FAULTS: Final = 20
"""Faults of one file that a message lists; the rest is counted."""
_MONDAY: Final = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
_SNIFFED: Final = 65_536
_EPOCH: Final = 100_000_000
"""A number above this is a time since 1970, not one since the first row."""


def read_demand(path: Path, demand: Demand, where: str) -> DemandSeries:
    """Read the demand file that a stack file names.

    Args:
        path: the file.
        demand: what the stack file says of it.
        where: the demand's place in the stack file, for messages about what is said there.

    Raises:
        BadInput: with every fault of the file, by line, the first `MOST_FAULTS` of them.
    """
    reason = unreadable(path)
    if reason:
        raise BadInput(Fault(f"{where}.file", f"is '{demand.file}', which {reason}", "a CSV file beside the stack file"))
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        table = _table(file, path.name, demand, where)
    table.check()
    return _series(table, path.name, _unit(table, demand, path.name, where))


def read_series(path: Path) -> DemandSeries:
    """Read a file that no stack file describes.

    Times counted from the first row are taken to begin at midnight of a Monday; where no unit is said it is requests per second.

    Raises:
        BadInput: with every fault of the file, by line, the first `MOST_FAULTS` of them.
    """
    reason = unreadable(path)
    if reason:
        raise BadInput(Fault(str(path), reason, "a CSV file with a column of time and one of value"))
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        table = _table(file, path.name, Demand(file=path.name), path.name, assumed=_MONDAY)
    table.check()
    stated = table.said or table.units
    unit = _unit(table, Demand(file=path.name, unit=None if stated else "requests_per_second"), path.name, path.name)
    return _series(table, path.name, unit)


def _series(table: "_Table", name: str, unit: Unit) -> DemandSeries:
    start, step, values = grid(table.times, table.values, table.lines, name)
    if not np.isfinite(values).any():
        raise BadInput(Fault(name, "has no value in any row", "numbers"))
    return DemandSeries(start, step, values, unit)


@dataclass(slots=True)
class _Table:
    name: str
    times: "array[float]" = field(default_factory=lambda: array("d"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    units: dict[str, int] = field(default_factory=dict[str, int])
    said: Unit | None = None
    faults: list[Fault] = field(default_factory=list[Fault])
    more: int = 0

    def fault(self, line: int, given: str, allowed: str, remedy: str = "") -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(f"{self.name}:{line}", given, allowed, remedy))
        else:
            self.more += 1

    def check(self) -> None:
        """Raise where a row is wrong, or there is none."""
        if self.faults:
            raise BadInput(self.reported())
        if not self.times:
            raise BadInput(Fault(self.name, "has a header and no rows", "a row for each step of time"))

    def reported(self) -> list[Fault]:
        rest = [Fault(self.name, f"has {self.more:,} more faults like these", "none")] if self.more else []
        return [*self.faults, *rest]


def _table(file: TextIO, name: str, demand: Demand, where: str, assumed: dt.datetime | None = None) -> _Table:
    head = file.read(_SNIFFED)
    if not head.strip():
        raise BadInput(Fault(name, "is empty", "a header and a row for each step of time"))
    if "\0" in head or any("\udc80" <= letter <= "\udcff" for letter in head.partition("\n")[0]):
        raise BadInput(Fault(name, "is not text in UTF-8", "CSV with a header"))
    file.seek(0)
    first = head.partition("\n")[0]
    rows = csv.reader(file, delimiter=max(",;\t", key=first.count))
    header = next(rows)
    table = _Table(name)
    found = columns(header, name)
    start = demand.start or (assumed if found.counted else None)
    if found.counted and start is None:
        table.fault(
            1, f"counts '{header[found.time]}' from its first row", "a time of day", f"Say {where}.start, the time of the first row"
        )
    if not found.counted and demand.start is not None:
        raise BadInput(
            Fault(f"{where}.start", f"is {demand.start.isoformat()}, but {name} has times of its own", "nothing", "Remove start")
        )
    table.said = found.said
    _fill(table, rows, found, start)
    return table


def _fill(table: _Table, rows: Iterable[list[str]], found: Columns, start: dt.datetime | None) -> None:
    parse = _clock(found.counted, start)
    line = 1
    try:
        for line, row in enumerate(rows, start=2):
            if not row:
                continue
            if len(row) != found.width:
                table.fault(line, f"has {len(row)} columns", f"{found.width}, as in the header")
                continue
            _add(table, line, row, found, parse)
    except csv.Error as error:
        table.fault(line + 1, f"is not CSV ({error})", "rows of text")


def _add(table: _Table, line: int, row: list[str], found: Columns, parse: "_Clock") -> None:
    time, value = parse(row[found.time]), nan
    if time is None:
        allowed = "seconds from the first row" if found.counted else "a time like 2026-01-05T00:10:00Z, with a zone in every row or in none"
        table.fault(line, f"has the time {_shown(row[found.time])}", allowed)
    text = row[found.value].strip()
    if text:
        with suppress(ValueError):
            value = float(text)
        if not 0 <= value <= LARGEST:
            table.fault(line, f"has the value {_shown(text)}", f"a number from 0 to {LARGEST:g}, or nothing for a gap")
    if found.unit is not None and row[found.unit].strip():
        table.units.setdefault(row[found.unit].strip(), line)
    if time is not None:
        table.times.append(time)
        table.values.append(value)
        table.lines.append(line)


class _Clock:
    """Turns the text of a time into seconds since 1970, holding every row to the first one's way of writing."""

    def __init__(self, origin: float | None) -> None:
        self._origin = origin
        self._zoned: bool | None = None

    def __call__(self, text: str) -> float | None:
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


def _clock(counted: bool, start: dt.datetime | None) -> _Clock:  # noqa: FBT001 (what the header says of its times)
    if not counted:
        return _Clock(None)
    if start is None:
        return _Clock(0.0)
    return _Clock((start if start.tzinfo else start.replace(tzinfo=dt.UTC)).timestamp())


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _unit(table: _Table, demand: Demand, name: str, where: str) -> Unit:
    faults = [
        Fault(f"{name}:{line}", f"has the unit {_shown(text)}", known_units()) for text, line in table.units.items() if not unit_of(text)
    ]
    by_unit: dict[Unit, int] = {}
    for text, line in table.units.items():
        if unit := unit_of(text):
            by_unit.setdefault(unit, line)
    if len(by_unit) > 1:
        faults.append(Fault(f"{name}:{max(by_unit.values())}", "has another unit than the rows before", "one unit in the whole file"))
    said: dict[Unit, str] = dict.fromkeys(by_unit, f"rows of {name}")
    if table.said:
        said.setdefault(table.said, f"the header of {name}")
    if demand.unit:
        said.setdefault(demand.unit, "the stack file")
    if len(said) > 1 and not faults:
        given = " and ".join(f"{unit} in {place}" for unit, place in said.items())
        faults.append(Fault(f"{where}.unit", f"is {given}", "one unit"))
    if not said and not faults:
        faults.append(Fault(f"{where}.unit", f"is not said, nor does {name} say it", known_units()))
    if faults:
        raise BadInput(faults)
    return next(iter(said))


def _shown(text: str) -> str:
    """Return what stands there, short and printable."""
    printable = text.encode("utf-8", "backslashreplace").decode()[:40]
    return repr(printable)
