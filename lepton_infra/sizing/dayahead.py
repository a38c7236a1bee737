"""The day ahead: what each of the next 24 hours needs, and what such a plan would have said on days gone by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.forecast import WARM_UP_SEASONS, Method, Task, averaged
from lepton_infra.sizing.paths import paths
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
    levels: tuple[float, ...]
    """Which quantiles are known."""
    quantiles: Floats
    """Each of them, shape `(24, len(levels))`."""

    def at(self, level: float) -> Floats:
        """Return one quantile, shape `(24,)`.

        Raises:
            ValueError: it is none of `levels`.
        """
        return self.quantiles[:, self.levels.index(level)]


def hourly_task(hours: DemandSeries, quantile: float) -> Task:
    """Return the task of forecasting each of the next 24 hours from the hours recorded."""
    return Task(hours.values, HOURS, tuple(range(1, HOURS + 1)), quantile, MEMORY_HOURS, gain=0.0)


def day_ahead(task: Task, method: Method, levels: Sequence[float]) -> Day:
    """Forecast the 24 hours after the last one.

    With fewer than `CYCLES_FOR_TRUST` days the margin is widened and no quantile from the median up is below the most that was seen.
    """
    made = paths(task, method, levels, np.asarray([len(task.values) - 1]))
    p50, quantiles = made.p50[0], made.quantiles[0]
    if not trusted(task.values):
        seen = np.where(np.asarray(levels) >= 0.5, float(np.nanmax(task.values)), 0.0)  # noqa: PLR2004 (from the median up)
        quantiles = np.maximum(p50[:, None] + WIDER * (quantiles - p50[:, None]), seen)
    return Day(p50, tuple(levels), quantiles)


def day_losses(task: Task, names: Sequence[str]) -> list[tuple[float, Method]]:
    """Return the method to forecast a day with, by its loss over `CHOICE_HOURS`, and after it each forecaster alone, best first."""
    return averaged(task, names, CHOICE_HOURS)


def day_told(losses: Sequence[tuple[float, Method]], unit: str) -> str:
    """Return why a day is forecast as it is, as the rest of a sentence that begins with `Over the day ahead`."""
    (least, best), alone = losses[0], dict[str, float]()
    for loss, method in losses:
        alone.setdefault(method.forecaster, loss)
    figures = ", ".join(f"{name} {loss:.3g}" for name, loss in alone.items() if name != best.forecaster)
    names = best.forecaster.split("+")
    start = f"the mean of the best {len(names)}, {', '.join(names)}, forecasts" if len(names) > 1 else f"{best.forecaster} forecasts"
    return f"{start} with a {best.margin} margin (pinball over the last week {least:.3g} {unit}{'; alone ' if figures else ''}{figures})"


def trusted(hours: Floats) -> bool:
    """Say whether enough days were recorded to tell a pattern from chance."""
    return int((~np.isnan(hours)).sum()) >= CYCLES_FOR_TRUST * HOURS


def days_to_replay(hours: int) -> int:
    """Return how many of the last days of so many hours can be planned again, the first ones left for learning."""
    return (hours - min(WARM_UP_SEASONS * HOURS, hours // 2)) // HOURS


def replayed(task: Task, method: Method, days: int, levels: Sequence[float]) -> Floats:
    """Return, for each hour of the last days, the quantiles that a plan made at the beginning of its day would have had.

    Returns:
        Shape `(days * 24, len(levels))`.
    """
    origins = len(task.values) - 1 - HOURS * np.arange(days, 0, -1)
    made = paths(task, method, levels, origins)
    return made.quantiles.reshape(days * HOURS, len(levels))
