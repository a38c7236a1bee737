"""Exponential smoothing with a damped trend and a daily season, additive: the ETS models (A,N,N), (A,Ad,N), (A,N,A) and (A,Ad,A).

The recursions are those of Hyndman, Koehler, Ord and Snyder 2008, "Forecasting with Exponential Smoothing", section 2.5, run for every
combination of rates on a small grid side by side. Which of them is believed is settled by what each missed by at the horizon asked for.
"""

from functools import lru_cache
from itertools import product
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats

_LEVELS: Final = (0.05, 0.15, 0.3, 0.6, 1.0)
_TRENDS: Final = (0.0, 0.1)
_SEASONS: Final = (0.0, 0.1, 0.3)
_DAMPING: Final = 0.9
_GRID: Final = np.asarray(list(product(_LEVELS, _TRENDS, _SEASONS)))


def ets_paths(values: Floats, horizon: int, season: int) -> Floats:
    """Return what each combination of rates says, at each window, of the one `horizon` later; shape `(n, combinations)`.

    Until a day is known there is no season to go by, and every combination says that demand stays.
    """
    level, trend, seasonal = _states(values.tobytes(), season)
    reach = _DAMPING * (1 - _DAMPING**horizon) / (1 - _DAMPING)
    lag = -(-horizon // season) * season - horizon
    paths = level + reach * trend + _lagged(seasonal, lag)
    paths[: season - 1] = values[: season - 1, None]
    return np.maximum(paths, 0.0)


@lru_cache(maxsize=2)
def _states(content: bytes, season: int) -> tuple[Floats, Floats, Floats]:
    """Return level, trend and season after each window, shape `(n, combinations)`; every horizon asks for the same ones."""
    values = np.frombuffer(content)
    alpha, beta, gamma = _GRID.T
    level, trend, seasonal = (np.zeros((len(values), len(_GRID))) for _ in range(3))
    start = min(season, len(values))
    usual = float(values[:start].mean())
    seasonal[:start] = np.where(gamma > 0, values[:start, None] - usual, 0.0)
    level[start - 1] = np.where(gamma > 0, usual, values[start - 1])
    for place, value in enumerate(values[start:].tolist(), start=start):
        said = level[place - 1] + _DAMPING * trend[place - 1]
        before = seasonal[place - season]
        level[place] = said + alpha * (value - before - said)
        trend[place] = _DAMPING * trend[place - 1] * (1 - beta) + beta * (level[place] - level[place - 1])
        seasonal[place] = before + gamma * (value - said - before)
    return level, trend, seasonal


def _lagged(table: Floats, lag: int) -> Floats:
    return np.concatenate([np.broadcast_to(table[0], (min(lag, len(table)), table.shape[1])), table[: len(table) - lag]]) if lag else table
