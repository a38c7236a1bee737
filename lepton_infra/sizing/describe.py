"""What a series looks like: its span, cycles, gaps and peaks, and how much of that can be known."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
from pydantic import TypeAdapter

from lepton_infra.config.model import Unit
from lepton_infra.sizing.arrays import Floats, ahead
from lepton_infra.sizing.record import Burst, Record, Tenant
from lepton_infra.sizing.series import CYCLES_FOR_TRUST, LONGEST_STEP, DemandSeries

_DAY: Final = 86_400
_CLEAR: Final = 0.5
"""Correlation from which half of the likeness of two cycles is the cycle."""
_BARTLETT: Final = 2.0
"""Standard errors beyond which a correlation is not chance, in 95 of 100 series of noise."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """A pattern that may repeat."""

    name: str
    """`daily` or `weekly`."""
    cycles: float
    """How many of them were recorded, gaps left out."""
    strength: float | None
    """Likeness of what is a cycle apart, from -1 to 1, as `strength`; None where fewer than `CYCLES_FOR_TRUST` cycles were recorded."""
    verdict: str
    """`clear`, `weak`, `none`, or `too short to tell`."""


@dataclass(frozen=True, slots=True)
class DayOf:
    """One day of the series, UTC."""

    date: dt.date
    """Which day."""
    mean: float | None
    """Mean of what was recorded; None where nothing was."""
    peak: float | None
    """The most that was recorded."""
    recorded: float
    """Share of the day that was recorded."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """Where nothing was recorded."""

    steps: int
    """Steps without a record."""
    count: int
    """Stretches of such steps."""
    longest_seconds: int
    """Length of the longest stretch."""
    longest_at: dt.datetime | None
    """When that began, UTC."""


@dataclass(frozen=True, slots=True)
class Description:
    """A series in figures, all in its unit."""

    form: str
    """What kind of file it came from."""
    unit: Unit
    """Unit of the values."""
    start: dt.datetime
    """When the first step begins, UTC."""
    end: dt.datetime
    """When the last step ends, UTC."""
    step_seconds: int
    """Length of a step."""
    steps: int
    """Steps, gaps included."""
    gaps: Gaps
    """Where nothing was recorded."""
    mean: float
    """Mean of the steps recorded."""
    peak: float
    """The most of them."""
    peak_at: dt.datetime
    """When that began first, UTC."""
    peak_to_mean: float | None
    """Peak over mean; None where the mean is zero."""
    cycles: tuple[Cycle, ...]
    """Daily and weekly."""
    days: tuple[DayOf, ...]
    """Day by day."""
    burst: Burst | None
    """How uneven windows are inside; None where single requests are not known."""
    tenants: tuple[Tenant, ...]
    """Those summed."""
    lost: int
    """Steps that are gaps because only some tenants were known."""


def describe(record: Record) -> Description:
    """Return the figures of a series.

    A series has a value at least, as `read_record` sees to.
    """
    series = record.series
    mean, peak = float(np.nanmean(series.values)), float(np.nanmax(series.values))
    return Description(
        form=record.form,
        unit=series.unit,
        start=series.start,
        end=series.end,
        step_seconds=series.step_seconds,
        steps=len(series.values),
        gaps=_gaps(series),
        mean=mean,
        peak=peak,
        peak_at=_at(series, int(np.nanargmax(series.values))),
        peak_to_mean=peak / mean if mean else None,
        cycles=_cycles(series),
        days=_days(series),
        burst=record.burst,
        tenants=record.tenants,
        lost=record.lost,
    )


def as_document(found: Description) -> dict[str, object]:
    """Return the figures for `--json`: times in ISO 8601, the rest as it is."""
    return TypeAdapter(Description).dump_python(found, mode="json")


def strength(values: Floats, period: int) -> tuple[float, int]:
    """Return how alike values are that lie a period apart, and of how many pairs that is said.

    The autocorrelation at the period's lag, after the mean of the period around each value was taken off, and as far as it rises above the
    lowest one of the shorter lags: of a trend or a slow wave all neighbours are alike, and that is no cycle. A mean is that of a whole
    period in which half of the values are known at least.

    Args:
        values: NaN for gaps, shape `(n,)`.
        period: length of the cycle in values.

    Returns:
        From -1 to 1, 0 where there is nothing to compare or nothing that varies, and the number of pairs.
    """
    apart = values - _around(values, period)
    # What is left of a constant after its mean is rounding, not a pattern.
    least = float(np.finfo(np.float32).eps) * float(np.nanmax(np.abs(values), initial=0.0))
    alike, pairs = _correlation(apart, period, least)
    trough = min((_correlation(apart, lag, least)[0] for lag in range(1, period)), default=0.0)
    return max(alike - max(trough, 0.0), -1.0), pairs


def _correlation(values: Floats, lag: int, least: float) -> tuple[float, int]:
    """Return Pearson's correlation of values a lag apart and the number of pairs; 0 where they vary by no more than `least`."""
    later = ahead(values, lag)
    both = ~np.isnan(values) & ~np.isnan(later)
    if not both.any():
        return 0.0, 0
    first, second = values[both] - np.mean(values[both]), later[both] - np.mean(later[both])
    spread = float(np.sqrt(np.sum(first**2) * np.sum(second**2)))
    return (0.0 if spread <= len(first) * least**2 else float(np.sum(first * second)) / spread), len(first)


