"""A pool's demand in its two grains."""

from dataclasses import dataclass, replace
from typing import Final

from lepton_infra.sizing.dayahead import HOURS
from lepton_infra.sizing.series import DemandSeries

LAST_DAYS: Final = 4
"""Days that the comparison covers, at most half of the history."""


@dataclass(frozen=True, slots=True)
class History:
    """A pool's demand in its two grains, ending together."""

    windows: DemandSeries
    """By window, up to the end of the last whole hour."""
    hours: DemandSeries
    """By hour of the clock."""

    @property
    def days(self) -> int:
        """Return how many days a comparison can cover."""
        return min(LAST_DAYS, len(self.hours.values) // HOURS // 2)

    @property
    def last(self) -> int:
        """Return the windows of these days."""
        return self.days * self.windows.season


def history(series: DemandSeries) -> History:
    """Return both grains of a series, cut where the last whole hour ends."""
    windows, hours = series.windows(), series.hours()
    whole = int((hours.end - windows.start).total_seconds()) // windows.step_seconds
    return History(replace(windows, values=windows.values[:whole]), hours)
