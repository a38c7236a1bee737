"""Known events: what people know of the days ahead and no history tells.

A calendar is YAML with a list under `events`, or CSV with the same words as its header: `name`, `start`, `end`, and `factor` or `add`.
"""

import csv
import datetime as dt
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Annotated, Final, Self

import numpy as np
from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from lepton_infra.config.faults import sentences
from lepton_infra.config.model import Frozen
from lepton_infra.config.project import read_yaml
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.lock import unreadable
from lepton_infra.sizing.table import LARGEST, MOST_FAULTS, more_faults

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9000


class Event(Frozen):
    """Something that is known to change demand for a time."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """What people call it; the plan's reasons do too."""
    start: dt.datetime
    """When it begins; UTC where no zone is given."""
    end: dt.datetime
    """When it is over; UTC where no zone is given."""
    factor: Annotated[float, Field(ge=0, le=1000)] = 1.0
    """What usual demand is multiplied by; with neither this nor `add`, the size of the event is not known."""
    add: Annotated[float, Field(ge=-LARGEST, le=LARGEST)] = 0.0
    """What is then added to it, in the unit of the demand file."""

    @field_validator("start", "end")
    @classmethod
    def _zoned(cls, moment: dt.datetime) -> dt.datetime:
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            message = f"is in the year {moment.year}; a year from {_FIRST_YEAR} to {_LAST_YEAR}"
            raise ValueError(message)
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)

    @field_validator("end")
    @classmethod
    def _later(cls, end: dt.datetime, info: ValidationInfo) -> dt.datetime:
        start: dt.datetime | None = info.data.get("start")
        if start and end <= start:
            message = f"is {end:%Y-%m-%d %H:%M}; a time after start, which is {start:%Y-%m-%d %H:%M} UTC"
            raise ValueError(message)
        return end

    @model_validator(mode="after")
    def _matters(self) -> Self:
        if self.sized and self.factor == 1 and self.add == 0:
            message = "changes nothing; a factor other than 1, a value to add, or neither where the size is not known"
            raise ValueError(message)
        return self

    @property
    def sized(self) -> bool:
        """Say whether it is known how much demand changes."""
        return bool({"factor", "add"} & self.model_fields_set)


class Calendar(Frozen):
    """A file of events."""

    events: tuple[Event, ...] = ()
    """The events, in any order; where several cover a time, their factors are multiplied and what they add is summed."""


def read_events(path: Path, said: str, where: str) -> tuple[Event, ...]:
    """Read a calendar; what it is, its content says.

    Args:
        path: the file.
        said: what the stack file calls it.
        where: the demand's place in the stack file, for messages.

    Raises:
        BadInput: with every fault of the file, the first `MOST_FAULTS` of them.
    """
    reason = unreadable(path)
    if reason:
        raise BadInput(Fault(f"{where}.events", f"is '{said}', which {reason}", "a YAML or CSV file beside the stack file"))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(Fault(path.name, "is not text in UTF-8", "YAML or CSV")) from None
    header = {cell.strip() for cell in text.partition("\n")[0].split(",")}
    if {"start", "end"} <= header:
        return _from_csv(text, path.name)
    try:
        return Calendar.model_validate(read_yaml(path)).events
    except ValidationError as error:
        raise BadInput(_first(sentences(error, f"{path.name}: calendar", Calendar), path.name)) from None


def affected(usual: Floats, start: dt.datetime, events: Sequence[Event], share: float) -> Floats:
    """Return the demand of hours with the events in it.

    An hour stands for the most in it: where an event covers a part of it, the larger of the demand inside and outside the event counts.

    Args:
        usual: demand by hour without events, shape `(hours,)`.
        start: when the first hour begins, UTC.
        events: the events known.
        share: of the demand file that the hours are about; `add` counts by it.
    """
    return np.asarray([_hour(value, start + dt.timedelta(hours=place), events, share) for place, value in enumerate(usual.tolist())])


