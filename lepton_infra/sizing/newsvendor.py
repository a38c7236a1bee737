"""How much to promise to pay for: the newsvendor's answer on the distribution of need.

A promise costs its price in every hour, needed or not; what is needed beyond it costs the on-demand price. With `ratio` the promised price
over the on-demand price, a node is worth promising while it is needed in more than that share of the hours, so the best promise is the
quantile of need at `1 - ratio` (Arrow, Harris and Marschak 1951). Need is by hour, without gaps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats, Ints

RESAMPLES: Final = 2000
"""Histories that are drawn to tell how sure a saving is."""
_SEED: Final = 0
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Term:
    """A price for a promise."""

    ratio: float
    """Promised price over on-demand price."""
    most: float = float("inf")
    """Most that may be promised at it, in units of need."""


def best_promise(need: Floats, ratio: float) -> float:
    """Return the least promise of the lowest expected cost: the quantile of need, shape `(n,)`, at `1 - ratio`; 0 without need."""
    hours_above = int(np.floor(max(ratio, 0.0) * len(need) + _ROUNDING))
    return float(np.sort(need)[len(need) - 1 - hours_above]) if hours_above < len(need) else 0.0


def stacked(need: Floats, terms: Sequence[Term]) -> list[float]:
    """Return how much to promise at each of several prices that add up, in the order of the terms.

    The cheapest covers the base up to what it allows; each next one covers what lies between that and its own quantile.
    """
    amounts = [0.0] * len(terms)
    covered = 0.0
    for place in sorted(range(len(terms)), key=lambda one: terms[one].ratio):
        amounts[place] = min(max(best_promise(need, terms[place].ratio) - covered, 0.0), terms[place].most)
        covered += amounts[place]
    return amounts


def hourly_cost(need: Floats, promised: Sequence[tuple[float, float]]) -> Floats:
    """Return the cost of each hour in on-demand prices of a unit, shape `(n,)`.

    Args:
        need: units by hour, shape `(n,)`.
        promised: amount and ratio of each promise.
    """
    paid = sum(amount * ratio for amount, ratio in promised)
    return paid + np.maximum(need - sum(amount for amount, _ in promised), 0.0)


def best_spend(need: Floats, on_demand: Floats, promised: Floats) -> float:
    """Return the dollars per hour to promise where they cover several machines, as savings plans do.

    They are used up at the promised prices, greatest discount first, which is how AWS applies them (Savings Plans user guide, "How Savings
    Plans apply to your usage"). A dollar more is worth what the machine that it reaches costs on demand over its promised price: the best
    is the least spend at which the mean of that over the hours, nothing where all is covered, is no more than the dollar. For one machine
    this is the quantile of its need.

    Args:
        need: nodes by hour and machine, shape `(n, machines)`.
        on_demand: on-demand prices, shape `(machines,)`.
        promised: prices under the promise, shape `(machines,)`.
    """
    order = np.argsort(promised / on_demand, kind="stable")
    worth = (on_demand / promised)[order]
    ends = np.cumsum(need[:, order] * promised[order], axis=1)
    drops = worth - np.append(worth[1:], 0.0)
    edges, falls = ends.ravel(), np.tile(drops, len(need))
    by_edge = np.argsort(edges, kind="stable")
    left = worth[0] - np.cumsum(falls[by_edge]) / len(need)
    if worth[0] <= 1 + _ROUNDING:
        return 0.0
    return float(edges[by_edge][np.argmax(left <= 1 + _ROUNDING)])


def spend_cost(need: Floats, on_demand: Floats, promised: Floats, spend: float) -> Floats:
    """Return the dollars of each hour with so many promised, shape `(n,)`; the other arguments as in `best_spend`."""
    order = np.argsort(promised / on_demand, kind="stable")
    wanted = need[:, order] * promised[order]
    ends = np.cumsum(wanted, axis=1)
    covered = np.clip(spend - (ends - wanted), 0.0, wanted)
    return spend + ((wanted - covered) * (on_demand / promised)[order]).sum(axis=1)


@dataclass(frozen=True, slots=True)
class Saving:
    """What a promise saves, as a share of the bill without it; negative where it costs more."""

    expected: float
    """On the hours at hand."""
    p10: float
    """Nine of ten resampled histories save more."""
    p90: float
    """One of ten saves more."""


def saving(before: Floats, after: Floats, days: Ints) -> Saving:
    """Return the saving between two bills by hour, with its interval from a bootstrap of whole days.

    Hours of a day resemble each other, so days are drawn, not hours. One day tells nothing of its like: its interval has no width.

    Args:
        before: dollars by hour without the promise, shape `(n,)`.
        after: the same with it.
        days: number of the day of each hour, shape `(n,)`.
    """
    _, place = np.unique(days, return_inverse=True)
    without, with_ = np.bincount(place, before), np.bincount(place, after)
    if not without.sum():
        return Saving(0.0, 0.0, 0.0)
    drawn = np.random.default_rng(_SEED).integers(0, len(without), (RESAMPLES, len(without)))
    bills = without[drawn].sum(axis=1)
    shares = 1 - with_[drawn].sum(axis=1)[bills > 0] / bills[bills > 0]
    low, high = np.quantile(shares, (0.1, 0.9))
    return Saving(float(1 - with_.sum() / without.sum()), float(low), float(high))
