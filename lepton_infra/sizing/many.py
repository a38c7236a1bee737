"""Many series at once: what is asked of each, how one is forecast, and which series the files given hold.

Nothing of one series reaches another, so they may be forecast anywhere and in any order: `workers.py` does it on the cores of this machine,
`cluster.py` on Dask or Ray.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Final

import numpy as np

from lepton_infra.config import Demand
from lepton_infra.config.model import Unit
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.dayahead import HOURS, WIDER, day_ahead, day_losses, hourly_task, trusted
from lepton_infra.sizing.forecast import Method, Task, methods, ranked
from lepton_infra.sizing.paths import paths
from lepton_infra.sizing.record import COMMAND_LINE
from lepton_infra.sizing.rungs import AUTO, forecaster_fault, open_rungs
from lepton_infra.sizing.series import CYCLES_FOR_TRUST, DemandSeries
from lepton_infra.sizing.source import assumed, read_apart
from lepton_infra.sizing.staffing import NodeShape, replicas_for
from lepton_infra.sizing.table import printable

QUANTILES: Final = (0.5, 0.9, 0.95, 0.99)
"""What is said of every step."""
MOST_HOURS: Final = 7 * HOURS
"""Hours ahead beyond which nothing is said."""
_MEMORY_DAYS: Final = 7
_LEAST_HOURS: Final = 2
_MOST_LEAD_MINUTES: Final = 24 * 60
_LEAST_CAPACITY: Final = 1e-9
_MOST_NODES: Final = 1_000_000
_ENDINGS: Final = {".csv", ".tsv", ".parquet", ".json"}


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of every series."""

    hours: int = HOURS
    """Hours ahead, by the hour."""
    lead_minutes: float | None = None
    """From ordering a node until it serves; None asks for no forecast there."""
    quantile: float = 0.95
    """One of `QUANTILES`: by its loss forecasters are chosen, and its demand is what nodes are for."""
    capacity: float | None = None
    """Demand that a node serves; None asks for no nodes."""
    forecaster: str = AUTO
    """What forecasts, as a pool of a stack file says it."""


@dataclass(frozen=True, slots=True)
class Step:
    """Demand at one time."""

    start: dt.datetime
    """When it begins."""
    demand: tuple[float, ...]
    """Its quantiles, one for each of `QUANTILES`."""
    nodes: int | None
    """Nodes that serve the quantile asked for; None where no capacity is known."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to come of one series."""

    unit: Unit
    """Unit of its demand."""
    days: float
    """Days recorded, gaps left out."""
    trusted: bool
    """Whether they are enough to tell a pattern from chance; where not, bounds are widened."""
    forecaster: str
    """What forecast the hours, with its margin."""
    hours: tuple[Step, ...]
    """The largest window of each hour."""
    lead_forecaster: str | None
    """What forecast the window that a node ordered now first serves in, with its margin."""
    lead: Step | None
    """That window."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one series: a forecast, or what is wrong with it."""

    name: str
    """Of the series."""
    forecast: Forecast | None
    """None where there are faults."""
    faults: tuple[Fault, ...] = ()
    """What is wrong."""


@dataclass(frozen=True, slots=True)
class Job:
    """One series to be forecast."""

    name: str
    """File, and column where the file has several."""
    file: Path | None
    """Where it is to be read from; None where it was read."""
    demand: Demand | None
    """What is said of the file."""
    series: DemandSeries | None = None
    """What was read."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, before its rows are read."""

    name: str
    """What to call it."""
    file: Path
    """Where it is."""
    demand: Demand
    """What is said of it, or taken for granted."""

    @property
    def width(self) -> int:
        """Return how many series its header promises."""
        return max(len(self.demand.columns), 1)


