"""Forecasters: small pure functions with one signature.

`forecaster(values, horizon, season)` returns, for each window `t`, the forecast of the window `t + horizon` made at the end of
window `t` from `values[: t + 1]` alone. So one call gives every rolling origin, and the last element is the forecast of today.
Parameters are fitted again once a season, at its first window, from targets that were known by then.

Values have no gaps here: see `arrays.held`. All are free of units: twice the demand gives twice the forecast.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np

from lepton_infra.sizing.arrays import Floats, ahead, lagged, trailing_sum
from lepton_infra.sizing.exponential import ets_paths

Forecaster: TypeAlias = Callable[[Floats, int, int], Floats]

_ALPHAS: Final = np.linspace(0.05, 1.0, 20)
_TAUS: Final = (1, 2, 3, 6, 12, 24, 72, 144)
_RECENT: Final = 6
_SHRINK: Final = 0.003


def naive(values: Floats, horizon: int, season: int) -> Floats:
    """Say that demand stays as it is."""
    del horizon, season
    return values.copy()


def moving_average(values: Floats, horizon: int, season: int) -> Floats:
    """Say that demand is the mean of the last hour, or of as long a time as the horizon where that is longer."""
    length = max(season // 24, horizon, 2)
    return trailing_sum(values, length) / length


def seasonal_naive(values: Floats, horizon: int, season: int) -> Floats:
    """Say that demand is what it was at that time of the day before; until there is one, that it stays as it is."""
    lag = -(-horizon // season) * season - horizon
    return np.concatenate([values[:lag], lagged(values, lag)[lag:]])


def ses(values: Floats, horizon: int, season: int) -> Floats:
    """Smooth exponentially, with the rate that did best at this horizon."""
    return _best_so_far(_smoothed(values.tobytes()), values, horizon, season, memory=len(values))


def ets(values: Floats, horizon: int, season: int) -> Floats:
    """Smooth exponentially with a damped trend and a daily season, each or neither, with the rates that did best at this horizon."""
    return _best_so_far(ets_paths(values, horizon, season), values, horizon, season, memory=len(values))


def seed(values: Floats, horizon: int, season: int) -> Floats:
    """Fit d(t) = alpha * sum of the last tau demands + beta * (C - S), without intercept.

    C, the capacity, is 1.1 times the peak known; S, what was served, is the demand up to C. Tau is the one that did best over the last
    two days.
    """
    paths = np.stack([_seed_path(values, horizon, season, tau) for tau in _TAUS if tau <= season], axis=1)
    return _best_so_far(paths, values, horizon, season, memory=2 * season)


def ridge(values: Floats, horizon: int, season: int) -> Floats:
    """Regress the change until then on recent changes and on what the days before did, shrunk towards no change.

    Until a day of targets is known it says that demand stays.
    """
    seasons = -(-horizon // season) * season
    columns = [lagged(values, lag) - values for lag in range(1, _RECENT + 1)]
    columns += [
        lagged(values, seasons * back - horizon + shift) - values
        for back in (1, 2)
        for shift in (-1, 0, 1)
        if seasons * back - horizon + shift >= 0
    ]
    columns += [lagged(values, seasons - horizon) - lagged(values, seasons), trailing_sum(values, season) / season - values]
    columns.append(np.cumsum(values) / np.arange(1, len(values) + 1) - values)
    features, target = np.stack(columns, axis=1), ahead(values, horizon) - values
    out = values.copy()
    for start, stop, known in _refits(len(values), horizon, season):
        first = min(season, known)
        if known - first < season:
            continue
        x, y = features[first:known], target[first:known]
        gram = x.T @ x
        penalty = _SHRINK * np.trace(gram) * np.eye(gram.shape[0]) / gram.shape[0] + np.finfo(np.float64).tiny * np.eye(gram.shape[0])
        weights = _least_squares(gram + penalty, x.T @ y)
        out[start:stop] += features[start:stop] @ weights
    return np.maximum(out, 0.0)


FORECASTERS: Final[dict[str, Forecaster]] = {
    "naive": naive,
    "moving-average": moving_average,
    "seasonal-naive": seasonal_naive,
    "ses": ses,
    "ets": ets,
    "ridge": ridge,
    "seed": seed,
}
"""Every forecaster by the name that a stack file gives it."""


@lru_cache(maxsize=2)
def _smoothed(content: bytes) -> Floats:
    """Return the level after each window at each of `_ALPHAS`; every horizon asks for the same ones."""
    values = np.frombuffer(content)
    state, paths = np.full(len(_ALPHAS), values[0]), np.empty((len(values), len(_ALPHAS)))
    for place, value in enumerate(values.tolist()):
        state = state + _ALPHAS * (value - state)
        paths[place] = state
    return paths


def _refits(length: int, horizon: int, season: int) -> Iterator[tuple[int, int, int]]:
    """Yield for each season: its first window, the first of the next, and how many origins have a known target by its first window."""
    for start in range(0, length, season):
        yield start, min(start + season, length), max(start + 1 - horizon, 0)


def _best_so_far(paths: Floats, values: Floats, horizon: int, season: int, memory: int) -> Floats:
    """Return in each season the column of `paths` whose squared error was least over the last `memory` origins known."""
    errors = (paths - ahead(values, horizon)[:, None]) ** 2
    out = np.empty(len(values))
    for start, stop, known in _refits(len(values), horizon, season):
        recent = errors[max(known - memory, 0) : known]
        best = int(np.argmin(recent.sum(axis=0))) if len(recent) else paths.shape[1] - 1
        out[start:stop] = paths[start:stop, best]
    return out


def _seed_path(values: Floats, horizon: int, season: int, tau: int) -> Floats:
    sums, target = trailing_sum(values, tau), ahead(values, horizon)
    peaks = np.maximum.accumulate(values)
    out = values.copy()
    for start, stop, known in _refits(len(values), horizon, season):
        if known < season:
            continue
        capacity = 1.1 * peaks[start]
        columns = np.stack([sums, capacity - np.minimum(values, capacity)], axis=1)
        weights = _least_squares(columns[:known], target[:known])
        out[start:stop] = columns[start:stop] @ weights
    return np.maximum(out, 0.0)


def _least_squares(columns: Floats, target: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(columns, target, rcond=None)[0], dtype=np.float64)
