"""A fleet on recorded demand: what a policy decides becomes nodes that boot, serve, are billed and may be lost.

The rules, the same for every policy and for the oracle: at the end of window `t` a policy says how many nodes to hold. What is missing is
ordered, billed from window `t + 1` and serves from `t + 1 + lead`; what is too much stops at once, the youngest first. Every node that is
up serves. A window is violated when its demand needs more nodes than serve. A gap is neither billed nor judged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, isnan
from typing import Final, TypeAlias

import numpy as np

from lepton_infra.sizing.arrays import Flags, Floats, Ints

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

    def short(self, demand: Floats, serving: Ints) -> Flags:
        """Say where demand needs more nodes than serve."""
        if self.staffed:
            return self.staffed(demand) > serving
        return demand > serving * self.capacity * (1 + _ROUNDING)

    def is_short(self, demand: float, serving: int) -> bool:
        """Say whether demand needs more nodes than serve; a gap needs none."""
        return not isnan(demand) and bool(self.short(np.array([demand]), np.array([serving]))[0])

    def last(self, windows: int) -> "Span":
        """Return the last windows."""
        return Span(len(self.values) - windows, len(self.values))


@dataclass(frozen=True, slots=True)
class Span:
    """Windows from `first` up to, not including, `end`."""

    first: int
    """First window."""
    end: int
    """The window after the last."""


Decide: TypeAlias = Callable[[int, float, int, int], int]
"""Given a window's place, its demand (NaN in a gap), the nodes that served in it and those held (booting included): nodes to hold next."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A way to decide. It may remember what it saw, so each run takes a new one."""

    start: int
    """Nodes that serve from the first window on."""
    decide: Decide
    """Called at the end of each window, in order."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What may go wrong, drawn from a seed: the same seed, the same trouble."""

    preempt_per_hour: float = 0.0
    """Chance that a serving node is taken away within an hour, as spot is."""
    stock_out: float = 0.0
    """Chance that a window's order is refused; the policy may ask again in the next window."""
    lead_jitter: float = 0.0
    """Mean of what a node takes longer than the lead time, as a share of it, exponentially distributed, an order's nodes alike."""
    seed: int = 0
    """Of the random numbers."""


CALM: Final = Trouble()
"""Nothing goes wrong."""


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a policy, by window."""

    serving: Ints
    """Nodes that served."""
    billed: Ints
    """Nodes that were paid for, booting ones included."""


@dataclass(frozen=True, slots=True)
class Score:
    """How a policy did over a span, gaps left out."""

    node_hours: float
    """Billed, booting nodes included."""
    violated: float
    """Share of the windows in which demand exceeded the serving nodes."""
    unserved: float
    """Share of the demand that exceeded them."""


def simulate(setting: Setting, policy: Policy, trouble: Trouble = CALM) -> Run:
    """Run a policy over every window."""
    fleet = _Fleet(max(policy.start, setting.least), setting, trouble)
    serving, billed = np.empty(len(setting.values), dtype=np.int64), np.empty(len(setting.values), dtype=np.int64)
    for place, demand in enumerate(setting.values.tolist()):
        fleet.begin(place)
        serving[place], billed[place] = fleet.ready, fleet.held
        fleet.hold(max(policy.decide(place, demand, fleet.ready, fleet.held), setting.least), place)
    return Run(serving, billed)


def score(setting: Setting, run: Run, span: Span) -> Score:
    """Bill and judge a run over a span; of a span without a record nothing can be said against it."""
    demand = setting.values[span.first : span.end]
    known = ~np.isnan(demand)
    demand, serving = demand[known], run.serving[span.first : span.end][known]
    short = setting.short(demand, serving)
    missing = np.where(short, np.maximum(demand - serving * setting.capacity, 0.0), 0.0)
    total = float(demand.sum())
    return Score(
        node_hours=float(run.billed[span.first : span.end][known].sum()) * setting.hours_per_window,
        violated=float(np.mean(short)) if len(short) else 0.0,
        unserved=float(missing.sum()) / total if total else 0.0,
    )


class _Fleet:
    """Nodes that serve and orders on their way."""

    def __init__(self, start: int, setting: Setting, trouble: Trouble) -> None:
        self.ready = start
        self.held = start
        self._lead = setting.lead
        self._trouble = trouble
        self._loss = 1 - (1 - trouble.preempt_per_hour) ** setting.hours_per_window
        self._orders: list[list[int]] = []
        self._random = np.random.default_rng(trouble.seed)

    def begin(self, place: int) -> None:
        """Let nodes come up whose time has come, and take away what is preempted."""
        if self._orders:
            self.ready += sum(count for when, count in self._orders if when <= place)
            self._orders = [order for order in self._orders if order[0] > place]
        if self._loss and self.ready:
            lost = int(np.sum(self._random.random(self.ready) < self._loss))
            self.ready -= lost
            self.held -= lost

    def hold(self, wanted: int, place: int) -> None:
        """Order what is missing or stop what is too much."""
        if wanted > self.held and not (self._trouble.stock_out and self._random.random() < self._trouble.stock_out):
            late = float(self._random.exponential(self._trouble.lead_jitter)) if self._trouble.lead_jitter else 0.0
            self._orders.append([place + 1 + ceil(self._lead * (1 + late) - _ROUNDING), wanted - self.held])
            self.held = wanted
        while self.held > wanted:
            self._stop(self.held - wanted)

    def _stop(self, surplus: int) -> None:
        if not self._orders:
            self.ready -= surplus
            self.held -= surplus
            return
        youngest = self._orders[-1]
        cancelled = min(surplus, youngest[1])
        youngest[1] -= cancelled
        self.held -= cancelled
        if not youngest[1]:
            self._orders.pop()