def told(events: Sequence[Event], start: dt.datetime, hours: int) -> list[str]:
    """Return a sentence for each event of known size within the hours planned, or one that there is no event in them."""
    within = _within(events, start, hours)
    if events and not within:
        return [f"None of the {len(events)} known events falls into the hours planned."]
    return [_sentence(event, start, hours) for event in in_order(within) if event.sized]


def cautions(events: Sequence[Event], start: dt.datetime, hours: int) -> list[str]:
    """Return what to doubt in a plan with events: its schedule is by the hour of the day, and events are not of every day."""
    within = _within(events, start, hours)
    if not within:
        return []
    ends = min(event.end for event in within)
    unsized = [
        f"Known event {titled(event)} has neither factor nor add: nothing is planned for it."
        for event in in_order(within)
        if not event.sized
    ]
    again = f"The schedule repeats one day, this one with known events: plan again when the first is over, {ends:%Y-%m-%d %H:%M} UTC."
    return [*unsized, again]


def titled(event: Event) -> str:
    """Return the event's name and time as sentences have them."""
    return f"{event.name!r} ({event.start:%Y-%m-%d %H:%M} to {event.end:%Y-%m-%d %H:%M} UTC)"


def in_order(events: Iterable[Event]) -> list[Event]:
    """Return the events by time, then by name."""
    return sorted(events, key=lambda event: (event.start, event.name, event.end))


def _within(events: Sequence[Event], start: dt.datetime, hours: int) -> list[Event]:
    end = start + dt.timedelta(hours=hours)
    return [event for event in events if event.start < end and event.end > start]


def _hour(usual: float, start: dt.datetime, events: Sequence[Event], share: float) -> float:
    end = start + dt.timedelta(hours=1)
    edges = {start, *(edge for event in events for edge in (event.start, event.end) if start < edge < end)}
    return max(_moment(usual, edge, events, share) for edge in edges)


def _moment(usual: float, moment: dt.datetime, events: Sequence[Event], share: float) -> float:
    now = [event for event in events if event.start <= moment < event.end]
    if not now:
        return usual
    factor = float(np.prod([event.factor for event in now]))
    return min(max(usual * factor + share * sum(event.add for event in now), 0.0), LARGEST)


def _sentence(event: Event, start: dt.datetime, hours: int) -> str:
    first = max((event.start - start) // dt.timedelta(hours=1), 0)
    last = min(-((start - event.end) // dt.timedelta(hours=1)), hours)
    change = [f"multiplies demand by {event.factor:g}"] if event.factor != 1 else []
    change += [f"{'adds' if event.add > 0 else 'takes away'} {abs(event.add):g}"] if event.add else []
    return f"Known event {titled(event)} {' and '.join(change)} in {last - first} of the hours planned."


def _from_csv(text: str, name: str) -> tuple[Event, ...]:
    faults: list[Fault] = []
    events: list[Event] = []
    reader = csv.DictReader(StringIO(text, newline=""), skipinitialspace=True)
    reader.fieldnames = [cell.strip() for cell in reader.fieldnames or []]
    try:
        for row in reader:
            # An empty cell says nothing, as a missing key does in YAML; cells beyond the header come under no name at all.
            said = {str(key or "beyond the header"): value for key, value in row.items() if value}
            try:
                events.append(Event.model_validate(said))
            except ValidationError as error:
                faults += sentences(error, f"{name}:{reader.line_num}: event", Event)
    except csv.Error as error:
        faults.append(Fault(f"{name}:{reader.line_num + 1}", f"is not CSV ({error})", "rows of text"))
    if faults:
        raise BadInput(_first(faults, name))
    return tuple(events)


def _first(faults: Sequence[Fault], name: str) -> list[Fault]:
    return [*faults[:MOST_FAULTS], *more_faults(name, len(faults) - MOST_FAULTS)]
