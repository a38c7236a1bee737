"""Whether demand is still what the plan forecast."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from lepton_infra.sizing.advise.case import LEAST_DAYS, Case
from lepton_infra.sizing.advise.model import Advice, Change, Kind
from lepton_infra.sizing.arrays import Floats, Ints

_RESAMPLES: Final = 1000
_SEED: Final = 0
_TOLERANCE: Final = 0.1
"""Share by which the mean may differ from the forecast's before it counts as drift."""
_BAND: Final = 0.95
"""Quantile of the plan's hours that demand is held against."""
_OFF_COVERAGE: Final = 0.03
"""How far coverage may lie below the quantile, as the plan's own warning has it."""


def drift(case: Case) -> Iterator[Advice]:
    """Yield advice to plan again where measured demand leaves the plan's band by more than days differ from each other.

    Measured demand is busy nodes times what a node serves, raised by the ratio of an hour's busiest window to its mean, because the plan
    speaks of the busiest window. Its days are resampled: drift is what nine of ten of such histories show.
    """
    median, upper = case.forecast()
    good = case.known & ~np.isnan(median) & (case.usage.nodes > 0)
    days = case.usage.hours[good] // 24
    if case.machine.name != case.plan.offer.machine or len(np.unique(days)) < LEAST_DAYS or not median[good].sum():
        return
    asked = case.usage.mean_busy[good] * case.plan.node_capacity * case.full.peak_to_mean
    ratios = _resampled(asked, median[good], days)
    within = (asked <= upper[good] * (1 + 1e-9)).astype(np.float64)
    covered = _resampled(within, np.ones(len(within)), days)
    ratio, coverage = float(asked.sum() / median[good].sum()), float(within.mean())
    low, high = np.quantile(ratios, (0.1, 0.9))
    more, fewer = low > 1 + _TOLERANCE, high < 1 - _TOLERANCE
    outside = coverage < _BAND - _OFF_COVERAGE and float(np.quantile(covered, 0.9)) < _BAND
    if not (more or fewer or outside):
        return
    unit = case.plan.unit.replace("_", " ")
    evidence = [
        (
            f"Mean demand was {ratio:.2f} times the plan's median (80% interval {low:.2f} to {high:.2f} over resampled days): "
            f"{asked.mean():,.4g} against {median[good].mean():,.4g} {unit}."
        ),
        f"Demand stayed within the plan's {_BAND:.0%} quantile in {coverage:.1%} of {len(asked):,} hours.",
    ]
    if case.short.any():
        evidence.append(f"In {int(case.short.sum()):,} hours the nodes were full, so demand may have been higher than what was served.")
    way = "risen above" if more or (outside and not fewer) else "fallen below"
    yield Advice(
        id=f"replan-{case.usage.pool}",
        kind=Kind.REPLAN,
        pools=(case.usage.pool,),
        what=f"Plan {case.usage.pool} again: demand has {way} what the plan of {case.plan.hours[0].start:%Y-%m-%d} forecast.",
        usd_per_month=None,
        evidence=tuple(evidence),
        figures={
            "ratio": round(ratio, 4),
            "ratio_p10": round(float(low), 4),
            "ratio_p90": round(float(high), 4),
            "coverage": round(coverage, 4),
        },
        confidence=case.confidence(),
        changes=(Change("lepton plan", f"{case.pool.demand.file} as planned from", "the same file up to the last hour recorded"),),
    )


def _resampled(values: Floats, over: Floats, days: Ints) -> Floats:
    """Return the ratio of two sums over resampled days."""
    _, place = np.unique(days, return_inverse=True)
    sums, bases = np.bincount(place, values), np.bincount(place, over)
    drawn = np.random.default_rng(_SEED).integers(0, len(sums), (_RESAMPLES, len(sums)))
    return sums[drawn].sum(axis=1) / np.maximum(bases[drawn].sum(axis=1), 1e-12)
