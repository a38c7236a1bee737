"""Our planner at the lead time: quantiles of a rolling forecast, at a level that is found by rehearsal and kept by what it led to.

A quantile of demand is not a share of windows short: nodes are whole, and those that a busier window needs serve the one before it. So
the level is found by running the policy itself over the past, and afterwards each window short raises it and each one that is not lowers
it a little, so that their share stays where it was asked to be even where demand changes its ways (the update of adaptive conformal
inference, Gibbs and Candes 2021, applied to the loss that is paid for, as in conformal risk control, Angelopoulos et al. 2022).
"""

from math import ceil, isnan
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lepton_infra.sizing.arrays import Floats, Ints, trailing_max
from lepton_infra.sizing.forecast import Method, Task, misses
from lepton_infra.sizing.policies import steady
from lepton_infra.sizing.simulator import CALM, Policy, Setting, Span, Trouble, score, simulate

_TAIL_STEP: Final = 0.18
TAILS: Final = 0.5 * np.exp(-_TAIL_STEP * np.arange(37))
"""Shares above each quantile of the ladder, evenly apart in their logarithm, from one half down to below one in a thousand."""
SHARE_AIMED_AT: Final = 0.9
"""Of the share of violated windows that is allowed: over a few days the share scatters about what it is aimed at."""
STEP_AFTER_VIOLATION: Final = 0.25
"""How far, in the logarithm of the share above the quantile, a violated window moves the level up; the others bring it down again."""
_CHUNK: Final = 512


def ladder(task: Task, method: Method) -> Floats:
    """Return the quantiles at each of `TAILS` of the window `task.horizons[0]` after each window.

    Shape `(n, len(TAILS))`, rising along the second axis; NaN while no miss is known. Every number at window `t` comes from
    `values[: t + 1]`: the margin is the quantile of the last `task.memory` misses, with the finite-sample rank of split-conformal
    prediction.
    """
    made = misses(task, method, task.horizons[0])
    padded = np.concatenate([np.full(task.memory - 1, np.nan), made.known])
    recent = sliding_window_view(padded, task.memory)
    margins = np.concatenate([_quantiles(recent[start : start + _CHUNK]) for start in range(0, len(recent), _CHUNK)])
    return np.maximum(made.point[:, None] + made.scale[:, None] * margins, 0.0)


def _quantiles(recent: Floats) -> Floats:
    ordered = np.sort(recent, axis=1)  # NaN comes last
    count = np.sum(~np.isnan(ordered), axis=1)[:, None]
    ranks = np.ceil((count + 1) * (1 - TAILS)).astype(np.int64)
    return np.take_along_axis(ordered, np.clip(ranks, 1, np.maximum(count, 1)) - 1, axis=1)


def eased(setting: Setting, nodes: Ints) -> Ints:
    """Return what to hold at each window for the nodes wanted `lead + 1` windows later, shape `(n, rungs)`.

    What was wanted for a window still to come, and by what is known since no longer is, goes by half: the fresher forecast is the better
    one, but demand that fell in a window often comes back in the next.
    """
    return -(-(nodes + trailing_max(nodes, setting.lead + 1)) // 2)


def calibrated(setting: Setting, hold: Ints, allowed: float, span: Span, trouble: Trouble = CALM) -> int:
    """Return the lowest rung of `hold`, shape `(n, rungs)`, that violates no more than the share allowed; the highest where none does."""
    low, high = 0, hold.shape[1] - 1
    while low < high:
        middle = (low + high) // 2
        run = simulate(setting, steady(hold[:, middle]), trouble)
        if score(setting, run, span).violated <= allowed:
            high = middle
        else:
            low = middle + 1
    return low


def kept(setting: Setting, hold: Ints, rung: int, aim: float, start: int) -> Policy:
    """Return the policy that begins at a rung and, from window `start` on, moves so that the share of violated windows stays at `aim`."""
    top = hold.shape[1] - 1
    level = float(rung)

    def decide(place: int, demand: float, serving: int, _held: int) -> int:
        nonlocal level
        if place >= start and not isnan(demand):
            missed = 1.0 if setting.is_short(demand, serving) else 0.0
            level = min(max(level + STEP_AFTER_VIOLATION / _TAIL_STEP * (missed - aim), 0.0), top)
        return int(hold[place, ceil(level)])

    return Policy(int(hold[0, rung]), decide)


def quantile_of(rung: int) -> float:
    """Return the quantile that a rung is."""
    return 1 - float(TAILS[rung])
