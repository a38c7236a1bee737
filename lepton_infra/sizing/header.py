"""What the columns of a demand file mean, and in which unit their values are."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lepton_infra.config.model import Unit
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.record import option
from lepton_infra.sizing.units import unit_in

_TIME: Final = {"time", "timestamp", "datetime", "date", "ts", "at", "start", "window", "t"}
_SECONDS: Final = {"t_seconds", "seconds", "elapsed", "elapsed_seconds", "time_seconds", "t_s", "offset_seconds"}
_VALUE: Final = {"value", "rate", "demand", "load", "requests", "gpus", "y"}
_UNIT: Final = {"unit", "units"}
_INPUT: Final = {"contexttokens", "context_tokens", "input_tokens", "prompt_tokens", "request_tokens", "input_length", "num_prefill_tokens"}
_OUTPUT: Final = {
    *("generatedtokens", "generated_tokens", "output_tokens", "completion_tokens"),
    *("response_tokens", "output_length", "num_decode_tokens"),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row the parts stand."""

    names: tuple[str, ...]
    """The header as it is written."""
    time: int
    """Place of the time."""
    counted: bool
    """Whether the time is in seconds from the first row."""
    values: tuple[int, ...]
    """Places of the values: one, or one for each tenant; of a request trace input and output tokens, in this order."""
    unit: int | None
    """Place of the unit, where each row says it."""
    said: Unit | None
    """Unit that the values' names say, as in `rate_rps`."""
    trace: bool
    """Whether a row is a request."""


def columns(header: Sequence[str], where: str, chosen: Sequence[str] = (), place: str = "") -> Columns:
    """Find time, values and unit by the names in the header.

    A request trace has a time and a column for each of input and output tokens. One column that is named like a value is the demand, and
    what stands beside it is not read. Where no column is named so, each is a tenant. Several that are named so are left to the user.

    Args:
        header: names of the columns.
        where: the file, for messages.
        chosen: names of the columns that hold the demand, where the user says them.
        place: of the demand in the stack file, for messages.

    Raises:
        BadInput: a column is missing, or more than one could be meant.
    """
    names = _plain(header)
    times = [place for place, name in enumerate(names) if name in _TIME | _SECONDS]
    units = [place for place, name in enumerate(names) if name in _UNIT]
    shown = ", ".join(header)[:80]
    faults: list[Fault] = []
    if len(times) != 1:
        faults.append(Fault(f"{where}:1", f"has {len(times) or 'no'} columns of time among '{shown}'", "one column named time"))
    requests = _requests(names)
    values = list(requests) or _values(names, times + units)
    if chosen:
        values, requests = _chosen(header, chosen, place, faults), ()
    elif not values:
        faults.append(Fault(f"{where}:1", f"has no columns of demand among '{shown}'", "one column named value"))
    elif not requests and len(values) > 1 and any(_named(names[one]) for one in values):
        remedy = f"Name those to be summed in {option(place, 'columns')}"
        faults.append(
            Fault(f"{where}:1", f"has {len(values)} columns of demand among '{shown}'", "one column named value, or one per tenant", remedy)
        )
    written = Counter(name.strip() for name in header)
    twice = [name for name in dict.fromkeys(header[one].strip() for one in values) if written[name] > 1]
    faults += [
        Fault(f"{where}:1", f"has the column {name[:40]!r} more than once", "each tenant once, or it counts twice") for name in twice
    ]
    said: set[Unit | None] = {unit_in(names[one]) for one in values}
    if len(said) > 1 and not requests and not faults:
        faults.append(Fault(f"{where}:1", f"has columns of different units among '{shown}'", "one unit in the whole file"))
    if faults:
        raise BadInput(faults)
    unit = units[0] if units else None
    trace = bool(requests)
    return Columns(tuple(header), times[0], names[times[0]] in _SECONDS, tuple(values), unit, None if trace else said.pop(), trace)


def demand_columns(header: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of demand where each is a series of its own; none where there is one, or where a row is a request."""
    names = _plain(header)
    values = _values(names, [place for place, name in enumerate(names) if name in _TIME | _SECONDS | _UNIT])
    return tuple(header[place].strip() for place in values) if len(values) > 1 and not _requests(names) else ()


def _plain(header: Sequence[str]) -> list[str]:
    return [re.sub(r"[^a-z0-9/]+", "_", name.strip().casefold()).strip("_") for name in header]


def _requests(names: Sequence[str]) -> tuple[int, ...]:
    """Return the places of input and output tokens where there is one of each."""
    inputs = [place for place, name in enumerate(names) if name in _INPUT]
    outputs = [place for place, name in enumerate(names) if name in _OUTPUT]
    return (inputs[0], outputs[0]) if len(inputs) == len(outputs) == 1 else ()


def _values(names: Sequence[str], taken: Sequence[int]) -> list[int]:
    rest = [place for place in range(len(names)) if place not in taken]
    return [place for place in rest if _named(names[place])] or rest


def _named(name: str) -> bool:
    return name in _VALUE or unit_in(name) is not None


def _chosen(header: Sequence[str], chosen: Sequence[str], place: str, faults: list[Fault]) -> list[int]:
    """Return the places of the columns that the user names, each once."""
    places = {name.strip(): at for at, name in enumerate(header)}
    faults += [
        Fault(option(place, "columns"), f"has {name!r}", f"columns of the file: {', '.join(places)[:200]}")
        for name in chosen
        if name not in places
    ]
    return list(dict.fromkeys(places[name] for name in chosen if name in places))
