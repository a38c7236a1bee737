"""Usual demand: a history without the known events in it, so that last week's launch is not expected again.

An event of known size is undone: what was recorded is its factor times usual demand, plus what it added. Where that cannot be undone,
because its size is not known, its factor is 0 or it covers a part of a step only, the step becomes a gap.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Flags
from lepton_infra.sizing.events import Event, in_order, titled
from lepton_infra.sizing.series import DemandSeries

MOST_TOLD: Final = 5
"""Past events that are told one by one; the rest is counted."""


def usual(series: DemandSeries, events: Sequence[Event]) -> DemandSeries:
    """Return the series as it would have been without the events.

    Args:
        series: demand as recorded, whole: what events add is in its unit and not in a share of it.
        events: past ones and others; those outside the series change nothing.
    """
    past = [event for event in events if _steps(series, event).any()]
    if not past:
        return series
    factor, add = np.ones(len(series.values)), np.zeros(len(series.values))
    lost = np.zeros(len(series.values), dtype=np.bool_)
    for event in past:
        whole, touched = _steps(series, event, whole=True), _steps(series, event)
        lost |= touched & ~whole
        if not event.sized or event.factor == 0:
            lost |= whole
        else:
            factor[whole] *= event.factor
            add[whole] += event.add
    values = np.where(lost, np.nan, np.maximum((series.values - add) / factor, 0.0))
    # A step without an event keeps its value to the last digit.
    return replace(series, values=np.where((factor == 1) & (add == 0) & ~lost, series.values, values))


def taken_out(series: DemandSeries, events: Sequence[Event]) -> list[str]:
    """Return a sentence for each event that was taken out of the series, the latest `MOST_TOLD` of them."""
    past = [event for event in in_order(events) if _steps(series, event).any()]
    rest = [f"{len(past) - MOST_TOLD} earlier known events were taken out of the history too."] if len(past) > MOST_TOLD else []
    return [*(_sentence(event, int(_steps(series, event).sum())) for event in past[-MOST_TOLD:]), *rest]


def _steps(series: DemandSeries, event: Event, *, whole: bool = False) -> Flags:
    """Return which steps the event touches, or covers as a whole."""
    step = dt.timedelta(seconds=series.step_seconds)
    first, last = (event.start - series.start) / step, (event.end - series.start) / step
    begins = np.arange(len(series.values))
    return (begins >= first) & (begins + 1 <= last) if whole else (begins + 1 > first) & (begins < last)


def _sentence(event: Event, steps: int) -> str:
    start = f"Known event {titled(event)} was taken out of the history"
    if not event.sized or event.factor == 0:
        return f"{start}: its {steps:,} steps count as gaps{'' if event.sized else ', because its size is not known'}."
    undone = [f"less {event.add:g}" if event.add > 0 else f"plus {-event.add:g}"] if event.add else []
    undone += [f"divided by {event.factor:g}"] if event.factor != 1 else []
    return f"{start}: {steps:,} steps, {', '.join(undone)}."
