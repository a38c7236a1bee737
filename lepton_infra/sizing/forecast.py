"""Quantiles of demand: a forecaster, a margin learnt from its own misses, and the choice of both by pinball loss.

Every number at window `t` comes from `values[: t + 1]`: a rolling forecast can be scored on the history itself, without hindsight.
The margin is rolling split-conformal: the quantile of the last misses, plain or divided by the root of the level, which follows a
demand whose spread grows with it. Where misses drift, the level that is asked for follows them (adaptive conformal inference, Gibbs and
Candes 2021, "Adaptive conformal inference under distribution shift").
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import ceil, isnan, nan
from typing import Final, Literal

import numpy as np

from lepton_infra.sizing.arrays import Floats, ahead, held, lagged
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.statsforecasters import statsforecast_path
from lepton_infra.sizing.tenants import Parts, bottom_up, inner

GAIN: Final = 0.02
"""Step of the adaptive level, per window; 0 where a forecast is not followed by its outcome before the next one is made."""
MOST_LEVEL: Final = 1.1
"""How far the adaptive level may rise: beyond 1 no margin is wider, but the hits that make up for the misses are counted."""
WARM_UP_SEASONS: Final = 3
"""Days that a choice leaves out of its scores: forecasters learn in them."""
MOST_BLENDED: Final = 4
"""Forecasters that an average holds at most."""
NEAR_BEST: Final = 2.0
"""Times the least loss that a forecaster may have lost to be averaged."""
_LEAST_LEVEL: Final = 0.1


@dataclass(frozen=True, slots=True)
class Method:
    """How quantiles are made."""

    forecaster: str
    """Name in `FORECASTERS` or `statsforecasters.NAMES`, or of `tenants.by_tenant`, or several joined by `+` for their mean."""
    margin: Literal["plain", "level-scaled"]
    """Whether the margin grows with the root of the forecast."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Forecasts of the window `horizon` after each window, shape `(n,)`; NaN while no miss is known yet."""

    p50: Floats
    """Median."""
    upper: Floats
    """The quantile asked for, not below the median."""


@dataclass(frozen=True, slots=True)
class Task:
    """What has to be forecast."""

    values: Floats
    """Demand by window, NaN for gaps."""
    season: int
    """Windows in a day."""
    horizons: tuple[int, ...]
    """How many windows ahead; several for a whole day at once."""
    quantile: float
    """Which quantile the upper bound is."""
    memory: int
    """Windows whose misses the margin is learnt from."""
    gain: float
    """Step of the adaptive level."""
    parts: Parts | None = None
    """What the values are the sum of; it may go on beyond them, and what does so is not looked at."""


def rolling(task: Task, method: Method, horizon: int, first: int = 0) -> Quantiles:
    """Forecast from each window in turn what is `horizon` windows later; those before window `first` may be left NaN."""
    made = _margins(task, method, horizon, first)
    p50 = np.maximum(made.point + made.scale * made.middle, 0.0)
    return Quantiles(p50, np.maximum(made.point + made.scale * made.top, p50))


def pinball(values: Floats, forecast: Floats, quantile: float) -> float:
    """Return the mean pinball loss of forecasts, windows without a value or a forecast left out; infinite where none is left."""
    over = values - forecast
    known = ~np.isnan(over)
    if not known.any():
        return float("inf")
    return float(np.mean(np.maximum(quantile * over[known], (quantile - 1) * over[known])))


def coverage(task: Task, method: Method, last: int) -> float:
    """Return the share of the last windows in which demand stayed within the quantile; NaN where none could be scored."""
    hits = [np.asarray(actual <= upper, dtype=np.float64) for actual, upper in _scored(task, method, len(task.values) - last)]
    every = np.concatenate(hits)
    return float(np.mean(every)) if len(every) else float("nan")


def methods(names: Iterable[str]) -> list[Method]:
    """Return each forecaster with each margin."""
    margins: tuple[Literal["plain", "level-scaled"], ...] = ("level-scaled", "plain")
    return [Method(name, margin) for name, margin in product(names, margins)]


