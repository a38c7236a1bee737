"""From single requests to demand by the minute."""

import datetime as dt
from math import lgamma, log, sqrt
from typing import Final

import numpy as np

from lepton_infra.config.model import Unit
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.arrays import Floats, Ints
from lepton_infra.sizing.grid import MOST_STEPS
from lepton_infra.sizing.record import Burst, Record
from lepton_infra.sizing.series import DemandSeries

TRACE_WINDOW: Final = 60
"""Seconds over which requests are averaged; windows begin at full minutes."""
_FAR: Final = 12
"""Deviations from its mean beyond which a Poisson number is never met."""
TRACE_UNITS: Final[tuple[Unit, ...]] = ("requests_per_second", "input_tokens_per_second", "output_tokens_per_second")
"""What can be counted of a trace."""


def from_requests(times: Floats, tokens: Floats, unit: Unit, name: str) -> Record:
    """Aggregate requests into windows of `TRACE_WINDOW` seconds.

    The minutes in which a trace begins and ends are left out, because it does not cover them. A minute without a request inside it has no
    demand: a trace cannot tell silence from a recorder that stood still.

    Args:
        times: seconds since 1970 of each request, in any order, shape `(n,)`.
        tokens: input and output tokens of each, NaN where unknown, shape `(n, 2)`.
        unit: one of `TRACE_UNITS`: what is counted.
        name: of the file, for messages.

    Raises:
        BadInput: the trace covers no whole minute, spans too many, or does not know the tokens that are to be counted.
    """
    weights = np.ones(len(times)) if unit == "requests_per_second" else tokens[:, 0 if unit == "input_tokens_per_second" else 1]
    unknown = int(np.isnan(weights).sum())
    if unknown:
        given = f"has {unknown:,} of {len(times):,} requests without a number of {unit.split('_')[0]} tokens"
        raise BadInput(Fault(name, given, "tokens in every row, or requests_per_second as the unit"))
    first, last = int(np.ceil(times.min() / TRACE_WINDOW)), int(np.floor(times.max() / TRACE_WINDOW))
    if last <= first:
        raise BadInput(Fault(name, f"spans {times.max() - times.min():.3g} s of requests", "at least one whole minute of the clock"))
    if last - first > MOST_STEPS:
        raise BadInput(Fault(name, f"spans {last - first:,} minutes", f"{MOST_STEPS:,} at most", "Look for a wrong date"))
    place = np.floor(times / TRACE_WINDOW).astype(np.int64) - first
    inside = (place >= 0) & (place < last - first)
    sums = np.bincount(place[inside], weights[inside], minlength=last - first)
    start = dt.datetime.fromtimestamp(first * TRACE_WINDOW, dt.UTC)
    series = DemandSeries(start, TRACE_WINDOW, sums / TRACE_WINDOW, unit)
    seconds = np.floor(times[inside]).astype(np.int64) - first * TRACE_WINDOW
    return Record("request trace", series, burst=burst(seconds))


def burst(seconds: Ints) -> Burst | None:
    """Return how uneven the windows are inside, from the second in which each request came; None where none came.

    Args:
        seconds: whole seconds from the beginning of a window, in any order.
    """
    if not len(seconds):
        return None
    second, count = np.unique(seconds, return_counts=True)
    window, place = np.unique(second // TRACE_WINDOW, return_inverse=True)
    busiest, total = np.zeros(len(window)), np.zeros(len(window))
    np.maximum.at(busiest, place, count)
    np.add.at(total, place, count)
    ratio = busiest * TRACE_WINDOW / total
    median, p95, most = (round(float(value), 3) for value in np.quantile(ratio, [0.5, 0.95, 1]))
    beyond = float(np.median(busiest / _busiest_by_chance(total)))
    return Burst(median, p95, most, TRACE_WINDOW, round(beyond, 3))


def _busiest_by_chance(totals: Floats) -> Floats:
    """Return how many requests the busiest second of a window has on average where so many come at random, each second Poisson."""
    some, place = np.unique(totals, return_inverse=True)
    return np.asarray([_largest_of_poisson(each / TRACE_WINDOW) for each in some.tolist()])[place]


def _largest_of_poisson(mean: float) -> float:
    """Return the mean of the largest of `TRACE_WINDOW` Poisson numbers: the sum of the chances that it exceeds 0, 1, 2 and so on.

    What is far below the mean is exceeded for sure, what is far above it never.
    """
    low, high = max(int(mean - _FAR * sqrt(mean)), 0), int(mean + _FAR * sqrt(mean)) + _FAR
    counts = np.arange(low, high, dtype=np.float64)
    steps = np.concatenate([[0.0], np.cumsum(np.log(mean / counts[1:]))])
    first = -mean + (low * log(mean) - lgamma(low + 1) if low else 0.0)
    below = np.minimum(np.cumsum(np.exp(first + steps)), 1.0)
    return low + float(np.sum(1 - below**TRACE_WINDOW))
