"""A graph as boxes inside boxes, nodes and arrows: components, in them networks, in them what matters; the rest is counted.

A node stands for all resources of one type in its box, but for machines and clusters, which stand for themselves. An arrow says that
something in one outermost box needs something in another; what is reached by way of a third is not drawn again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from lepton_infra.config.words import counted
from lepton_infra.graph.draw.detail import LEVELS, MOST_ARROWS, MOST_PARTS, Detail
from lepton_infra.graph.draw.kinds import Role, role_of
from lepton_infra.graph.draw.pools import pool_of
from lepton_infra.graph.model import Graph, Resource

_ALONE: Final = frozenset({Role.MACHINES, Role.CLUSTER, Role.NETWORK})
_ORDER: Final = {
    role: number
    for number, role in enumerate((Role.CLUSTER, Role.MACHINES, Role.NETWORK, Role.SUBNET, Role.DOOR, Role.STORAGE, Role.KEY, Role.OTHER))
}
_Parts = Mapping[str, list[Resource]]
"""What belongs together, by the URN of the component or network that it is in."""
_Listed = list[tuple[str, list[Resource]]]
_DEEPEST: Final = 20
"""Components above a resource; more is a circle that somebody wrote by hand."""


@dataclass(frozen=True, slots=True)
class Node:
    """One thing that is drawn."""

    key: str
    """Its name in the picture: `n1`, `n2`, …"""
    title: str
    """What it is called, or how many there are."""
    detail: str
    """Its kind, or machine and count; may be empty."""
    role: Role
    urns: tuple[str, ...]
    """The resources that it stands for."""


@dataclass(frozen=True)
class Box:
    """What belongs together."""

    key: str
    """Its name in the picture: `b1`, `b2`, …"""
    title: str
    kind: str
    """`component` or `network`."""
    nodes: tuple[Node, ...]
    boxes: "tuple[Box, ...]"

    @property
    def parts(self) -> int:
        """Return how many boxes and nodes are in it, at any depth."""
        return len(self.nodes) + sum(1 + box.parts for box in self.boxes)

    @cached_property
    def urns(self) -> frozenset[str]:
        """Return the resources in it and in what it holds."""
        return frozenset(urn for part in (*self.nodes, *self.boxes) for urn in part.urns)


@dataclass(frozen=True, slots=True)
class Picture:
    """An architecture, ready to be written down."""

    title: str
    top: Box
    """What stands outside of every component is directly in it; its own frame is not drawn."""
    arrows: tuple[tuple[str, str], ...]
    """From what needs to what is needed, by key of a node or box directly in `top`."""
    left_out: int = 0
    """Arrows that are too many to draw."""

    @property
    def about(self) -> str:
        """Return what is in it, for who cannot see it."""
        said = f"{counted(len(self.top.urns), 'resource')} in {counted(len(self.top.boxes), 'component')}"
        return f"{said}; {counted(self.left_out, 'arrow')} more left out" if self.left_out else said


def picture_of(graph: Graph) -> Picture:
    """Return the picture of a graph, the same for the same graph; with as much detail as can still be followed."""
    top = _Maker(graph, LEVELS[0]).box("", graph.built(), "component", 0)
    for detail in LEVELS[1:]:
        if top.parts <= MOST_PARTS:
            break
        top = _Maker(graph, detail).box("", graph.built(), "component", 0)
    arrows = _arrows(top, graph)
    return Picture(graph.stack or "graph", top, tuple(arrows[:MOST_ARROWS]), max(len(arrows) - MOST_ARROWS, 0))


class _Maker:
    """Makes boxes and nodes, and their keys."""

    def __init__(self, graph: Graph, detail: Detail) -> None:
        self._graph = graph
        self._detail = detail
        self._dependents = _dependents(graph)
        self._boxes = self._nodes = 0

    def box(self, title: str, resources: Iterable[Resource], kind: str, depth: int) -> Box:
        """Return the box of these resources, whose components have been followed to this depth."""
        self._boxes += 1
        key = f"b{self._boxes}"
        here: list[Resource] = []
        below: dict[str, list[Resource]] = {}
        for resource in resources:
            path = _components(resource, self._graph)
            if len(path) > depth and depth < self._detail.depth:
                below.setdefault(path[depth], []).append(resource)
            else:
                here.append(resource)
        components, more_components = self._largest(below)
        boxes = [self.box(self._graph.by_urn[urn].name, inside, "component", depth + 1) for urn, inside in components]
        found, loose = self._by_network(here)
        networks, more_networks = self._largest(found)
        boxes += [
            Box(self._box_key(), self._network_title(urn, inside), "network", tuple(self._nodes_of(inside)), ()) for urn, inside in networks
        ]
        nodes = (*self._nodes_of(loose), *self._rest(more_components, "component"), *self._rest(more_networks, "network"))
        return Box(key, title, kind, nodes, tuple(boxes))

    def _largest(self, parts: _Parts) -> tuple[_Listed, _Listed]:
        """Return the parts that get a box, in the order of their URNs, and the rest."""
        ranked = sorted(parts.items(), key=lambda one: (-len(one[1]), one[0]))
        return sorted(ranked[: self._detail.boxes], key=lambda one: one[0]), ranked[self._detail.boxes :]

    def _rest(self, parts: _Listed, noun: str) -> "Iterable[Node]":
        """Yield the node for what has no box of its own, if there is any."""
        if parts:
            urns = tuple(one.urn for _, inside in parts for one in inside)
            yield Node(self._node_key(), f"{len(parts):,} more {noun}s", f"{len(urns):,} resources", Role.OTHER, urns)

    def _box_key(self) -> str:
        self._boxes += 1
        return f"b{self._boxes}"

    def _network_title(self, urn: str, inside: list[Resource]) -> str:
        network = self._graph.by_urn[urn]
        return network.name if network in inside else f"in {network.name}"

    def _by_network(self, resources: list[Resource]) -> tuple[dict[str, list[Resource]], list[Resource]]:
        """Set apart what is worth a node and stands in a network, by the network's URN."""
        networks: dict[str, list[Resource]] = {}
        loose: list[Resource] = []
        for resource in resources:
            role = role_of(resource)
            network = self._network(resource) if role is not Role.OTHER else None
            (networks.setdefault(network, []) if network else loose).append(resource)
        return networks, loose

    def _network(self, resource: Resource, depth: int = 0) -> str | None:
        """Return the network that a resource is put into by one of its inputs, directly or by a subnet."""
        role = role_of(resource)
        if role is Role.NETWORK:
            return resource.urn
        if role in {Role.KEY, Role.STORAGE} or depth > 1:
            return None
        named = dict.fromkeys(urn for urns in resource.property_dependencies.values() for urn in urns)
        needed = [self._graph.by_urn[urn] for urn in (named or dict.fromkeys(resource.dependencies)) if urn in self._graph.by_urn]
        for wanted in (Role.NETWORK, Role.SUBNET):
            found = (self._network(other, depth + 1) for other in needed if role_of(other) is wanted)
            if network := next((one for one in found if one), None):
                return network
        return None

    def _nodes_of(self, resources: list[Resource]) -> "Iterable[Node]":
        """Yield the nodes of one box: what matters by role and name, then how much more there is."""
        groups: dict[tuple[int, str, str], list[Resource]] = {}
        shown = [one for one in resources if role_of(one) is not Role.OTHER]
        many = Counter(one.type for one in shown)
        for one in shown:
            alone = role_of(one) in _ALONE and many[one.type] <= self._detail.alone
            groups.setdefault((_ORDER[role_of(one)], one.type, one.urn if alone else ""), []).append(one)
        ranked = [group for _, group in sorted(groups.items(), key=lambda pair: (pair[0][0], pair[0][1], pair[1][0].name, pair[1][0].urn))]
        yield from map(self._node, ranked[: self._detail.nodes])
        rest = [
            *(one for group in ranked[self._detail.nodes :] for one in group),
            *(one for one in resources if role_of(one) is Role.OTHER),
        ]
        if rest:
            kinds = Counter(one.kind for one in rest).most_common()
            named = ", ".join(kind for kind, _ in kinds[:2]) + (", ..." if len(kinds) > 2 else "")  # noqa: PLR2004 (as many as a line holds)
            yield Node(self._node_key(), f"{len(rest):,} more", named, Role.OTHER, tuple(one.urn for one in rest))

    def _node(self, group: list[Resource]) -> Node:
        first, role = group[0], role_of(group[0])
        urns = tuple(one.urn for one in group)
        if len(group) > 1:
            told = self._pools(group) if role is Role.MACHINES else ""
            return Node(self._node_key(), f"{len(group):,} x {first.kind}", told or _shared(group), role, urns)
        pool = str(pool_of(first, self._graph, self._dependents)) if role is Role.MACHINES else ""
        return Node(self._node_key(), first.name, pool or first.kind, role, urns)

    def _pools(self, group: list[Resource]) -> str:
        """Return what several groups of machines are made of: alike, or which machines are in them."""
        pools = [pool_of(one, self._graph, self._dependents) for one in group]
        if len(set(pools)) == 1:
            return f"each {pools[0]}" if str(pools[0]) else ""
        machines = Counter(machine for pool in pools for machine in pool.machines[:1]).most_common()
        return ", ".join(machine for machine, _ in machines[:2]) + (", ..." if len(machines) > 2 else "")  # noqa: PLR2004 (as many as a line holds)

    def _node_key(self) -> str:
        self._nodes += 1
        return f"n{self._nodes}"


