"""The day ahead: what each of the next 24 hours needs, and what such a plan would have done on days gone by."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.forecast import Method, Task, averaged, path
from lepton_infra.sizing.series import CYCLES_FOR_TRUST, DemandSeries

HOURS: Final = 24
"""Hours in a day."""
MEMORY_HOURS: Final = 14 * HOURS
"""Hours whose misses the margin by hour is learnt from."""
CHOICE_HOURS: Final = 7 * HOURS
"""Hours whose losses decide between forecasters: a week, so that each day of it counts once and what is long gone not at all."""
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
    """The method by its mean pinball loss over `CHOICE_HOURS`, then each forecaster alone, best first; empty where there was no choice."""


def hourly_task(hours: DemandSeries, quantile: float) -> Task:
    """Return the task of forecasting each of the next 24 hours from the hours recorded."""
    return Task(hours.values, HOURS, tuple(range(1, HOURS + 1)), quantile, MEMORY_HOURS, gain=0.0)


def day_ahead(task: Task, candidates: list[Method]) -> Day:
    """Forecast the 24 hours after the last one.

    With fewer than `CYCLES_FOR_TRUST` days the margin is widened and no hour is planned below the most that was seen.
    """
    losses = day_losses(task, candidates) if len(candidates) > 1 else []
    method = losses[0][1] if losses else candidates[0]
    p50, upper = path(task, method)
    return Day(p50, upper if trusted(task.values) else widened(task, p50, upper), method, tuple(losses))


def day_losses(task: Task, candidates: list[Method]) -> list[tuple[float, Method]]:
    """Return the method to forecast a day with, by its loss, and after it each forecaster alone, best first."""
    return averaged(task, list(dict.fromkeys(method.forecaster for method in candidates)), CHOICE_HOURS)


def day_told(day: Day, unit: str) -> str:
    """Return why the day was forecast as it was, as the rest of a sentence that begins with `Over the day ahead`."""
    alone: dict[str, float] = {}
    for loss, method in day.losses:
        alone.setdefault(method.forecaster, loss)
    figures = ", ".join(f"{name} {loss:.3g}" for name, loss in alone.items() if name != day.method.forecaster)
    if "+" in day.method.forecaster:
        names = day.method.forecaster.replace("+", ", ")
        start = f"the mean of the best {len(names.split())}, {names}, forecasts with a {day.method.margin} margin"
    else:
        start = f"{day.method.forecaster} forecasts with a {day.method.margin} margin"
    return f"{start} (pinball over the last week {day.losses[0][0]:.3g} {unit}{'; alone ' if figures else ''}{figures})"


def widened(task: Task, p50: Floats, upper: Floats) -> Floats:
    """Return a bound for a history too short to trust: wider by `WIDER`, and no hour below the most that was seen."""
    return np.maximum(p50 + WIDER * (upper - p50), float(np.nanmax(task.values)))


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
