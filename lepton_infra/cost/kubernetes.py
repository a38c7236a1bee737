"""What objects of Kubernetes cost beyond the nodes that they run on: load balancers and disks that the cluster orders from its cloud."""

from collections.abc import Iterator
from typing import Final

from lepton_infra.cost.inputs import value
from lepton_infra.cost.kit import Line
from lepton_infra.cost.model import Gap, Reason
from lepton_infra.cost.prices import Prices
from lepton_infra.graph import Graph, Resource

CLOUD: Final = "kubernetes"


def region(_resource: Resource, _graph: Graph) -> object:
    """Return nothing: an object is where its cluster is."""
    return None


def _service(resource: Resource, _: Graph, _prices: Prices) -> Iterator[Line]:
    if value(resource, "spec.type") == "LoadBalancer":
        yield Gap("a load balancer that the cluster orders from its cloud", Reason.NO_PRICE)


def _claim(_resource: Resource, _: Graph, _prices: Prices) -> Iterator[Line]:
    yield Gap("a disk that the cluster orders from its cloud", Reason.NO_PRICE)


PRICERS: Final = {
    "kubernetes:core:PersistentVolumeClaim": _claim,
    "kubernetes:core:Service": _service,
}