def check(ask: Ask) -> None:
    """Hold what is asked to what can be answered.

    Raises:
        BadInput: with every number out of its range and a forecaster that is not there, by the name of its option.
    """
    ranges: list[tuple[str, float | None, float, float]] = [
        ("--hours", ask.hours, 1, MOST_HOURS),
        ("--lead-minutes", ask.lead_minutes, 0, _MOST_LEAD_MINUTES),
        ("--capacity", ask.capacity, _LEAST_CAPACITY, 1e12),
    ]
    faults = [
        Fault(name, f"is {given:g}", f"a number from {low:g} to {high:g}")
        for name, given, low, high in ranges
        if given is not None and not low <= given <= high
    ]
    if ask.quantile not in QUANTILES:
        faults.append(Fault("--quantile", f"is {ask.quantile:g}", f"one of {', '.join(f'{each:g}' for each in QUANTILES)}"))
    faults += forecaster_fault(ask.forecaster, "--forecaster")
    if faults:
        raise BadInput(faults)


def sources(paths: Sequence[Path], unit: Unit | None = None, start: dt.datetime | None = None) -> list[Source]:
    """Return the files that are meant, those of a folder by name, with what their headers say.

    Args:
        paths: files and folders; of a folder its CSV, TSV, Parquet and JSON files, not those of folders in it.
        unit: of every series, where the user says it.
        start: time of the first row, where files count from it.

    Raises:
        BadInput: a folder without a file.
    """
    files: list[Path] = []
    faults: list[Fault] = []
    for given in paths:
        inside = (
            sorted(each for each in given.iterdir() if each.suffix.casefold() in _ENDINGS and each.name[0] != ".") if given.is_dir() else []
        )
        if given.is_dir() and not inside:
            faults.append(Fault(f"'{given}'", "is a folder without a demand file", "files ending in .csv, .tsv, .parquet or .json"))
        files += inside or ([] if given.is_dir() else [given])
    if faults:
        raise BadInput(faults)
    often = Counter(each.name for each in files)
    return [_source(each, printable(each.name if often[each.name] == 1 else str(each)), unit, start) for each in dict.fromkeys(files)]


def _source(file: Path, name: str, unit: Unit | None, start: dt.datetime | None) -> Source:
    try:
        demand = assumed(file)
    except BadInput:
        # Reading it finds the same fault, and says it of this file alone.
        demand = Demand(file=file.name, unit="requests_per_second")
    return Source(name, file, demand.model_copy(update={key: said for key, said in (("unit", unit), ("start", start)) if said is not None}))


def jobs(found: Sequence[Source]) -> Iterator[Job | Answer]:
    """Yield a job for each series, in the order of the files and of their columns; a file that cannot be read is answered with its faults.

    A file with one series is left to whoever works on it; one with several is read here, and one column of it handed on at a time.
    """
    for source in found:
        if not source.demand.columns and source.file.suffix.casefold() != ".json":
            yield Job(source.name, source.file, source.demand)
            continue
        doubled = [name for name, count in Counter(source.demand.columns).items() if count > 1]
        if doubled:
            fault = Fault(f"{source.name}:1", f"has {doubled[0]!r} more than once", "a name of its own for each column")
            yield Answer(source.name, None, (fault,))
            continue
        try:
            for column, series in read_apart(source.file, source.demand, COMMAND_LINE):
                yield Job(f"{source.name}:{column}" if column else source.name, None, None, series)
        except BadInput as error:
            yield Answer(source.name, None, _named_faults(source.name, error))


def loaded(job: Job) -> Job | Answer:
    """Return the job with its series read, or what is wrong with its file."""
    if job.series is not None or job.file is None or job.demand is None:
        return job
    try:
        return replace(job, file=None, series=next(read_apart(job.file, job.demand, COMMAND_LINE))[1])
    except BadInput as error:
        return Answer(job.name, None, _named_faults(job.name, error))


def _named_faults(name: str, error: BadInput) -> tuple[Fault, ...]:
    """Return the faults of a file by its name where the reader, which knows one file, calls it `FILE`."""
    return tuple(
        replace(fault, where=name, given=fault.given.partition(", which ")[2] or fault.given) if fault.where == "FILE" else fault
        for fault in error.faults
    )