def means(series: DemandSeries, seconds: int) -> tuple[int, Floats, Floats]:
    """Return means by whole `seconds` since 1970: the place of the first, the means, and which share of each was recorded.

    A step counts where it begins. The mean is NaN where nothing was recorded.
    """
    begins = int(series.start.timestamp()) + series.step_seconds * np.arange(len(series.values), dtype=np.int64)
    place = begins // seconds - begins[0] // seconds
    known = ~np.isnan(series.values)
    count = np.bincount(place[known], minlength=int(place[-1]) + 1)
    total = np.bincount(place[known], series.values[known], minlength=int(place[-1]) + 1)
    filled = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return int(begins[0] // seconds), filled, np.minimum(count * series.step_seconds / seconds, 1.0)


def _around(values: Floats, period: int) -> Floats:
    """Return the mean of the period around each value; NaN at the ends and where less than half of it is known.

    Of an even period the two values at its ends count half each, so that the mean is centred.
    """
    weights = np.ones(period + 1 - period % 2)
    if period % 2 == 0:
        weights[0] = weights[-1] = 0.5
    if len(values) < len(weights):
        return np.full(len(values), np.nan)
    known = ~np.isnan(values)
    total = np.convolve(np.where(known, values, 0.0), weights, mode="valid")
    count = np.convolve(known, weights, mode="valid")
    inner = np.where(2 * count >= period, total / np.maximum(count, 0.5), np.nan)
    side = len(weights) // 2
    return np.concatenate([np.full(side, np.nan), inner, np.full(side, np.nan)])


def _cycles(series: DemandSeries) -> tuple[Cycle, ...]:
    """Judge the daily cycle by hours and the weekly one by days: in hours each day repeats the last one's week."""
    _, hours, hourly = means(series, LONGEST_STEP)
    _, days, daily = means(series, _DAY)
    hours, days = np.where(hourly * 2 >= 1, hours, np.nan), np.where(daily * 2 >= 1, days, np.nan)
    return _cycle("daily", hours, 24, series.cycles), _cycle("weekly", days, 7, series.cycles / 7)


def _cycle(name: str, values: Floats, period: int, cycles: float) -> Cycle:
    alike, pairs = strength(values, period)
    if cycles < CYCLES_FOR_TRUST or not pairs:
        return Cycle(name, round(cycles, 2), None, "too short to tell")
    chance = _BARTLETT / np.sqrt(pairs)
    verdict = "none" if alike < chance else "clear" if alike >= _CLEAR else "weak"
    return Cycle(name, round(cycles, 2), round(alike, 3), verdict)


def _gaps(series: DemandSeries) -> Gaps:
    missing = np.concatenate([[False], np.isnan(series.values), [False]])
    edges = np.flatnonzero(missing[1:] != missing[:-1])
    begins, lengths = edges[::2], edges[1::2] - edges[::2]
    if not len(begins):
        return Gaps(0, 0, 0, None)
    longest = int(np.argmax(lengths))
    return Gaps(int(lengths.sum()), len(begins), int(lengths[longest]) * series.step_seconds, _at(series, int(begins[longest])))


def _days(series: DemandSeries) -> tuple[DayOf, ...]:
    first, mean, recorded = means(series, _DAY)
    begins = int(series.start.timestamp()) + series.step_seconds * np.arange(len(series.values), dtype=np.int64)
    peak = np.full(len(mean), -np.inf)
    known = ~np.isnan(series.values)
    np.maximum.at(peak, begins[known] // _DAY - first, series.values[known])
    start = dt.datetime.fromtimestamp(first * _DAY, dt.UTC).date()
    return tuple(
        DayOf(
            start + dt.timedelta(days=place), *((None, None) if np.isnan(mean[place]) else (float(mean[place]), float(peak[place]))), share
        )
        for place, share in enumerate(np.round(recorded, 4).tolist())
    )


def _at(series: DemandSeries, place: int) -> dt.datetime:
    return series.start + dt.timedelta(seconds=place * series.step_seconds)
