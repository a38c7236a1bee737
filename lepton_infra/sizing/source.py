"""Reading demand files: the one place where sizing touches a disk for data.

What a file is, its content says: Parquet by its magic, JSON by its first brace, a request trace by its columns.
"""

import csv
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from lepton_infra.config import Demand
from lepton_infra.config.model import Unit
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.grid import grid
from lepton_infra.sizing.header import columns, demand_columns
from lepton_infra.sizing.lock import unreadable
from lepton_infra.sizing.parquet import MAGIC, parquet_rows
from lepton_infra.sizing.prometheus import read_matrix
from lepton_infra.sizing.record import COMMAND_LINE, Record, Split, Tenant, option
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.table import Table, fill, printable, shown
from lepton_infra.sizing.trace import TRACE_UNITS, from_requests
from lepton_infra.sizing.units import known_units, unit_of

_SNIFFED: Final = 65_536
_MONDAY: Final = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def read_demand(path: Path, demand: Demand, where: str) -> DemandSeries:
    """Read the demand file that a stack file names, as `read_record`, and return the series alone."""
    return read_record(path, demand, where).series


def read_record(path: Path, demand: Demand, where: str) -> Record:
    """Read the demand file that a stack file or the command line names.

    Args:
        path: the file.
        demand: what is said of it.
        where: the demand's place in the stack file, or `COMMAND_LINE`, for messages about what is said there.

    Raises:
        BadInput: with every fault of the file, by line, the first `MOST_FAULTS` of them.
    """
    found = _read(path, demand, where)
    return found if isinstance(found, Record) else _record(found)


def read_apart(path: Path, demand: Demand, where: str) -> Iterator[tuple[str, DemandSeries]]:
    """Yield each column of demand as a series of its own, by the column's name; a file with one column has one, named by nothing.

    Raises:
        BadInput: with every fault of the file, as `read_record`; a column without any value is no fault here.
    """
    found = _read(path, demand, where)
    if isinstance(found, Record):
        yield "", found.series
        return
    names = [printable(name) for name in found.names] if len(found.names) > 1 else [""]
    start, step, rows = grid(found.times, np.arange(len(found.times), dtype=np.float64).tolist(), found.lines, found.file)
    for name, column in zip(names, found.values.T, strict=True):
        values = np.full(len(rows), np.nan)
        values[~np.isnan(rows)] = column
        yield name, DemandSeries(start, step, values, found.unit)


def _read(path: Path, demand: Demand, where: str) -> "Record | _Rows":
    reason = unreadable(path)
    if reason:
        raise BadInput(Fault(option(where, "file"), f"is '{demand.file}', which {reason}", "a CSV, Parquet or Prometheus file"))
    with path.open("rb") as file:
        head = file.read(_SNIFFED)
    if head.startswith(MAGIC):
        with closing(parquet_rows(path)) as rows:
            return _from_rows("Parquet", rows, path.name, demand, where)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
        return _from_matrix(path, demand, where)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        return _from_rows("CSV", _csv_rows(file, path.name), path.name, demand, where)


def read_series(path: Path) -> DemandSeries:
    """Read a file that no stack file describes.

    Times counted from the first row are taken to begin at midnight of a Monday; where no unit is said it is requests per second.

    Raises:
        BadInput: with every fault of the file, by line, the first `MOST_FAULTS` of them.
    """
    return read_demand(path, _assumed(path, apart=False), COMMAND_LINE)


def assumed(path: Path) -> Demand:
    """Return what is taken for granted of a file that no stack file describes; each column of demand counts for itself."""
    return _assumed(path, apart=True)


def _assumed(path: Path, *, apart: bool) -> Demand:
    header = _header(path)
    names = demand_columns(header) if apart else ()
    counted, stated = False, False
    try:
        found = columns(header, path.name, names, COMMAND_LINE) if header else None
        counted, stated = (found.counted, found.said is not None or found.unit is not None) if found else (False, False)
    except BadInput:
        # The reader proper finds the same fault and says it.
        pass
    return Demand(
        file=path.name, start=_MONDAY if counted else None, unit=None if stated else "requests_per_second", columns=names if apart else ()
    )


def _header(path: Path) -> list[str]:
    """Return the first row of a CSV or Parquet file; nothing where there is none."""
    if unreadable(path):
        return []
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = file.read(_SNIFFED).partition("\n")[0]
    if first.startswith(MAGIC.decode()):
        with closing(parquet_rows(path)) as rows:
            return next(rows)
    if not first.strip() or first.startswith(("{", "[")):
        return []
    try:
        return next(csv.reader([first], delimiter=_delimiter(first)))
    except (csv.Error, StopIteration):
        return []


def _csv_rows(file: TextIO, name: str) -> Iterable[list[str]]:
    head = file.read(_SNIFFED)
    if not head.strip():
        raise BadInput(Fault(name, "is empty", "a header and a row for each step of time"))
    if "\0" in head or any("\udc80" <= letter <= "\udcff" for letter in head.partition("\n")[0]):
        raise BadInput(Fault(name, "is not text in UTF-8", "CSV with a header, Parquet, or the JSON of a Prometheus range query"))
    file.seek(0)
    return csv.reader(file, delimiter=_delimiter(head.partition("\n")[0]))


def _delimiter(first: str) -> str:
    return max(",;\t", key=first.count)


