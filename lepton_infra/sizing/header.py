"""What the columns of a demand file mean, and in which unit their values are."""

import re
from dataclasses import dataclass
from typing import Final

from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.series import Unit

_TIME: Final = {"time", "timestamp", "datetime", "date", "ts", "at", "start", "window", "t"}
_SECONDS: Final = {"t_seconds", "seconds", "elapsed", "elapsed_seconds", "time_seconds", "t_s", "offset_seconds"}
_VALUE: Final = {"value", "rate", "demand", "load", "requests", "gpus", "y"}
_UNIT: Final = {"unit", "units"}
_SUFFIXES: Final[dict[str, Unit]] = {
    "rps": "requests_per_second",
    "qps": "requests_per_second",
    "requests_per_second": "requests_per_second",
    "gpus": "concurrent_gpus",
    "concurrent_gpus": "concurrent_gpus",
}
_UNITS: Final[dict[str, Unit]] = {
    **_SUFFIXES,
    "req/s": "requests_per_second",
    "requests/s": "requests_per_second",
    "1/s": "requests_per_second",
    "gpu": "concurrent_gpus",
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row the parts stand."""

    time: int
    """Place of the time."""
    counted: bool
    """Whether the time is in seconds from the first row."""
    value: int
    """Place of the value."""
    unit: int | None
    """Place of the unit, where each row says it."""
    said: Unit | None
    """Unit that the value's name says, as in `rate_rps`."""
    width: int
    """Number of columns."""


def columns(header: list[str], where: str) -> Columns:
    """Find time, value and unit by the names in the header.

    Raises:
        BadInput: a column is missing, or more than one could be meant.
    """
    names = [re.sub(r"[^a-z0-9/]+", "_", name.strip().casefold()).strip("_") for name in header]
    times = [place for place, name in enumerate(names) if name in _TIME | _SECONDS]
    units = [place for place, name in enumerate(names) if name in _UNIT]
    rest = [place for place in range(len(names)) if place not in times + units]
    values = [place for place in rest if names[place] in _VALUE or _suffix(names[place])] or (rest if len(rest) == 1 else [])
    shown = ", ".join(header)[:80]
    faults: list[Fault] = []
    if len(times) != 1:
        faults.append(Fault(f"{where}:1", f"has {len(times) or 'no'} columns of time among '{shown}'", "one column named time"))
    if len(values) != 1:
        faults.append(Fault(f"{where}:1", f"has {len(values) or 'no'} columns of demand among '{shown}'", "one column named value"))
    if faults:
        raise BadInput(faults)
    return Columns(times[0], names[times[0]] in _SECONDS, values[0], units[0] if units else None, _suffix(names[values[0]]), len(names))


def unit_of(text: str) -> Unit | None:
    """Return the unit that a word means, or None."""
    return _UNITS.get(re.sub(r"[\s_]+", "_", text.strip().casefold()))


def known_units() -> str:
    """Return the units to choose from, for a message."""
    return "requests_per_second (rps) or concurrent_gpus (gpus)"


def _suffix(name: str) -> Unit | None:
    return next((unit for suffix, unit in _SUFFIXES.items() if name == suffix or name.endswith(f"_{suffix}")), None)