def _shared(group: list[Resource]) -> str:
    """Return what the names of several resources begin with, as far as whole words go."""
    first, last = min(one.name for one in group), max(one.name for one in group)
    length = next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), min(len(first), len(last)))
    return f"{first[:length].rpartition('-')[0]}-*" if "-" in first[:length] else ""


def _dependents(graph: Graph) -> Mapping[str, tuple[Resource, ...]]:
    found: dict[str, list[Resource]] = {}
    for resource in graph.resources:
        for urn in resource.dependencies:
            found.setdefault(urn, []).append(resource)
    return {urn: tuple(resources) for urn, resources in found.items()}


def _components(resource: Resource, graph: Graph) -> list[str]:
    """Return the URNs of the components that a resource is in, the outermost first."""
    path: list[str] = []
    above = graph.by_urn.get(resource.parent or "")
    while above and above.urn not in path and above.urn != resource.urn and len(path) <= _DEEPEST:
        if not above.custom and above.type != "pulumi:pulumi:Stack":
            path.append(above.urn)
        above = graph.by_urn.get(above.parent or "")
    return path[::-1]


def _arrows(top: Box, graph: Graph) -> list[tuple[str, str]]:
    place = {urn: part.key for part in (*top.nodes, *top.boxes) for urn in part.urns}
    pairs = {
        (place[resource.urn], place[urn])
        for resource in graph.resources
        for urn in resource.dependencies
        if resource.urn in place and urn in place and place[resource.urn] != place[urn]
    }
    order = {part.key: number for number, part in enumerate((*top.nodes, *top.boxes))}
    return sorted(_fewest(pairs), key=lambda pair: (order[pair[0]], order[pair[1]]))


def _fewest(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Leave out arrows that others lead around; where parts need each other in a circle, all of theirs stay."""
    targets: dict[str, set[str]] = {}
    for source, target in pairs:
        targets.setdefault(source, set()).add(target)
    reach = {source: _reached(source, targets) for source in targets}
    nothing: set[str] = set()
    return {
        (source, target)
        for source, target in pairs
        if source in reach.get(target, nothing)
        or not any(target in reach.get(other, nothing) and source not in reach.get(other, nothing) for other in targets[source] - {target})
    }


def _reached(start: str, targets: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = targets.get(waiting.pop(), set()) - found
        found |= new
        waiting.extend(new)
    return found