def _from_rows(form: str, rows: Iterable[list[str]], name: str, demand: Demand, where: str) -> "Record | _Rows":
    table = _table(iter(rows), name, demand, where, 1 if form == "Parquet" else 2)
    if table.faults:
        raise BadInput(table.reported())
    if not table.times:
        raise BadInput(Fault(name, "has a header and no rows", "a row for each step of time"))
    if table.columns.trace:
        unit = _trace_unit(demand, name, where)
        return from_requests(np.asarray(table.times), table.values, unit, name)
    unit = _unit(table, demand, where)
    names = [table.columns.names[place] for place in table.columns.values]
    return _Rows(form, name, unit, table.times, table.values, table.lines, names)


def _table(rows: Iterator[list[str]], name: str, demand: Demand, where: str, first: int) -> Table:
    header = next(rows, list[str]())
    found = columns(header, name, demand.columns, where)
    table = Table(name, found)
    if found.counted and demand.start is None:
        remedy = f"Say {option(where, 'start')}, the time of the first row"
        table.fault(1, f"counts '{header[found.time]}' from its first row", "a time of day", remedy)
    if not found.counted and demand.start is not None:
        raise BadInput(_needless_start(demand, name, where))
    fill(table, rows, demand.start, first)
    return table


def _needless_start(demand: Demand, name: str, where: str) -> Fault:
    given = f"is {demand.start.isoformat() if demand.start else None}, but {name} has times of its own"
    return Fault(option(where, "start"), given, "nothing", "Remove start")


def _from_matrix(path: Path, demand: Demand, where: str) -> "_Rows":
    faults: list[Fault] = []
    if demand.start is not None:
        faults.append(_needless_start(demand, path.name, where))
    if demand.columns:
        faults.append(Fault(option(where, "columns"), f"is {', '.join(demand.columns)}, but {path.name} has series", "nothing"))
    if not demand.unit:
        faults.append(Fault(option(where, "unit"), f"is not said, nor does {path.name} say it", known_units()))
    try:
        times, values, names = read_matrix(path)
    except BadInput as error:
        raise BadInput([*faults, *error.faults]) from None
    if faults or not demand.unit:
        raise BadInput(faults)
    if not len(times):
        raise BadInput(Fault(path.name, "has series without a value", "values over time"))
    return _Rows("Prometheus range query", path.name, demand.unit, times.tolist(), values, range(1, len(times) + 1), names)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a file, whichever kind it is."""

    form: str
    file: str
    unit: Unit
    times: Sequence[float]
    values: Floats
    lines: Sequence[int]
    names: Sequence[str]


def _record(rows: _Rows) -> Record:
    """Sum the tenants, step by step: a step counts only where every tenant is known."""
    name = rows.file
    values, names = rows.values, [printable(each) for each in rows.names]
    known = ~np.isnan(values)
    whole = known.all(axis=1)
    start, step, total = grid(rows.times, values.sum(axis=1).tolist(), rows.lines, name)
    if not known.any():
        raise BadInput(Fault(name, "has no value in any row", "numbers"))
    if not whole.any():
        given = f"has no row in which all of {', '.join(names)[:120]} are known"
        raise BadInput(Fault(name, given, "steps that every tenant covers", "Leave out those that were not there yet"))
    series = DemandSeries(start, step, total, rows.unit)
    if len(names) == 1:
        return Record(rows.form, series)
    tenants = tuple(_tenant(each, column) for each, column in zip(names, values.T, strict=True))
    lost = int((known.any(axis=1) & ~whole).sum())
    steps = np.round((np.asarray(rows.times) - rows.times[0]) / step).astype(np.int64)
    return Record(rows.form, series, tenants, Split(steps, values), lost)


def _tenant(name: str, values: Floats) -> Tenant:
    known = values[~np.isnan(values)]
    return Tenant(name, float(known.mean()), float(known.max()), len(values) - len(known))


def _trace_unit(demand: Demand, name: str, where: str) -> Unit:
    unit = demand.unit or "requests_per_second"
    if unit not in TRACE_UNITS:
        raise BadInput(
            Fault(option(where, "unit"), f"is {unit}, which a trace of requests such as {name} cannot say", ", ".join(TRACE_UNITS))
        )
    return unit


def _unit(table: Table, demand: Demand, where: str) -> Unit:
    name = table.name
    faults = [
        Fault(f"{name}:{line}", f"has the unit {shown(text)}", known_units()) for text, line in table.units.items() if not unit_of(text)
    ]
    by_unit: dict[Unit, int] = {}
    for text, line in table.units.items():
        if unit := unit_of(text):
            by_unit.setdefault(unit, line)
    if len(by_unit) > 1:
        faults.append(Fault(f"{name}:{max(by_unit.values())}", "has another unit than the rows before", "one unit in the whole file"))
    said: dict[Unit, str] = dict.fromkeys(by_unit, f"rows of {name}")
    if table.columns.said:
        said.setdefault(table.columns.said, f"the header of {name}")
    if demand.unit:
        said.setdefault(demand.unit, "the stack file" if where != COMMAND_LINE else "the option")
    if len(said) > 1 and not faults:
        given = " and ".join(f"{unit} in {place}" for unit, place in said.items())
        faults.append(Fault(option(where, "unit"), f"is {given}", "one unit"))
    if not said and not faults:
        faults.append(Fault(option(where, "unit"), f"is not said, nor does {name} say it", known_units()))
    if faults:
        raise BadInput(faults)
    return next(iter(said))