def ranked(task: Task, candidates: Sequence[Method], last: int | None = None) -> list[tuple[float, Method]]:
    """Return the candidates by mean pinball loss at the task's quantile over its horizons, best first; ties in the order given.

    Losses are those of the `last` windows where that is said, or else of all; in either case without the warm-up.
    """
    first = min(WARM_UP_SEASONS * task.season, len(task.values) // 2)
    first = first if last is None else max(first, len(task.values) - last)
    losses = [
        float(np.mean([pinball(actual, upper, task.quantile) for actual, upper in _scored(task, method, first)])) for method in candidates
    ]
    return _by_loss(zip(losses, candidates, strict=True))


def blended(task: Task, names: Sequence[str]) -> Method:
    """Return what lost least of all that `blends` ranks."""
    return blends(task, names)[0][1]


def blends(task: Task, names: Sequence[str]) -> list[tuple[float, Method]]:
    """Return each forecaster and the means of the best two, three and four, with either margin, by mean pinball loss, best first.

    Averages of unlike forecasters miss less than their parts, and a mean of a few is not thrown by the one that was lucky.
    """
    alone = ranked(task, methods(names))
    best = list(dict.fromkeys(method.forecaster for _, method in alone))
    joined = ["+".join(best[:count]) for count in range(2, min(MOST_BLENDED, len(best)) + 1)]
    return _by_loss([*alone, *ranked(task, methods(joined))])


def averaged(task: Task, names: Sequence[str], last: int | None = None) -> list[tuple[float, Method]]:
    """Return the mean of the best `MOST_BLENDED` forecasters with the better margin, by its loss, and after it each forecaster alone.

    Which one was best is much a matter of luck where a score has few days to go by, as it has a day ahead; a mean of several is steadier
    than the winner (Timmermann 2006, "Forecast combinations"). Who lost more than `NEAR_BEST` times as much as the best is left out: where
    one is clearly right, as on a demand that repeats itself, nobody shall water it down.
    """
    alone = ranked(task, methods(names), last)
    near = [method.forecaster for loss, method in alone if loss <= NEAR_BEST * alone[0][0]]
    best = set(list(dict.fromkeys(near))[:MOST_BLENDED])
    if len(best) <= 1:
        return alone
    joined = "+".join(name for name in names if name in best)
    return [ranked(task, methods([joined]), last)[0], *alone]


def _by_loss(pairs: Iterable[tuple[float, Method]]) -> list[tuple[float, Method]]:
    """Return the pairs, least loss first; losses that differ by rounding alone are ties: a split that tells nothing shall not decide."""
    return sorted(pairs, key=lambda pair: float(f"{pair[0]:.9g}"))


@dataclass(frozen=True, slots=True)
class Misses:
    """A rolling point forecast and how far off it was, each of shape `(n,)`."""

    point: Floats
    """What was said at each window of the one `horizon` later, not below zero."""
    scale: Floats
    """What a miss of that forecast is measured in."""
    known: Floats
    """How far demand at each window was above what had been said of it, in units of the scale; NaN where that is not known."""


def misses(task: Task, method: Method, horizon: int) -> Misses:
    """Forecast from each window in turn and say what each outcome tells of the forecasts before."""
    filled = held(task.values)
    point = np.mean([_said(task, name, horizon, filled) for name in method.forecaster.split("+")], axis=0)
    floor = _floor(filled) if method.margin == "level-scaled" else np.ones_like(point)
    scale = np.maximum(np.sqrt(np.maximum(point, 0.0)), floor) if method.margin == "level-scaled" else floor
    # A miss is known with its outcome, so it may be seen in the light of it: the first demand after silence is no miss without bounds.
    known = lagged((ahead(task.values, horizon) - point) / np.maximum(scale, ahead(floor, horizon)), horizon)
    known[:horizon] = np.nan
    return Misses(point, scale, known)


@dataclass(frozen=True, slots=True)
class _Margins:
    """A point forecast and the quantiles of its misses, in units of its scale, each of shape `(n,)`."""

    point: Floats
    scale: Floats
    middle: Floats
    top: Floats


def _margins(task: Task, method: Method, horizon: int, first: int = 0) -> _Margins:
    made = misses(task, method, horizon)
    middle, top = _conformal(task, made.known.tolist(), horizon) if task.gain else _steady(task, made.known.tolist(), first)
    return _Margins(made.point, made.scale, middle, top)


def _said(task: Task, name: str, horizon: int, filled: Floats) -> Floats:
    """Return a rolling forecast of one forecaster, of the values or, tenant by tenant, of their parts."""
    part = inner(name)
    if part is None or task.parts is None:
        return _point(name, horizon, task.season, filled.tobytes())
    return bottom_up(task.parts, part, horizon, task.season)[: len(filled)]


@lru_cache(maxsize=512)
def _point(forecaster: str, horizon: int, season: int, content: bytes) -> Floats:
    """Return a rolling forecast; both margins, and every mean that it is a part of, ask for the same one."""
    values = np.frombuffer(content)
    point = (
        FORECASTERS[forecaster](values, horizon, season)
        if forecaster in FORECASTERS
        else statsforecast_path(forecaster, values, horizon, season)
    )
    point.flags.writeable = False
    return point


def _conformal(task: Task, misses: list[float], horizon: int) -> tuple[Floats, Floats]:
    """Return at each window the median and the quantile of the last `memory` misses known; NaN while there is none.

    `misses[t]` is how far demand at `t` was above its forecast, known at `t`. The rank is `ceil((n + 1) q)` of `n` misses, the
    finite-sample correction of split-conformal prediction; where that is beyond `n`, the largest. With a gain the level asked for moves
    up after each miss of the quantile given `horizon` windows before, and down after each hit. So the misses of any stretch of windows
    differ from their share by the change of the level over the gain alone, wherever the level stays within its bounds.
    """
    recent: list[float] = []
    level, middle, top = task.quantile, [nan] * len(misses), [nan] * len(misses)
    middles = _ranks(task.memory, 0.5)
    for place, miss in enumerate(misses):
        if not isnan(miss) and task.gain and place >= horizon and not isnan(top[place - horizon]):
            missed = float(miss > top[place - horizon])
            level = min(max(level + task.gain * (missed - (1 - task.quantile)), 0.0), MOST_LEVEL)
        _replace(recent, misses, place, task.memory)
        count = len(recent)
        if count:
            middle[place] = recent[middles[count]]
            top[place] = recent[min(max(ceil((count + 1) * level), 1), count) - 1]
    return np.asarray(middle), np.asarray(top)


def _steady(task: Task, misses: list[float], first: int) -> tuple[Floats, Floats]:
    """Return the same for a level that does not move, from window `first` on; what stands before it is NaN."""
    middles, tops = _ranks(task.memory, 0.5), _ranks(task.memory, task.quantile)
    recent = sorted(miss for miss in misses[max(first - task.memory + 1, 0) : first + 1] if not isnan(miss))
    middle, top = [nan] * first, [nan] * first
    for place in range(first, len(misses)):
        if place > first:
            _replace(recent, misses, place, task.memory)
        middle.append(recent[middles[len(recent)]] if recent else nan)
        top.append(recent[tops[len(recent)]] if recent else nan)
    return np.asarray(middle), np.asarray(top)


def _replace(recent: list[float], misses: list[float], place: int, memory: int) -> None:
    """Let the sorted misses follow by one window: the new one comes, the one that is too old goes."""
    if not isnan(misses[place]):
        insort(recent, misses[place])
    if place >= memory and not isnan(misses[place - memory]):
        del recent[bisect_left(recent, misses[place - memory])]


@lru_cache(maxsize=64)
def _ranks(most: int, level: float) -> list[int]:
    """Return the rank at each count of misses; there is none at 0."""
    return [0, *(_rank(count, level) for count in range(1, most + 2))]


def _rank(count: int, level: float) -> int:
    return min(max(ceil((count + 1) * level), 1), count) - 1


def _scored(task: Task, method: Method, first: int) -> list[tuple[Floats, Floats]]:
    """Return, for each horizon, what came and what had been said of it, for targets from window `first` on."""
    pairs: list[tuple[Floats, Floats]] = []
    for horizon in task.horizons:
        start = max(first - horizon, 0)
        actual, upper = ahead(task.values, horizon)[start:], rolling(task, method, horizon, start).upper[start:]
        known = ~np.isnan(actual) & ~np.isnan(upper)
        pairs.append((actual[known], upper[known]))
    return pairs


def _floor(filled: Floats) -> Floats:
    """Return the root of a tenth of the usual level so far: a quiet hour shall not blow up its misses."""
    usual = np.cumsum(filled) / np.arange(1, len(filled) + 1)
    return np.sqrt(np.maximum(_LEAST_LEVEL * usual, np.finfo(np.float64).tiny))
