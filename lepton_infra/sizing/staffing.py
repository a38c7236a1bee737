"""From demand to replicas, and from replicas to nodes: whole numbers, rounded up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats, Ints
from lepton_infra.sizing.queue import Queue

_SLACK: Final = 1e-9
"""Share by which a quotient may exceed a whole number and still be it: demand of 25.2 at 12.6 each is two, whatever the last bit says."""


@dataclass(frozen=True, slots=True)
class NodeShape:
    """What a node of a pool holds."""

    replicas: int
    """Whole replicas on a node: a replica never spans two."""
    per_replica: float
    """Demand that a replica serves with nothing to spare."""
    queue: Queue | None = None
    """How replicas are staffed so that waiting stays rare; None serves demand to the last replica."""

    @property
    def capacity(self) -> float:
        """Return the demand that a node serves."""
        return self.replicas * self.per_replica


def shape(gpus: float, gpus_per_replica: int, per_replica: float, queue: Queue | None = None) -> NodeShape | None:
    """Return what a node with so many GPUs holds, or None where not one replica fits."""
    replicas = floor(gpus / gpus_per_replica + _SLACK)
    return NodeShape(replicas, per_replica, queue) if replicas else None


def replicas_for(demand: Sequence[float], node: NodeShape) -> tuple[int, ...]:
    """Return the fewest replicas that serve each demand and keep what was promised about waiting."""
    if node.queue:
        return tuple(node.queue.replicas(np.asarray(demand, dtype=np.float64)).tolist())
    return tuple(max(ceil(each / node.per_replica * (1 - _SLACK)), 0) for each in demand)


def nodes_for(replicas: int, node: NodeShape, least: int) -> int:
    """Return the fewest nodes that hold the replicas, `least` at least."""
    return max(-(-replicas // node.replicas), least)


def staffed(node: NodeShape) -> Callable[[Floats], Ints] | None:
    """Return how nodes follow from demand where replicas are staffed for a promise; None where capacity alone counts."""
    queue = node.queue
    return (lambda demand: -(-queue.replicas(demand) // node.replicas)) if queue else None
