"""What a plan becomes at run time: floors planned a day ahead, and a fast loop above them that follows utilisation.

Both are found together: a low floor with a cool loop, or a high floor with a hot one, whichever would have cost least on the days gone by
without being short more often than allowed. The loop is target tracking as Kubernetes' horizontal autoscaler and EC2 Auto Scaling do it:
nothing within a tolerance about the target, out at once, in only to the most that was wished within a waiting time.
"""

from collections import deque
from dataclasses import dataclass
from math import ceil, isnan
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Ints, leading_max
from lepton_infra.sizing.simulator import Policy, Score, Setting, Span, score, simulate

TOLERANCE: Final = 0.1
"""Share of the target by which utilisation may be off before anything happens (Kubernetes' default)."""
LEAST_CALM_MINUTES: Final = 10
"""Shortest wait before scaling in: two of the shortest windows."""
TARGETS: Final = tuple(round(0.3 + 0.02 * step, 2) for step in range(31))
"""Utilisations that the loop is tuned over, rising; the hottest with its tolerance is just below one, so that a full fleet is seen."""
UNMEASURED: Final = 0.5
"""Target where the history is too short to measure one: every node could lose a twin."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Limits:
    """What the loop keeps to whatever its target."""

    calm: int
    """Windows that scaling in waits for, 1 or more."""
    most: int
    """Most nodes, whatever demand asks for."""
    hottest: float = 1.0
    """Highest target, where a promise about waiting sets one."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """How the loop decides."""

    target: float
    """Mean share of the serving nodes' capacity to aim at, above 0."""
    limits: Limits
    """What it keeps to."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """Floors and loop that were found together."""

    level: int
    """Which of the floors."""
    target: float
    """What the loop aims at."""
    done: Score
    """How they did on the span that they were found on."""


def calm_minutes(lead_minutes: int) -> int:
    """Return how long to wait before scaling in: a node that goes too early is missed for the lead time, so twice that."""
    return max(2 * lead_minutes, LEAST_CALM_MINUTES)


def calm_windows(lead_minutes: int, hours_per_window: float) -> int:
    """Return the same in windows, rounded up."""
    return max(ceil(calm_minutes(lead_minutes) / 60 / hours_per_window - _ROUNDING), 1)


def floor_and_loop(setting: Setting, floors: Ints, tracking: Tracking) -> Policy:
    """Have the floors serve in their windows, shape `(n,)`, ordered in time, and more while utilisation asks for it.

    What is on its way is counted, so nothing is ordered twice; nothing goes while something is on its way.
    """
    hold = np.minimum(leading_max(floors, setting.lead + 1), tracking.limits.most)
    served = setting.capacity * tracking.target
    wishes: deque[int] = deque(maxlen=tracking.limits.calm)

    def decide(place: int, demand: float, serving: int, held: int) -> int:
        floor = int(hold[min(place + 1, len(hold) - 1)])
        if isnan(demand):
            return max(floor, held)
        calm = abs(demand / (max(serving, 1) * served) - 1) <= TOLERANCE
        wish = serving if calm else ceil(demand / served * (1 - _ROUNDING))
        wishes.append(wish)
        wanted = max(wishes)
        hold_on = held > serving or wanted >= serving
        return min(max(floor, wanted, held if hold_on else 0), tracking.limits.most)

    return Policy(int(hold[0]), decide)


def tuned(setting: Setting, floors: Ints, aim: float, span: Span, limits: Limits) -> Tuned:
    """Return the floors and the target that would have cost least over the span within the violations aimed at.

    Where none keeps to them, those that violate least; ties by the lower floors.

    Args:
        setting: what policies share.
        floors: nodes by window and level, rising along the second axis, shape `(n, levels)`.
        aim: share of the span's windows that may be short.
        span: what to judge on.
        limits: what the loop keeps to whatever its target.
    """
    best: Tuned | None = None
    for level in range(floors.shape[1]):
        if best and best.done.violated <= aim and _least(setting, floors[:, level], span) >= best.done.node_hours:
            break
        found = _hottest(setting, floors, level, aim, span, limits)
        if best is None or _cost(found, aim) < _cost(best, aim):
            best = found
    if best is None:
        message = "there are no floors to choose from"
        raise ValueError(message)
    return best


def _cost(found: Tuned, aim: float) -> tuple[float, float]:
    return max(found.done.violated - aim, 0.0), found.done.node_hours


def _hottest(setting: Setting, floors: Ints, level: int, aim: float, span: Span, limits: Limits) -> Tuned:
    """Return the highest target that keeps to the aim above these floors; the lowest of all where none does."""

    def run(place: int) -> Tuned:
        policy = floor_and_loop(setting, floors[:, level], Tracking(TARGETS[place], limits))
        return Tuned(level, TARGETS[place], score(setting, simulate(setting, policy), span))

    low, high, found = 0, max(sum(target <= limits.hottest for target in TARGETS) - 1, 0), run(0)
    while low < high and found.done.violated <= aim:
        middle = (low + high + 1) // 2
        tried = run(middle)
        if tried.done.violated <= aim:
            low, found = middle, tried
        else:
            high = middle - 1
    return found


def _least(setting: Setting, floors: Ints, span: Span) -> float:
    """Return the node-hours that floors alone are billed at least."""
    known = ~np.isnan(setting.values[span.first : span.end])
    return float(floors[span.first : span.end][known].sum()) * setting.hours_per_window
