"""Quantiles of what follows a window, many steps ahead at once: the day ahead, as of now or as of any day gone by.

The misses of single horizons are few, so their quantiles jump; what is later is not known better, so margins are made to widen with the
horizon (isotonic regression). A horizon that the history never missed at, because it is too short or full of gaps, takes the margin of the
longest one before it that has, widened by the root of time as a random walk would, or else of the first one after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lepton_infra.sizing.arrays import Floats, Ints
from lepton_infra.sizing.forecast import Method, Task, misses


@dataclass(frozen=True, slots=True)
class Paths:
    """What was said at each of some windows, `o` of them, of the `h` horizons of the task."""

    p50: Floats
    """Median, shape `(o, h)`."""
    quantiles: Floats
    """Each quantile asked for, shape `(o, h, q)`, rising along the last axis where those asked for rise."""


def paths(task: Task, method: Method, quantiles: Sequence[float], origins: Ints) -> Paths:
    """Return median and quantiles of what follows each of the windows `origins`, from the values up to it alone.

    The rank is `ceil((n + 1) q)` of the last `task.memory` misses, the finite-sample correction of split-conformal prediction.
    """
    horizons = np.asarray(task.horizons, dtype=np.float64)
    levels = np.asarray([0.5, *quantiles])
    made = [misses(task, method, horizon) for horizon in task.horizons]
    point, scale = (np.stack([part[origins] for part in parts], axis=1) for parts in ([m.point for m in made], [m.scale for m in made]))
    margins = np.stack([_margins(one.known, task.memory, levels, origins) for one in made], axis=1)
    middle = np.where(np.isnan(margins[:, :, 0]), 0.0, margins[:, :, 0])
    p50 = np.maximum(point + scale * middle, 0.0)
    out = np.empty((len(origins), len(horizons), len(quantiles)))
    for place in range(len(origins)):
        for column, level in enumerate(quantiles):
            side = 1.0 if level >= 0.5 else -1.0  # noqa: PLR2004 (above and below the median)
            wide = side * rising(completed(side * margins[place, :, column + 1], horizons))
            bound = np.maximum(point[place] + scale[place] * wide, 0.0)
            out[place, :, column] = np.maximum(bound, p50[place]) if side > 0 else np.minimum(bound, p50[place])
    return Paths(p50, out)


def path(task: Task, method: Method) -> tuple[Floats, Floats]:
    """Return median and the task's quantile of what follows the last window, one of each for every horizon."""
    made = paths(task, method, (task.quantile,), np.asarray([len(task.values) - 1]))
    return made.p50[0], made.quantiles[0, :, 0]


def completed(margins: Floats, horizons: Floats) -> Floats:
    """Return the margins with each unknown one (NaN) taken from another horizon; zeros where none is known."""
    known = np.flatnonzero(~np.isnan(margins))
    if not len(known):
        return np.zeros_like(margins)
    nearest = known[np.maximum(np.searchsorted(known, np.arange(len(margins)), side="right") - 1, 0)]
    return margins[nearest] * np.sqrt(np.maximum(horizons / horizons[nearest], 1.0))


def rising(values: Floats) -> Floats:
    """Return the nearest sequence (least squares) that never falls: pool adjacent violators."""
    blocks: list[tuple[float, int]] = []
    for value in values.tolist():
        total, length = value, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / length:
            before, many = blocks.pop()
            total, length = total + before, length + many
        blocks.append((total, length))
    return np.concatenate([np.full(length, total / length) for total, length in blocks])


def _margins(known: Floats, memory: int, levels: Floats, origins: Ints) -> Floats:
    """Return the quantiles of the misses known at each origin, shape `(o, q)`; NaN where there is none."""
    padded = np.concatenate([np.full(memory - 1, np.nan), known])
    ordered = np.sort(sliding_window_view(padded, memory)[origins], axis=1)  # NaN comes last
    count = np.sum(~np.isnan(ordered), axis=1)[:, None]
    ranks = np.ceil((count + 1) * levels).astype(np.int64)
    return np.take_along_axis(ordered, np.clip(ranks, 1, np.maximum(count, 1)) - 1, axis=1)