def answer(job: Job | Answer, ask: Ask) -> Answer:
    """Do a job; an answer stays as it is."""
    ready = loaded(job) if isinstance(job, Job) else job
    if isinstance(ready, Answer) or ready.series is None:
        return ready if isinstance(ready, Answer) else Answer(ready.name, None)
    try:
        return Answer(ready.name, forecast(ready.name, ready.series, ask))
    except BadInput as error:
        return Answer(ready.name, None, error.faults)


def forecast(name: str, series: DemandSeries, ask: Ask) -> Forecast:
    """Forecast one series.

    Raises:
        BadInput: it has no value, fewer than two whole hours, or needs more nodes than anyone has.
    """
    if series.gaps == len(series.values):
        raise BadInput(Fault(name, "has no value in any row", "numbers"))
    recent = series.recent()
    hours = recent.hours()
    recorded = len(hours.values) - hours.gaps
    if recorded < _LEAST_HOURS:
        raise BadInput(Fault(name, f"has {recorded} whole hours of demand", f"{_LEAST_HOURS} or more"))
    names = open_rungs(recorded / HOURS, ask.forecaster)
    task = replace(hourly_task(hours, ask.quantile), horizons=tuple(range(1, ask.hours + 1)))
    method = day_losses(hourly_task(hours, ask.quantile), names)[0][1]
    starts = [hours.end + dt.timedelta(hours=place) for place in range(ask.hours)]
    day = day_ahead(task, method, QUANTILES[1:])
    ahead = _steps(name, starts, np.column_stack([day.p50, day.quantiles]), ask)
    lead_method, lead = _lead(name, recent.windows(), names, ask)
    return Forecast(
        unit=series.unit,
        days=round(recent.cycles, 2),
        trusted=trusted(hours.values),
        forecaster=_named(method),
        hours=ahead,
        lead_forecaster=lead_method,
        lead=lead,
    )


def _lead(name: str, windows: DemandSeries, names: Sequence[str], ask: Ask) -> tuple[str | None, Step | None]:
    """Forecast the window in which a node that is ordered now first serves."""
    if ask.lead_minutes is None:
        return None, None
    horizon = 1 + ceil(ask.lead_minutes * 60 / windows.step_seconds - 1e-9)
    task = Task(windows.values, windows.season, (horizon,), ask.quantile, _MEMORY_DAYS * windows.season, gain=0.0)
    method = ranked(task, methods(names))[0][1]
    start = windows.end + dt.timedelta(seconds=(horizon - 1) * windows.step_seconds)
    made = paths(task, method, QUANTILES[1:], np.asarray([len(windows.values) - 1]))
    upper = made.quantiles[0]
    if windows.cycles < CYCLES_FOR_TRUST:
        upper = np.maximum(made.p50[0] + WIDER * (upper - made.p50[0]), float(np.nanmax(windows.values)))
    table = np.column_stack([made.p50[0], upper])
    return _named(method), _steps(name, [start], table, ask)[0]


def _steps(name: str, starts: Sequence[dt.datetime], table: Floats, ask: Ask) -> tuple[Step, ...]:
    """Round to six digits, so that nodes follow from the figures shown."""
    rows = [tuple(float(f"{value:.6g}") for value in row) for row in table.tolist()]
    if ask.capacity is None:
        return tuple(Step(start, row, None) for start, row in zip(starts, rows, strict=True))
    wanted = [row[QUANTILES.index(ask.quantile)] for row in rows]
    if max(wanted) / ask.capacity > _MOST_NODES:
        given = f"would need {max(wanted) / ask.capacity:.3g} nodes of {ask.capacity:g} each"
        raise BadInput(Fault(name, given, f"{_MOST_NODES:,} at most", "Look for a wrong unit"))
    nodes = replicas_for(wanted, NodeShape(1, ask.capacity))
    return tuple(Step(start, row, count) for start, row, count in zip(starts, rows, nodes, strict=True))


def _named(method: Method) -> str:
    return f"{method.forecaster} ({method.margin} margin)"
