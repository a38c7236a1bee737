"""Ways to decide how many nodes run: ours and its rivals, each knowing at a window only what happened up to it."""

from collections.abc import Callable
from math import isnan

import numpy as np

from lepton_infra.sizing.arrays import Floats, Ints, held, leading_max, trailing_max
from lepton_infra.sizing.simulator import Policy, Setting


def oracle(setting: Setting) -> Policy:
    """Hold what perfect knowledge would."""
    return timetable(setting, setting.nodes(held(setting.values)))


def timetable(setting: Setting, nodes: Ints) -> Policy:
    """Have the nodes that are known beforehand serve in each window, shape `(n,)`: ordered in time, no earlier."""
    hold = leading_max(nodes, setting.lead + 1)
    return Policy(int(hold[0]), lambda place, _demand, _serving, _held: int(hold[min(place + 1, len(hold) - 1)]))


def forecast(setting: Setting, upper: Floats) -> Policy:
    """Follow quantiles made at each window for `lead + 1` windows later, shape `(n,)`."""
    return follow(setting, wanted(setting, upper))


def wanted(setting: Setting, upper: Floats) -> Ints:
    """Return the nodes for quantiles of shape `(n, ...)`; where none is known yet, for the most demand seen so far."""
    seen = np.fmax.accumulate(np.where(np.isnan(setting.values), 0.0, setting.values))
    return setting.nodes(np.where(np.isnan(upper), seen.reshape(-1, *[1] * (upper.ndim - 1)), upper))


def follow(setting: Setting, nodes: Ints) -> Policy:
    """Hold at each window what was wanted for any from the next to the one decided now; shape `(n,)`, by the window of the decision."""
    return steady(trailing_max(nodes, setting.lead + 1))


def steady(hold: Ints) -> Policy:
    """Hold at each window what stands there, whatever happens; shape `(n,)`."""
    return Policy(int(hold[0]), lambda place, _demand, _serving, _held: int(hold[place]))


def static(setting: Setting, before: int, quantile: float = 1.0) -> Policy:
    """Hold a quantile of the history before a window, always; its peak where none is said."""
    level = np.nanquantile(setting.values[:before], quantile, method="higher")
    nodes = int(setting.nodes(np.asarray([level]))[0])
    return Policy(nodes, lambda _place, _demand, _serving, _held: nodes)


def thresholds(setting: Setting, high: float = 0.8, low: float = 0.4, target: float = 0.6) -> Policy:
    """Scale out above `high` utilisation and in below `low`, each time to `target`."""

    def wish(running: int, demand: float) -> int:
        if low * running * setting.capacity <= demand <= high * running * setting.capacity:
            return running
        return _needed(setting, demand / target)

    return _reactive(setting, wish)


def target_tracking(setting: Setting, target: float = 0.7, tolerance: float = 0.1, calm_minutes: float = 30) -> Policy:
    """Hold utilisation at `target` as Kubernetes' horizontal autoscaler does.

    `ceil(running * utilisation / target)` outside the tolerance, and scaling in to the most that was wished within the calm time
    (Kubernetes documentation, "Horizontal Pod Autoscaling", algorithm details).
    """
    calm = max(round(calm_minutes / 60 / setting.hours_per_window), 1)
    recent: list[int] = []

    def wish(running: int, demand: float) -> int:
        ratio = demand / (running * setting.capacity) / target
        bare = running if abs(ratio - 1) <= tolerance else _needed(setting, demand / target)
        recent.append(bare)
        return max(bare, *recent[-calm:]) if bare < running else bare

    return _reactive(setting, wish)


def _reactive(setting: Setting, wish: Callable[[int, float], int]) -> Policy:
    """Run a rule that sees one window at a time and does not scale in while nodes are on their way."""
    first = next((value for value in setting.values.tolist() if not isnan(value)), 0.0)

    def decide(_place: int, demand: float, serving: int, on_hand: int) -> int:
        if isnan(demand):
            return on_hand
        wanted = max(wish(max(serving, 1), demand), 1)
        return max(on_hand, wanted) if on_hand > serving or wanted >= serving else wanted

    return Policy(max(_needed(setting, first), 1), decide)


def _needed(setting: Setting, demand: float) -> int:
    return int(setting.nodes(np.asarray([demand]))[0])
