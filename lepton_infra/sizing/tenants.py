"""Forecasting tenants one by one: what each will ask for, summed.

Forecasters that fit themselves to a series (`FITTED`) say of a sum something else than the sum of what they say of its parts; where tenants
follow rules of their own, the parts are better known. Whether that is so here, the loss on the history decides: `bottom-up(ridge)` is a
candidate like any other, and its margin is learnt from the misses of the sum, which no sum of quantiles would give.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats, Ints, held
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.record import Record, Split
from lepton_infra.sizing.series import DemandSeries

FITTED: Final = ("ses", "ridge")
"""Forecasters that gain from parts. Of the others all but the seed formula, which is slow and seldom best, are linear: what they say of a
sum is the sum of what they say of its parts."""
MOST_PARTS: Final = 12
"""Tenants that are forecast one by one, the largest; the others count as one."""
_NAME: Final = re.compile(r"bottom-up\((.+)\)")


@dataclass(frozen=True, eq=False, slots=True)
class Parts:
    """Demand of each tenant in the steps of a series that is their sum."""

    values: Floats
    """Shape `(parts, n)`, NaN where the sum is a gap."""


def by_tenant(split: Split | None) -> tuple[str, ...]:
    """Return the forecasters that a record's tenants add to the others: none where demand is not split."""
    return tuple(f"bottom-up({name})" for name in FITTED) if split is not None else ()


def inner(name: str) -> str | None:
    """Return the forecaster that a candidate applies to each part, or None for the name of a plain forecaster."""
    match = _NAME.fullmatch(name)
    return match[1] if match else None


@lru_cache(maxsize=64)
def bottom_up(parts: Parts, name: str, horizon: int, season: int) -> Floats:
    """Return at each window the sum of the forecasts of the parts `horizon` windows later, shape `(n,)`.

    Forecasters look back only, so the forecasts of a shorter history are the first ones of these.
    """
    point = np.sum([FORECASTERS[name](held(part), horizon, season) for part in parts.values], axis=0)
    point.flags.writeable = False
    return point


def parts(record: Record, demand: DemandSeries, grain: DemandSeries) -> Parts | None:
    """Return what each tenant asked for in the steps of a series made from the record, or None where demand is not split.

    A window of `grain` stands for the step in it with the most demand, and is divided as the tenants divided that step. So the parts add
    up to the series, whatever was done to it: a pool's share, or known events taken out.

    Args:
        record: the file, with its tenants.
        demand: the series by step that `grain` was made from, a stretch of the record's.
        grain: the series by window or by hour.
    """
    if record.split is None:
        return None
    rows = _rows_of(record.split.steps, _busiest(demand, grain) + _offset(record.series, demand))
    there = np.where(rows[None, :] >= 0, _largest(record.split.values)[np.maximum(rows, 0)].T, np.nan)
    whole = np.sum(there, axis=0)
    shares = np.divide(there, whole, out=np.full_like(there, 1 / len(there)), where=whole > 0)
    return Parts(shares * grain.values)


def _largest(values: Floats) -> Floats:
    """Join all columns but the largest, which keep the order of the file; before anything is made of them, so that many cost little."""
    if values.shape[1] <= MOST_PARTS:
        return values
    whole = values[~np.isnan(values).any(axis=1)]
    large = np.sort(np.argsort(-whole.sum(axis=0), kind="stable")[: MOST_PARTS - 1])
    return np.column_stack([values[:, large], np.delete(values, large, axis=1).sum(axis=1)])


def _busiest(demand: DemandSeries, grain: DemandSeries) -> Ints:
    """Return the step of `demand` with the most demand in each window of `grain`; a negative number for a window without a record."""
    ahead = (grain.start - demand.start).total_seconds()
    window = ((np.arange(len(demand.values)) * demand.step_seconds - ahead) // grain.step_seconds).astype(np.int64)
    usable = np.flatnonzero((window >= 0) & (window < len(grain.values)) & ~np.isnan(demand.values))
    # Sorted by window and then by demand, the last of each window is its busiest; of equals the first step.
    order = usable[np.lexsort((-usable, demand.values[usable], window[usable]))]
    found = np.full(len(grain.values), np.iinfo(np.int32).min, dtype=np.int64)
    found[window[order]] = order
    return found


def _offset(whole: DemandSeries, stretch: DemandSeries) -> int:
    return round((stretch.start - whole.start).total_seconds() / whole.step_seconds)


def _rows_of(steps: Ints, wanted: Ints) -> Ints:
    """Return the row that stands at each step wanted, or -1."""
    places = np.minimum(np.searchsorted(steps, wanted), len(steps) - 1)
    return np.where(steps[places] == wanted, places, -1)
