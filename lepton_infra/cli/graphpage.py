"""A graph as a person reads it: components inside one another, and under each its resources by type."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lepton_infra.cli import render
from lepton_infra.config.words import counted, printable

if TYPE_CHECKING:
    from lepton_infra.graph.model import Graph, Resource

_STACK = "pulumi:pulumi:Stack"
_DEEPEST = 20
"""Components inside components; deeper is a circle that somebody wrote by hand."""


def show(graph: "Graph") -> None:
    """Print the graph."""
    children: dict[str, list[Resource]] = {}
    for resource in graph.resources:
        above = resource.parent if resource.parent in graph.by_urn and resource.parent != resource.urn else ""
        children.setdefault(above or "", []).append(resource)
    stacks = {resource.urn for resource in graph.resources if resource.type == _STACK}
    tops = [resource for urn in ("", *stacks) for resource in children.get(urn, []) if resource.urn not in stacks]
    built = graph.built()
    read = sum(resource.external for resource in graph.resources)
    render.say(f"{graph.stack or 'graph'}: {counted(len(built), 'resource')} of {counted(len({one.type for one in built}), 'type')}")
    for line in _lines(tops, children, 1):
        render.say(line)
    if read:
        render.say(f"read and not built: {counted(read, 'resource')}")


def _lines(resources: "list[Resource]", children: "dict[str, list[Resource]]", depth: int) -> Iterator[str]:
    margin = "  " * depth
    leaves = Counter(one.type for one in resources if one.custom and one.urn not in children)
    width = max((len(str(count)) for count in leaves.values()), default=0)
    for token, count in sorted(leaves.items(), key=lambda leaf: (-leaf[1], leaf[0])):
        yield f"{margin}{count:>{width}} x {printable(token)}"
    for resource in sorted((one for one in resources if not one.custom or one.urn in children), key=lambda one: (one.name, one.urn)):
        place = f"  {resource.position}" if resource.position else ""
        yield printable(f"{margin}{resource.name}  {resource.type}{place}")
        if depth < _DEEPEST:
            yield from _lines(children.get(resource.urn, []), children, depth + 1)
