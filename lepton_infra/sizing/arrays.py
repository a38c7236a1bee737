"""Small tools on arrays of windows, all causal: what stands at `t` comes from `t` and before."""

from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


def held(values: Floats) -> Floats:
    """Return the values with each gap (NaN) filled by the last known value; a gap at the start by the first known one.

    For fitting only: a filled window is never scored.
    """
    known = ~np.isnan(values)
    if not known.any():
        return np.zeros_like(values)
    places = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return values[np.where(places < 0, int(np.argmax(known)), places)]


def lagged(values: Floats, lag: int) -> Floats:
    """Return the values `lag` windows later, the first value standing in for what came before it."""
    return values if lag <= 0 else np.concatenate([np.full(min(lag, len(values)), values[0]), values[:-lag]])


def ahead(values: Floats, horizon: int) -> Floats:
    """Return what is `horizon` windows away from each window; NaN beyond the end."""
    return np.concatenate([values[horizon:], np.full(min(horizon, len(values)), np.nan)])


def trailing_sum(values: Floats, length: int) -> Floats:
    """Return the sum of the last `length` values at each window, the first value standing in for what came before it."""
    padded = np.concatenate([np.full(length, values[0]), values])
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    return (sums[length:] - sums[:-length])[1:]


def leading_max(values: Ints, length: int) -> Ints:
    """Return the largest of each value and the `length - 1` after it, along the first axis."""
    padded = np.concatenate([values, np.repeat(values[-1:], length - 1, axis=0)])
    return np.max(sliding_window_view(padded, length, axis=0), axis=-1)


def trailing_max(values: Ints, length: int) -> Ints:
    """Return the largest of each value and the `length - 1` before it, along the first axis."""
    padded = np.concatenate([np.repeat(values[:1], length - 1, axis=0), values])
    return np.max(sliding_window_view(padded, length, axis=0), axis=-1)
