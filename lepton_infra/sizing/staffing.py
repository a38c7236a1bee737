"""From demand to replicas, and from replicas to nodes: whole numbers, rounded up."""

from dataclasses import dataclass
from math import ceil, floor
from typing import Final

_SLACK: Final = 1e-9
"""Share by which a quotient may exceed a whole number and still be it: demand of 25.2 at 12.6 each is two, whatever the last bit says."""


@dataclass(frozen=True, slots=True)
class NodeShape:
    """What a node of a pool holds."""

    replicas: int
    """Whole replicas on a node: a replica never spans two."""
    per_replica: float
    """Demand that a replica serves."""

    @property
    def capacity(self) -> float:
        """Return the demand that a node serves."""
        return self.replicas * self.per_replica


def shape(gpus: float, gpus_per_replica: int, per_gpu: float) -> NodeShape | None:
    """Return what a node with so many GPUs holds, or None where not one replica fits."""
    replicas = floor(gpus / gpus_per_replica + _SLACK)
    return NodeShape(replicas, per_gpu * gpus_per_replica) if replicas else None


def replicas_for(demand: float, node: NodeShape) -> int:
    """Return the fewest replicas that serve the demand."""
    return max(ceil(demand / node.per_replica * (1 - _SLACK)), 0)


def nodes_for(replicas: int, node: NodeShape, least: int) -> int:
    """Return the fewest nodes that hold the replicas, `least` at least."""
    return max(-(-replicas // node.replicas), least)
