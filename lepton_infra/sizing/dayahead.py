"""The day ahead: what each of the next 24 hours needs, and what such a plan would have done on days gone by."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.forecast import Method, Task, path, ranked
from lepton_infra.sizing.series import CYCLES_FOR_TRUST, DemandSeries

HOURS: Final = 24
"""Hours in a day."""
MEMORY_HOURS: Final = 14 * HOURS
"""Hours whose misses the margin by hour is learnt from."""
WIDER: Final = 1.5
"""Factor on the margin while there is too little history to trust it."""


@dataclass(frozen=True, slots=True)
class Day:
    """Demand of 24 hours, the largest window of each."""

    p50: Floats
    """Median, shape `(24,)`."""
    upper: Floats
    """The pool's quantile, shape `(24,)`."""
    method: Method
    """How it was forecast."""
    losses: tuple[tuple[float, Method], ...]
    """Every candidate by mean pinball loss, best first; empty where there was no choice."""


def hourly_task(hours: DemandSeries, quantile: float) -> Task:
    """Return the task of forecasting each of the next 24 hours from the hours recorded."""
    return Task(hours.values, HOURS, tuple(range(1, HOURS + 1)), quantile, MEMORY_HOURS, gain=0.0)


def day_ahead(task: Task, candidates: list[Method]) -> Day:
    """Forecast the 24 hours after the last one.

    With fewer than `CYCLES_FOR_TRUST` days the margin is widened and no hour is planned below the most that was seen.
    """
    ranking = ranked(task, candidates) if len(candidates) > 1 else []
    method = ranking[0][1] if ranking else candidates[0]
    p50, upper = path(task, method)
    if trusted(task.values):
        return Day(p50, upper, method, tuple(ranking))
    wide = np.maximum(p50 + WIDER * (upper - p50), float(np.nanmax(task.values)))
    return Day(p50, wide, method, tuple(ranking))


def trusted(hours: Floats) -> bool:
    """Say whether enough days were recorded to tell a pattern from chance."""
    return int((~np.isnan(hours)).sum()) >= CYCLES_FOR_TRUST * HOURS


def replayed(task: Task, method: Method, days: int) -> Floats:
    """Return, for the last days, the quantile of each hour as a plan made at the beginning of its day would have had it."""
    parts: list[Floats] = []
    for day in range(days, 0, -1):
        known = replace(task, values=task.values[: len(task.values) - day * HOURS])
        parts.append(path(known, method)[1])
    return np.concatenate(parts)
