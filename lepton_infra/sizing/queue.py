"""Replicas as slots of one queue: from demand to the replicas that keep a promise, and how hot they may run.

Requests are taken to wait in one queue in front of all replicas, or to be sent to the least loaded, and to arrive at random within
a window around its busiest moment. Service times are taken as exponential; those of requests that differ less wait less.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lepton_infra.sizing.arrays import Floats, Ints
from lepton_infra.sizing.erlang import Promise, largest_loads, servers_for

_SLACK = 1e-9
_SHORTEST = 32


@dataclass(frozen=True, slots=True)
class Queue:
    """What a replica is to the queue."""

    slots: int
    """Requests that a replica serves side by side, at least 1."""
    seconds: float
    """How long a request holds its slot, mean."""
    promise: Promise
    """What is promised about waiting."""
    peak_to_mean: float = 1.0
    """Busiest moment over the mean inside a window, at least 1."""

    def replicas(self, demand: Floats) -> Ints:
        """Return the fewest replicas that keep the promise at each demand in requests per second, shape as given."""
        loads = demand * (self.peak_to_mean * self.seconds) * (1 - _SLACK)
        most = float(np.max(loads, initial=0.0))
        table = _table(self.slots, self.promise, most)
        return np.searchsorted(table, loads, side="left").astype(np.int64)

    def one(self, demand: float) -> int:
        """Return the fewest replicas that keep the promise at one demand in requests per second."""
        return -(-servers_for(demand * self.peak_to_mean * self.seconds * (1 - _SLACK), self.promise) // self.slots)

    def utilisation(self, replicas: int) -> float:
        """Return the mean share of busy slots up to which so many replicas keep the promise; 0 for none."""
        if not replicas:
            return 0.0
        servers = np.asarray([replicas * self.slots])
        return float(largest_loads(servers, self.promise)[0] / servers[0] / self.peak_to_mean)


def _table(slots: int, promise: Promise, most: float) -> Floats:
    """Return a table that reaches the largest load; few lengths are possible, so that few tables are made."""
    length = _SHORTEST
    while length * slots <= most or _loads(slots, promise, length)[-1] < most:
        length += length // 4
    return _loads(slots, promise, length)


@lru_cache(maxsize=64)
def _loads(slots: int, promise: Promise, most: int) -> Floats:
    """Return the largest load that 0, 1, 2 ... replicas serve, shape `(most + 1,)`."""
    return np.concatenate([[0.0], largest_loads(np.arange(1, most + 1) * slots, promise)])
