"""The plan beside its rivals on the user's own history, without hindsight.

The method is chosen on what came before the last days; within them every policy knows what happened up to the window it decides at.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lepton_infra.sizing import policies
from lepton_infra.sizing.dayahead import HOURS, day_losses, replayed
from lepton_infra.sizing.forecast import Method, Task, coverage, ranked, rolling
from lepton_infra.sizing.plan import NodeHours
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.simulator import Policy, Score, Setting, score, simulate

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


def compare(past: History, setting: Setting, lead: Task, hourly: Task, candidates: list[Method]) -> tuple[NodeHours | None, float | None]:
    """Return node-hours and violated shares of each policy on the last days, and the coverage of the quantile there.

    None and None where the history is shorter than two days.
    """
    if not past.days:
        return None, None
    last = past.last
    method = chosen(lead, candidates, last)
    by_name = scores(past, setting, lead, method)
    by_name["schedule"] = _score(past, setting, _scheduled(past, setting, hourly, candidates))
    table = NodeHours(
        days=past.days,
        violated={name: round(one.violated, 4) for name, one in sorted(by_name.items())},
        **{name: round(one.node_hours, 2) for name, one in by_name.items()},
    )
    covered = coverage(lead, method, last)
    return table, None if np.isnan(covered) else round(covered, 4)


def chosen(task: Task, candidates: list[Method], last: int) -> Method:
    """Return the method that lost least before the last windows, which it does not get to see."""
    return ranked(replace(task, values=task.values[:-last]), candidates)[0][1]


def scores(past: History, setting: Setting, lead: Task, method: Method) -> dict[str, Score]:
    """Return how each policy that decides at every window did on the last days."""
    decided = {
        "oracle": policies.oracle(setting),
        "plan": policies.forecast(setting, rolling(lead, method, lead.horizons[0]).upper),
        "static_peak": policies.static(setting, len(setting.values) - past.last),
        "thresholds": policies.thresholds(setting),
    }
    return {name: _score(past, setting, policy) for name, policy in decided.items()}


def _score(past: History, setting: Setting, policy: Policy) -> Score:
    return score(setting, simulate(setting, policy), setting.last(past.last))


def _scheduled(past: History, setting: Setting, hourly: Task, candidates: list[Method]) -> Policy:
    """Return the policy of plans made at the beginning of each of the last days."""
    before = replace(hourly, values=hourly.values[: -past.days * HOURS])
    method = day_losses(before, candidates)[0][1]
    nodes = setting.nodes(replayed(hourly, method, past.days))
    begins = past.windows.step_seconds * np.arange(len(setting.values)) - (past.hours.start - past.windows.start).total_seconds()
    places = (begins // 3600).astype(np.int64) - (len(hourly.values) - len(nodes))
    return policies.timetable(setting, nodes[np.maximum(places, 0)])
