"""Demand over time, in equal steps, gaps kept as gaps."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lepton_infra.config.model import Unit
from lepton_infra.sizing.arrays import Floats

SHORTEST_WINDOW: Final = 300
"""Seconds; shorter steps are joined to windows, because no node is ordered for less."""
LONGEST_STEP: Final = 3600
"""Seconds; a plan is by the hour."""
LARGEST: Final = 1e12
"""No demand is larger; squares of what is beyond it would leave the range of numbers."""
HISTORY_DAYS: Final = 56
"""Days of history that forecasters look at: what is older tells of another service."""
CYCLES_FOR_TRUST: Final = 3
"""Daily cycles below which no pattern can be told from chance."""


@dataclass(frozen=True, slots=True)
class DemandSeries:
    """Demand in equal steps."""

    start: dt.datetime
    """When the first step begins, UTC."""
    step_seconds: int
    """Length of a step."""
    values: Floats
    """Demand by step, shape `(n,)`; NaN where nothing was recorded."""
    unit: Unit
    """Unit of the values."""

    @property
    def season(self) -> int:
        """Return the number of steps in a day."""
        return max(round(86_400 / self.step_seconds), 1)

    @property
    def end(self) -> dt.datetime:
        """Return when the last step ends."""
        return self.start + dt.timedelta(seconds=self.step_seconds * len(self.values))

    @property
    def gaps(self) -> int:
        """Return the number of steps without a record."""
        return int(np.isnan(self.values).sum())

    @property
    def cycles(self) -> float:
        """Return how many days were recorded, gaps left out."""
        return (len(self.values) - self.gaps) / self.season

    def scaled(self, share: float) -> "DemandSeries":
        """Return the part of demand that a pool serves."""
        return replace(self, values=self.values * share)

    def recent(self) -> "DemandSeries":
        """Return the last `HISTORY_DAYS` days up to the last record, without gaps at either end."""
        recorded = np.flatnonzero(~np.isnan(self.values))
        last = int(recorded[-1]) + 1
        first = max(int(recorded[0]), int(recorded[recorded >= last - HISTORY_DAYS * self.season][0]))
        start = self.start + dt.timedelta(seconds=first * self.step_seconds)
        return replace(self, start=start, values=self.values[first:last])

    def windows(self) -> "DemandSeries":
        """Return the series in windows of at least `SHORTEST_WINDOW` seconds, each with the largest value in it."""
        if self.step_seconds >= SHORTEST_WINDOW:
            return self
        return self.joined(-(-SHORTEST_WINDOW // self.step_seconds))

    def joined(self, steps: int) -> "DemandSeries":
        """Return the series in windows of so many steps, each with the largest value in it.

        A window with less than half its steps recorded is a gap; what does not fill a window at the end is left out.
        """
        table = self.values[: len(self.values) // steps * steps].reshape(-1, steps)
        largest = np.max(np.where(np.isnan(table), -np.inf, table), axis=1, initial=-np.inf)
        recorded = np.sum(~np.isnan(table), axis=1)
        return replace(self, step_seconds=self.step_seconds * steps, values=np.where(recorded * 2 >= steps, largest, np.nan))

    def hours(self) -> "DemandSeries":
        """Return the largest value of each whole hour of the clock (UTC), from the first to the last."""
        offset = -int(self.start.timestamp()) % LONGEST_STEP
        if LONGEST_STEP % self.step_seconds or offset % self.step_seconds:
            return self._hours_by_clock()
        skipped = offset // self.step_seconds
        start = self.start + dt.timedelta(seconds=offset)
        return replace(self, start=start, values=self.values[skipped:]).joined(LONGEST_STEP // self.step_seconds)

    def _hours_by_clock(self) -> "DemandSeries":
        """Do the same for steps that do not fill an hour evenly: a step counts in the hour in which it begins."""
        begins = int(self.start.timestamp()) + self.step_seconds * np.arange(len(self.values))
        hour = begins // LONGEST_STEP
        first, last = int(hour[0]) + 1, int((begins[-1] + self.step_seconds) // LONGEST_STEP)
        largest = np.full(max(last - first, 0), -np.inf)
        inside = (hour >= first) & (hour < last) & ~np.isnan(self.values)
        np.maximum.at(largest, hour[inside] - first, self.values[inside])
        start = dt.datetime.fromtimestamp(first * LONGEST_STEP, dt.UTC)
        return replace(self, start=start, step_seconds=LONGEST_STEP, values=np.where(np.isinf(largest), np.nan, largest))
