"""The level of a plan: which quantile of the hours the floors hold and how much the loop above them has to spare, found on days gone by.

A pool says which share of windows may be short, or fixes the quantile. Either way every recorded day is planned again as of its beginning,
floors and loop are run over it, and the choice is the cheapest that would have kept to the share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lepton_infra.config import Pool
from lepton_infra.sizing import planner
from lepton_infra.sizing.arrays import Floats, Ints
from lepton_infra.sizing.dayahead import HOURS, days_to_replay, replayed, trusted
from lepton_infra.sizing.forecast import Method, Task
from lepton_infra.sizing.history import History
from lepton_infra.sizing.loop import CAUTIOUS, Limits, Tracking, floor_and_loop
from lepton_infra.sizing.policies import timetable
from lepton_infra.sizing.simulator import Policy, Setting, Span
from lepton_infra.sizing.tuning import Tuned, tuned

NOMINAL: Final = 0.95
"""The quantile by whose loss forecasters are chosen where none is fixed."""
MEMORY_DAYS: Final = 7
"""Days that floors and loop are found on: a week, so that each day of it counts once and what is long gone not at all."""
SHOWN: Final = (0.9, 0.95, 0.99)
"""Quantiles that a plan shows beside the median and the level."""
FLOORS: Final = (0.05, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
"""Quantiles of an hour that its floor may hold, rising: from a floor that is hardly ever reached from below to one that does it all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pool asks of its level."""

    allowed: float
    """Share of windows that may be short: as said, or what a fixed quantile leaves."""
    fixed: float | None
    """The quantile where it is fixed."""

    @property
    def scored(self) -> float:
        """Return the quantile by whose loss forecasters are chosen."""
        return self.fixed or NOMINAL

    @property
    def levels(self) -> tuple[float, ...]:
        """Return the quantiles that floors may hold, rising."""
        return (self.fixed,) if self.fixed else FLOORS

    @property
    def aim(self) -> float:
        """Return the share aimed at: over a few days it scatters about that."""
        return planner.SHARE_AIMED_AT * self.allowed


@dataclass(frozen=True, slots=True)
class Case:
    """What a pool's plan is judged with."""

    past: History
    """Its demand."""
    setting: Setting
    """What policies share, over its windows."""
    lead: Task
    """Forecasting at the lead time."""
    hourly: Task
    """Forecasting the day ahead."""
    names: Sequence[str]
    """Forecasters to choose from."""
    asked: Asked
    """What the pool asks of its level."""
    limits: Limits
    """What the loop keeps to."""
    usd_per_hour: float
    """On-demand price of a node."""


@dataclass(frozen=True, slots=True)
class Level:
    """What was found."""

    quantile: float
    """Of the hours' demand, which the floors hold."""
    tracking: Tracking | None
    """How the loop above them decides; None where the quantile is fixed, so that the floors do it alone."""
    floors: Ints
    """Floors by window, each day's as of its beginning, shape `(n,)`; before `span` those of its first hour."""
    span: Span
    """The windows that were planned again, to judge on."""
    found: Tuned | None
    """How it did on the days that it was found on; None where there was no day to find it on."""
    later: tuple[tuple[int, Tracking], ...] = ()
    """How the loop decides from each of these windows on: the first ones of the days held out, found anew for each."""


def asked_of(pool: Pool) -> Asked:
    """Return what a pool asks."""
    allowed = pool.allowed
    if allowed is None:
        fixed = pool.quantile or NOMINAL
        return Asked(1 - fixed, fixed)
    return Asked(allowed, None)


def find_level(case: Case, method: Method, *, held_out: int = 0) -> Level:
    """Find floors and loop on the last `MEMORY_DAYS` before the `held_out` days, and plan all recorded days again, those included.

    A plan is made anew every day, so those held out are planned as they would have been: each with floors and loop found on the days before
    it. Where the quantile is fixed the floors hold it, and there is no loop. With fewer than three days nothing is found either: the floors
    hold the highest of `FLOORS`, and the loop is `CAUTIOUS`.

    Args:
        case: the pool.
        method: how the day ahead is forecast; chosen without the days held out.
        held_out: last days that are not looked at.
    """
    past, setting, asked, hours = case.past, case.setting, case.asked, case.hourly.values
    known = len(hours) - held_out * HOURS
    before = days_to_replay(known)
    levels = asked.levels
    floors = setting.nodes(replayed(case.hourly, method, before + held_out, levels))
    by_window, first = spread(past, floors)
    season, span = past.windows.season, Span(first, len(setting.values))
    if asked.fixed:
        return Level(levels[0], None, by_window[:, 0], span, None)
    if not before or not trusted(hours[:known]):
        return Level(levels[-1], Tracking(*CAUTIOUS, case.limits), by_window[:, -1], span, None)
    mornings = [span.end - days * season for days in range(held_out, 0, -1)] or [span.end]
    each = tuned(setting, by_window, asked.aim, [Span(max(at - MEMORY_DAYS * season, first), at) for at in mornings], case.limits)
    found, planned = each[0], by_window[:, each[0].level].copy()
    for at, anew in zip(mornings, each, strict=True):
        planned[at : at + season] = by_window[at : at + season, anew.level]
    later = tuple((at, anew.tracking) for at, anew in zip(mornings, each, strict=True) if at < span.end)
    return Level(levels[found.level], found.tracking, planned, span, found, later)


def as_run(setting: Setting, level: Level) -> Policy:
    """Return the policy that the plan is at run time: floors and loop, or floors alone."""
    if level.tracking is None:
        return timetable(setting, level.floors)
    return floor_and_loop(setting, level.floors, level.tracking, level.later)


def spread(past: History, nodes: Ints) -> tuple[Ints, int]:
    """Return the nodes of the last hours, shape `(hours, ...)`, by window, and the first window that they reach.

    What is before it has the nodes of the first hour; all has none where there are no hours.
    """
    windows = past.windows
    if not len(nodes):
        return np.zeros((len(windows.values), *nodes.shape[1:]), dtype=np.int64), len(windows.values)
    begins = windows.step_seconds * np.arange(len(windows.values)) - (past.hours.start - windows.start).total_seconds()
    places = (begins // 3600).astype(np.int64) - (len(past.hours.values) - len(nodes))
    return nodes[np.maximum(places, 0)], int(np.argmax(places >= 0))


def by_day(past: History, billed: Ints, first: int) -> Floats:
    """Return the mean nodes billed on each whole day from window `first` to the end, NaN for days hardly recorded.

    Days are counted back from the end, as plans are made.
    """
    season = past.windows.season
    values, nodes = past.windows.values[first:], billed[first:].astype(np.float64)
    whole = len(nodes) // season * season
    known = ~np.isnan(values[len(values) - whole :].reshape(-1, season))
    nodes = nodes[len(nodes) - whole :].reshape(-1, season)
    count = known.sum(axis=1)
    means = np.where(known, nodes, 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.where(count * 2 >= season, means, np.nan)


def named(level: float) -> str:
    """Return a quantile as people say it."""
    return f"p{level * 100:g}"


def shown(levels: Sequence[float]) -> tuple[float, ...]:
    """Return the levels with those that a plan shows, rising, each once."""
    return tuple(sorted({*levels, *SHOWN}))
