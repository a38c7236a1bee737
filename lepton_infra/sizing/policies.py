"""Ways to decide how many nodes run: ours and its rivals, each knowing at a window only what happened up to it.

The rules of the comparison: a node ordered at the end of window `t` serves from window `t + 1 + lead` and is billed from `t + 1`;
one that is given up stops at `t + 1`. A window is violated when its demand needs more nodes than serve.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats, Ints, held, leading_max

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Setting:
    """What the policies share."""

    values: Floats
    """Demand by window, NaN for gaps."""
    capacity: float
    """Demand that a node serves."""
    lead: int
    """Windows from ordering a node until it serves."""
    least: int
    """Fewest nodes."""
    hours_per_window: float
    """Length of a window in hours."""
    staffed: Callable[[Floats], Ints] | None = None
    """Nodes that keep a promise about waiting at each demand; None serves demand to the last of the capacity."""

    def nodes(self, demand: Floats) -> Ints:
        """Return the fewest nodes that serve each demand."""
        if self.staffed:
            return np.maximum(self.staffed(demand), self.least)
        return np.maximum(np.ceil(demand / self.capacity * (1 - _ROUNDING)).astype(np.int64), self.least)


@dataclass(frozen=True, slots=True)
class Score:
    """How a policy did on the last windows."""

    node_hours: float
    """Billed, booting nodes included."""
    violated: float
    """Share of the recorded windows in which demand exceeded the serving nodes."""


def score(setting: Setting, serving: Ints, last: int) -> Score:
    """Bill and judge nodes serving by window, shape `(n,)`, on the last windows; gaps are billed but not judged."""
    billed = leading_max(serving, setting.lead + 1)[-last:]
    demand, nodes = setting.values[-last:], serving[-last:]
    recorded = ~np.isnan(demand)
    short = setting.nodes(demand[recorded]) > nodes[recorded]
    return Score(float(billed.sum()) * setting.hours_per_window, float(np.mean(short)) if len(short) else 0.0)


def oracle(setting: Setting) -> Ints:
    """Return what perfect knowledge would run."""
    return setting.nodes(held(setting.values))


def forecast(setting: Setting, upper: Floats) -> Ints:
    """Return what follows from quantiles made at each window for `lead + 1` windows later.

    Until the first quantile is known, the most demand seen so far rules.
    """
    seen = np.fmax.accumulate(np.where(np.isnan(setting.values), 0.0, setting.values))
    wanted = setting.nodes(np.where(np.isnan(upper), seen, upper))
    horizon = setting.lead + 1
    return np.concatenate([np.full(min(horizon, len(wanted)), wanted[0]), wanted[:-horizon]])


def static(setting: Setting, last: int) -> Ints:
    """Return the peak of the history before the last windows, always."""
    peak = np.nanmax(setting.values[:-last])
    return np.full(len(setting.values), setting.nodes(np.asarray([peak]))[0])


def thresholds(setting: Setting, high: float = 0.8, low: float = 0.4, target: float = 0.6) -> Ints:
    """Scale out above `high` utilisation and in below `low`, each time to `target`."""

    def wish(running: int, demand: float, _recent: list[int]) -> int:
        if low <= demand / (running * setting.capacity) <= high:
            return running
        return int(setting.nodes(np.asarray([demand / target]))[0])

    return _react(setting, wish)


def target_tracking(setting: Setting, target: float = 0.7, tolerance: float = 0.1, calm_minutes: float = 30) -> Ints:
    """Hold utilisation at `target` as Kubernetes' horizontal autoscaler does.

    `ceil(running * utilisation / target)` outside the tolerance, and scaling in to the most that was wished within the calm time
    (Kubernetes documentation, "Horizontal Pod Autoscaling", algorithm details).
    """
    calm = max(round(calm_minutes / 60 / setting.hours_per_window), 1)

    def wish(running: int, demand: float, recent: list[int]) -> int:
        ratio = demand / (running * setting.capacity) / target
        bare = running if abs(ratio - 1) <= tolerance else int(setting.nodes(np.asarray([demand / target]))[0])
        recent.append(bare)
        return max(bare, *recent[-calm:]) if bare < running else bare

    return _react(setting, wish)


def _react(setting: Setting, wish: Callable[[int, float, list[int]], int]) -> Ints:
    """Run a rule that sees one window at a time: more serves after the lead time, less at once."""
    values, lead = setting.values, setting.lead
    first = next((value for value in values.tolist() if not isnan(value)), 0.0)
    serving = np.full(len(values) + lead + 1, max(int(setting.nodes(np.asarray([first]))[0]), 1))
    recent: list[int] = []
    for place, demand in enumerate(values.tolist()):
        if isnan(demand):
            continue
        running = int(serving[place])
        wanted = max(wish(running, demand, recent), setting.least, 1)
        if wanted > running:
            serving[place + 1 + lead :] = np.maximum(serving[place + 1 + lead :], wanted)
        elif wanted < running and int(serving[-1]) <= running:
            serving[place + 1 :] = wanted
    return serving[: len(values)]
