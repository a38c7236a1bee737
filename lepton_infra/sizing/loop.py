"""What a plan becomes at run time: floors planned a day ahead, and a fast loop above them that follows load.

The loop is a table: how many nodes are enough for which load. A fleet gets nodes for its load and some to spare that grow with the root of
it, as square-root staffing has it (Halfin and Whitt 1981): the load of many nodes is the steadier, so a large fleet may run hotter. What is
missing is ordered at once. What is too much goes bit by bit, and only where more is left than a margin wider than the one for ordering, for
load that fell in a window often comes back in the next. Nothing goes while something is on its way.

Every part of it is what EC2 Auto Scaling can do (`lepton_components.aws.follow` writes it down): step scaling to exact sizes, and simple
scaling by a share with a cooldown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isnan
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats, Ints, leading_max
from lepton_infra.sizing.simulator import Policy, Setting

LEAST_CALM_MINUTES: Final = 10
"""Shortest wait between two times that nodes are let go: two of the shortest windows."""
MOST_CALM_MINUTES: Final = 24 * 60
"""Longest wait: what a day asks for must not be kept for the next."""
MOST_SIZES: Final = 100
"""Sizes that a table has at most: five step policies of 20 steps each (EC2 Auto Scaling user guide, "Quotas")."""
_DIGITS: Final = 6
_HALVINGS: Final = 60
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Limits:
    """What the loop keeps to whatever it is tuned to."""

    calm: int
    """Windows between two times that nodes are let go, 1 or more."""
    most: int
    """Most nodes, whatever demand asks for."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """How the loop decides."""

    margin: float
    """Nodes to spare for a load that keeps one node busy, above 0; they grow with the root of the load."""
    spare: float
    """Times the margin that must be left when nodes go, 1 or more."""
    release_percent: int
    """Share of the nodes that goes at a time, in percent, but one node at least."""
    limits: Limits
    """What it keeps to."""


CAUTIOUS: Final = (2.0, 1.5, 20)
"""Margin, spare and percent where the history is too short to measure them: a lone node gets two to spare, sixteen get eight."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The table: sizes and the loads that they are enough for, in nodes' worth: demand over the capacity of a node."""

    sizes: Ints
    """Sizes that the loop goes to, rising, shape `(s,)`."""
    out_above: Floats
    """Load above which a size is too small, rising, shape `(s,)`."""
    in_below: Floats
    """Load up to which a size is enough for nodes to go, not above `out_above`, shape `(s,)`."""

    def enough(self, load: float) -> int:
        """Return the size to order for a load; the largest where none is enough."""
        return int(self.sizes[min(int(np.searchsorted(self.out_above, load)), len(self.sizes) - 1)])

    def left(self, load: float) -> int:
        """Return the size that must be left of a fleet at a load; the largest where none is enough."""
        return int(self.sizes[min(int(np.searchsorted(self.in_below, load)), len(self.sizes) - 1)])


def calm_minutes(lead_minutes: int) -> int:
    """Return how long to wait between letting nodes go: one that goes too early is missed for the lead time, so twice that."""
    return min(max(2 * lead_minutes, LEAST_CALM_MINUTES), MOST_CALM_MINUTES)


def calm_windows(lead_minutes: int, hours_per_window: float) -> int:
    """Return the same in windows, rounded up."""
    return max(ceil(calm_minutes(lead_minutes) / 60 / hours_per_window - _ROUNDING), 1)


def sizes(least: int, most: int) -> Ints:
    """Return the sizes that a loop goes to: `least`, 1 at least, to `most`, `MOST_SIZES` of them at most, evenly in their logarithm."""
    least = max(min(least, most), 1)
    if most - least < MOST_SIZES:
        return np.arange(least, most + 1)
    # Small sizes are as far apart as whole nodes are, so a few of those wanted fall together; the rest go between the larger ones.
    wanted = MOST_SIZES
    while len(found := np.unique(np.ceil(np.geomspace(least, most, wanted) * (1 - _ROUNDING)).astype(np.int64))) < MOST_SIZES:
        wanted += MOST_SIZES - len(found)
    return found[:MOST_SIZES] if found[MOST_SIZES - 1] == most else np.append(found[: MOST_SIZES - 1], most)


def full_loads(setting: Setting, counts: Ints) -> Floats:
    """Return the most load that each count of nodes serves with nothing to spare, in nodes' worth, shape as given."""
    if setting.staffed is None:
        return counts.astype(np.float64)
    low, high = np.zeros(len(counts)), counts.astype(np.float64)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        kept = setting.staffed(middle * setting.capacity) <= counts
        low, high = np.where(kept, middle, low), np.where(kept, high, middle)
    return low


def with_margin(full: Floats, margin: float) -> Floats:
    """Return the load `l` at which `l + margin * sqrt(l)` is each full load, shape as given."""
    root = (np.sqrt(margin**2 + 4 * full) - margin) / 2
    return np.round(root**2, _DIGITS)


def steps(setting: Setting, tracking: Tracking) -> Steps:
    """Return the table of a loop."""
    of = sizes(setting.least, tracking.limits.most)
    full = full_loads(setting, of)
    return Steps(of, with_margin(full, tracking.margin), with_margin(full, tracking.margin * tracking.spare))


def gone(serving: int, release_percent: int) -> int:
    """Return how many nodes go at a time: the share of those serving, rounded down, but one at least.

    EC2 Auto Scaling rounds so (API reference, "ScalingPolicy", `PercentChangeInCapacity`).
    """
    return max(serving * release_percent // 100, 1)


def floor_and_loop(setting: Setting, floors: Ints, tracking: Tracking, later: Sequence[tuple[int, Tracking]] = ()) -> Policy:
    """Have the floors serve in their windows, shape `(n,)`, ordered in time, and more while load asks for it.

    What is on its way is counted, so nothing is ordered twice.

    Args:
        setting: what policies share.
        floors: fewest nodes by window.
        tracking: how the loop decides at first.
        later: how it decides from each of these windows on, rising; within the same limits.
    """
    calm, most = tracking.limits.calm, tracking.limits.most
    hold = np.minimum(leading_max(floors, setting.lead + 1), most)
    rules = {place: (steps(setting, each), each.release_percent) for place, each in ((0, tracking), *later)}
    table, percent = rules[0]
    free = 0

    def decide(place: int, demand: float, serving: int, held: int) -> int:
        nonlocal free, table, percent
        table, percent = rules.get(place, (table, percent))
        floor = int(hold[min(place + 1, len(hold) - 1)])
        if isnan(demand):
            return max(floor, held)
        load = demand / setting.capacity
        wanted = table.enough(load)
        if wanted > serving:
            return min(max(floor, held, wanted), most)
        left = serving - gone(serving, percent)
        if held <= serving and place >= free and left >= table.left(load):
            free = place + calm
            return min(max(floor, left), most)
        return min(max(floor, held), most)

    return Policy(max(int(hold[0]), int(table.sizes[0])), decide)
