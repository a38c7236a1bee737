"""The plan beside its rivals on the user's own history, without hindsight.

Methods, levels and targets are chosen on what came before the last days; within them every policy knows what happened up to the window it
decides at.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isnan
from typing import Final

import numpy as np

from lepton_infra.sizing import planner, policies
from lepton_infra.sizing.dayahead import HOURS, day_losses
from lepton_infra.sizing.forecast import WARM_UP_SEASONS, Method, Task, blends, coverage, rolling
from lepton_infra.sizing.level import Asked, Case, Level, as_run, find_level
from lepton_infra.sizing.plan import Compared, Gained, Outcome
from lepton_infra.sizing.simulator import Policy, Run, Setting, Span, score, simulate

THRESHOLDS: Final = "thresholds-80-40"
"""The rival that gains are told against."""
_PEAK: Final = 0.95
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Judged:
    """How the plan would have done."""

    table: Compared
    """Beside its rivals."""
    covered: float | None
    """Share of the recorded windows within the quantile that forecasters are chosen by; None where none could be scored."""


def compare(case: Case) -> Judged | None:
    """Return how each policy did on the last days; None where the history is shorter than two days."""
    past, setting = case.past, case.setting
    if not past.days:
        return None
    span = setting.last(past.last)
    lead = blends(_before(case.lead, past.last), case.names)[0][1]
    hourly = day_losses(_before(case.hourly, past.days * HOURS), case.names)[0][1]
    level = find_level(case, hourly, held_out=past.days)
    runs = {name: simulate(setting, make()) for name, make in _contestants(case, lead, level, span).items()}
    covered = coverage(case.lead, lead, past.last)
    table = Compared(
        days=past.days,
        policies=tuple(_outcome(case, name, run, span) for name, run in runs.items()),
        gained=gained(case, runs["plan"], runs[THRESHOLDS], span),
    )
    return Judged(table, None if isnan(covered) else round(covered, 4))


def at_lead(setting: Setting, lead: Task, method: Method, asked: Asked, start: int) -> tuple[float, Policy]:
    """Return our planner that decides at every window, and the quantile that it begins with at window `start`.

    Where a share of windows is allowed it is the planner of `lepton backtest`: the level is found on the windows before `start` and then
    kept by what it leads to. Where a quantile is fixed it is that.
    """
    if asked.fixed:
        return asked.fixed, policies.forecast(setting, rolling(lead, method, lead.horizons[0]).upper)
    nodes = policies.wanted(setting, planner.ladder(lead, method))
    rung = planner.calibrated(setting, nodes, asked.aim, Span(min(WARM_UP_SEASONS * lead.season, start // 2), start))
    return planner.quantile_of(rung), planner.kept(setting, nodes, rung, asked.aim, start)


def gained(case: Case, ours: Run, theirs: Run, span: Span) -> Gained | None:
    """Return what our run gains over another, as `plan.Gained` defines it; None where there is nothing to divide by."""
    demand = case.setting.values[span.first : span.end]
    known = ~np.isnan(demand)
    if not known.any():
        return None
    demand = demand[known]
    high, low = demand >= np.quantile(demand, _PEAK), demand <= np.quantile(demand, _HALF)

    def measured(run: Run) -> tuple[float, float, float]:
        billed, serving = run.billed[span.first : span.end][known], run.serving[span.first : span.end][known]
        cost = float(billed.sum())
        off_peak = float(demand[low].sum()) / float(billed[low].sum()) if billed[low].any() else 0.0
        return float(serving[high].mean()) / cost if cost else 0.0, off_peak, cost

    mine, rival = measured(ours), measured(theirs)
    if not all(rival):
        return None
    peak, off_peak, cost = (round(one / other - 1, 4) for one, other in zip(mine, rival, strict=True))
    return Gained(peak_capacity=peak, off_peak_utilisation=off_peak, cost=cost)


def _contestants(case: Case, lead: Method, level: Level, span: Span) -> dict[str, Callable[[], Policy]]:
    setting = case.setting
    seed = blends(_before(case.lead, case.past.last), ("seed",))[0][1]
    return {
        "oracle": lambda: policies.oracle(setting),
        "plan": lambda: as_run(setting, level),
        "each-window": lambda: at_lead(setting, case.lead, lead, case.asked, span.first)[1],
        "schedule": lambda: policies.timetable(setting, level.floors),
        "seed": lambda: at_lead(setting, case.lead, seed, case.asked, span.first)[1],
        "hpa-70": lambda: policies.target_tracking(setting),
        THRESHOLDS: lambda: policies.thresholds(setting),
        "static-peak": lambda: policies.static(setting, span.first),
    }


def _outcome(case: Case, name: str, run: Run, span: Span) -> Outcome:
    done = score(case.setting, run, span)
    demand = case.setting.values[span.first : span.end]
    capacity = done.node_hours * case.setting.capacity
    served = float(np.nansum(demand)) * case.setting.hours_per_window
    return Outcome(
        policy=name,
        node_hours=round(done.node_hours, 2),
        usd=round(done.node_hours * case.usd_per_hour, 2),
        short=round(done.violated, 4),
        unserved=round(done.unserved, 6),
        utilisation=round(served / capacity, 4) if capacity else 0.0,
    )


def _before(task: Task, last: int) -> Task:
    return replace(task, values=task.values[: len(task.values) - last])
