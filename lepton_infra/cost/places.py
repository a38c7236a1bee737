"""Which component of a program the money is for."""

from collections.abc import Mapping

from lepton_infra.cost.model import Cost, Range
from lepton_infra.graph import Graph

_STACK = "pulumi:pulumi:Stack"
_DEEPEST = 100
"""Parents above parents; more is a circle that somebody wrote by hand."""


def component(graph: Graph, urn: str) -> str:
    """Return the name of the outermost component that a resource belongs to; its own name where it belongs to none."""
    found = graph.by_urn[urn]
    for _ in range(_DEEPEST):
        above = graph.by_urn.get(found.parent or "")
        if above is None or above.type == _STACK:
            break
        found = above
    return found.name


def by_component(graph: Graph, cost: Cost) -> Mapping[str, Range]:
    """Return what each component costs, US dollars per month, dearest first."""
    sums: dict[str, Range] = {}
    for urn, usd in sorted(cost.by_resource().items()):
        name = component(graph, urn)
        sums[name] = sums.get(name, Range.always(0.0)) + usd
    return dict(sorted(sums.items(), key=lambda one: (-one[1].expected, -one[1].high, one[0])))
