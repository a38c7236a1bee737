"""Machine and count of what runs machines, read from its inputs, its launch template and its schedules, on any cloud."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from lepton_infra.graph.model import Graph, Resource

_MACHINE: Final = frozenset({"instanceType", "instanceTypes", "machineType", "vmSize", "hardwareProfileVmSize"})
_FEWEST: Final = frozenset({"minSize", "minNodeCount", "totalMinNodeCount", "minCount", "minReplicas"})
_WANTED: Final = frozenset(
    {"desiredSize", "desiredCapacity", "initialNodeCount", "nodeCount", "count", "targetSize", "instanceCount", "replicas"}
)
_MOST: Final = frozenset({"maxSize", "maxNodeCount", "totalMaxNodeCount", "maxCount", "maxReplicas"})
_TEMPLATES: Final = frozenset({"LaunchTemplate", "LaunchConfiguration", "InstanceTemplate", "RegionInstanceTemplate"})
_SCHEDULES: Final = frozenset({"Schedule", "Autoscaler", "RegionAutoscaler", "AutoscaleSetting"})
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class Pool:
    """What a group of machines is made of."""

    machines: tuple[str, ...]
    """Machine types, the one asked for first; empty where the graph does not tell."""
    fewest: int | None
    """None where the graph does not tell."""
    most: int | None

    def __str__(self) -> str:
        """Return it as a label has it: `2-9 x p5.48xlarge`; empty where nothing is known."""
        machine = self.machines[0] + (f" or {len(self.machines) - 1} more" if len(self.machines) > 1 else "") if self.machines else ""
        if self.fewest is None or self.most is None:
            return machine
        count = f"{self.fewest:,}" if self.fewest == self.most else f"{self.fewest:,}-{self.most:,}"
        return f"{count} x {machine or 'machine unknown'}"


def pool_of(resource: Resource, graph: Graph, dependents: Mapping[str, tuple[Resource, ...]]) -> Pool:
    """Return what a resource that runs machines is made of.

    Args:
        resource: a node group, a scaling group or a machine.
        graph: where its launch template is.
        dependents: by URN, what depends on it: schedules and autoscalers say other counts over the day.
    """
    templates = [other for urn in resource.dependencies if (other := graph.by_urn.get(urn)) and other.kind in _TEMPLATES]
    machines = _texts(resource) or tuple(machine for template in templates for machine in _texts(template))
    about = [resource, *(other for other in dependents.get(resource.urn, ()) if other.kind in _SCHEDULES)]
    lows = [count for one in about for count in _counts(one, _FEWEST)]
    highs = [count for one in about for count in _counts(one, _MOST)]
    wanted = _counts(resource, _WANTED)
    if not (lows or highs or wanted) and machines:
        return Pool(machines, 1, 1)
    low, high = lows or wanted, [*highs, *(() if highs else wanted)] or lows
    return Pool(machines, min(low, default=None), max([*high, *low], default=None))


def _texts(resource: Resource) -> tuple[str, ...]:
    found = (
        text
        for value in _under(resource.inputs, _MACHINE)
        for text in (cast("list[object]", value) if isinstance(value, list) else [value])
    )
    return tuple(dict.fromkeys(text for text in found if isinstance(text, str) and text))


def _counts(resource: Resource, names: frozenset[str]) -> list[int]:
    values = (value for value in _under(resource.inputs, names) if isinstance(value, int | float | str) and not isinstance(value, bool))
    # A schedule says -1 where it leaves a count as it is.
    return [int(number) for number in map(_number, values) if number is not None and number >= 0]


def _number(value: float | str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < 10**9 else None


def _under(value: object, names: frozenset[str], depth: int = 0) -> Iterator[object]:
    """Yield what stands under one of these names, anywhere in a value."""
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for name, inner in cast("Mapping[str, object]", value).items():
            if name in names:
                yield inner
            if isinstance(inner, dict | list):
                yield from _under(cast("object", inner), names, depth + 1)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _under(inner, names, depth + 1)
