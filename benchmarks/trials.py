"""A fleet's level and make, found on the days before the test: what `dollars.py`, `case_study.py` and `waterfall.py` try mixes with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, isnan, log
from statistics import fmean

import numpy as np
from mixed_fleet import Decide, Done, Mix, World, drive

from lepton_infra.sizing import planner, policies
from lepton_infra.sizing.arrays import Ints
from lepton_infra.sizing.backtest import GAIN, MEMORY_DAYS, NOMINAL
from lepton_infra.sizing.forecast import Task, blended
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.newsvendor import best_promise
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.simulator import Setting, Span

LEAD_MINUTES = 10
ALLOWED = 0.01
SURVIVING = (0.5, 0.2)
"""Shares above the quantile of demand that is served while the largest pool is gone: the median where that does in the rehearsal, or else
the next."""
MIDDLE = 16
"""Level that a search begins at where nothing is known."""
PAST_SEEDS, SEEDS = (101,), range(1, 6)
"""Draws of the troubles: the one rehearsed, and those of the test days, whose figures are means."""
NOON_DRAWS = 2
"""Of these, those in which the largest pool is taken every noon besides."""
UNITS = 4000
"""Grains that the peak is counted in, so that demand is not rounded to one machine's size."""


@dataclass(frozen=True, slots=True)
class Case:
    """A series with the quantiles to hold at every window, in grains."""

    setting: Setting
    hold: Ints
    past: Span
    test: Span

    @property
    def grain(self) -> float:
        """Return the demand that a grain is."""
        return self.setting.capacity


def case_of(series: DemandSeries, test_days: int) -> Case:
    """Forecast a series as `lepton backtest` does, with what forecasts it chosen before the test days."""
    values, season = series.values, series.season
    start = len(values) - test_days * season
    lead = ceil(LEAD_MINUTES * 60 / series.step_seconds)
    setting = Setting(values, float(np.nanmax(values[:start])) / UNITS, lead, 1, series.step_seconds / 3600)
    task = Task(values, season, (lead + 1,), NOMINAL, MEMORY_DAYS * season, GAIN)
    method = blended(replace(task, values=values[:start], gain=0.0), list(FORECASTERS))
    hold = planner.eased(setting, policies.wanted(setting, planner.ladder(task, method)))
    return Case(
        setting, hold, Span(max(min(3 * season, start // 2), start - MEMORY_DAYS * season), start), setting.last(test_days * season)
    )


def levelled(case: Case, rung: int, start: int, surviving: float) -> Decide:
    """Return what orders by the calibrated quantile: from a rung, and from window `start` on as the share of windows short asks for."""
    safe, top = int(np.argmin(np.abs(planner.TAILS - surviving))), len(planner.TAILS) - 1
    level, step = float(rung), planner.STEP_AFTER_VIOLATION / -log(float(planner.TAILS[1] / planner.TAILS[0]))

    def decide(place: int, demand: float, up: float, _held: float) -> tuple[float, float]:
        nonlocal level
        if place >= start and not isnan(demand):
            missed = demand > up * (1 + 1e-9)
            level = min(max(level + step * (missed - planner.SHARE_AIMED_AT * ALLOWED), 0.0), top)
        row = case.hold[place]
        return float(row[ceil(level)]) * case.grain, float(row[min(safe, ceil(level))]) * case.grain

    return decide


def mean(runs: Sequence[Done]) -> Done:
    """Return the mean of several runs."""
    return Done(
        fmean(run.usd for run in runs),
        fmean(run.violated for run in runs),
        fmean(run.unserved for run in runs),
        np.mean([run.base for run in runs], axis=0),
        np.mean([run.serving for run in runs], axis=0),
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """A mix and the level that rehearsal found for it."""

    mix: Mix
    surviving: float
    """Share above the quantile of demand that is served while the largest pool is gone, where that is asked for."""
    rung: int
    past: Done

    @property
    def rank(self) -> tuple[bool, float]:
        """Return what is least for the best: too many windows short or not, and dollars."""
        return self.past.violated > ALLOWED, self.past.usd


def rehearsed(case: Case, mix: Mix, near: int = MIDDLE) -> Trial:
    """Return a mix with the lowest level that would have done on the days before the test, in the mean of the draws rehearsed.

    Where the largest pool is to spare, it is taken every noon of the rehearsal, and no more is kept without it than does. Levels are tried
    from one near which it is thought to be.
    """
    found: list[Trial] = []
    for surviving in SURVIVING if mix.survives else SURVIVING[:1]:
        found.append(_rehearsed(case, mix, surviving, near))
        if found[-1].past.violated <= planner.SHARE_AIMED_AT * ALLOWED:
            break
    return min(found, key=lambda one: one.rank)


def _rehearsed(case: Case, mix: Mix, surviving: float, near: int) -> Trial:
    known: dict[int, Done] = {}

    def past(rung: int) -> Done:
        if rung not in known:
            decide = partial(levelled, case, rung, case.past.end, surviving)
            known[rung] = mean([drive(case.setting, mix, decide(), case.past, World(seed, mix.survives)) for seed in PAST_SEEDS])
        return known[rung]

    found = lowest(lambda rung: past(rung).violated <= planner.SHARE_AIMED_AT * ALLOWED, near, case.hold.shape[1] - 1)
    return Trial(mix, surviving, found, past(found))


def lowest(does: Callable[[int], bool], near: int, top: int) -> int:
    """Return the lowest place up to `top` that does, `top` where none below it does; searched from a place outwards, doubling the steps."""
    low, high, step, tried = 0, top, 1, min(near, top - 1)
    fails = False
    while low < high:
        if does(tried):
            high = tried
        else:
            low, fails = tried + 1, True
        ends = fails and high < top
        tried = (low + high) // 2 if ends else max(high - step, low) if high < top else min(low - 1 + step, high - 1)
        step *= 2
    return low


def promised(case: Case, trial: Trial) -> Trial:
    """Return a mix with as many nodes of its first type committed as the newsvendor says on what it rehearsed."""
    one = trial.mix.stood[0]
    if not one.committed_usd:
        return trial
    count = int(best_promise(trial.past.base, one.committed_usd / one.usd_per_hour))
    return rehearsed(case, replace(trial.mix, committed=count), trial.rung) if count else trial


def tested(case: Case, trial: Trial, *, noons: bool = False) -> Done:  # noqa: PT028 - no test of pytest's
    """Run the test days under several draws of the troubles, none of them rehearsed."""
    decide = partial(levelled, case, trial.rung, case.test.first, trial.surviving)
    return mean(
        [drive(case.setting, trial.mix, decide(), case.test, World(seed, noons)) for seed in (SEEDS[:NOON_DRAWS] if noons else SEEDS)]
    )


def fitted(case: Case, trial: Trial) -> Trial:
    """Return a mix at the lowest level that keeps to what is allowed on the test days: with hindsight."""
    found = lowest(lambda rung: tested(case, replace(trial, rung=rung)).violated <= ALLOWED, trial.rung, case.hold.shape[1] - 1)
    return replace(trial, rung=found)
