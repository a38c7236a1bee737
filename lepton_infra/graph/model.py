"""Resources and their relations, the common coin of everything that judges, prices, draws or compares."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stands where a value will be known only after the update."""


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """Stands where a secret value is; it may be weighed where a program gave it, and is never written or shown."""

    value: object = field(default=UNKNOWN, repr=False, compare=False)
    """The value in the memory of this process; unknown where it was encrypted or left out."""


@dataclass(frozen=True, slots=True)
class Asset:
    """Stands where a file or an archive is; what is in it is not kept."""

    archive: bool = False
    """Whether it is an archive of files."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the user's code."""

    file: str
    """Relative to the project's directory, with slashes."""
    line: int
    """Counted from 1."""

    def __str__(self) -> str:
        """Return `file:line`, as editors take it."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as a program declared it and a cloud answered."""

    urn: str
    """Its name for the engine, unique in the graph."""
    type: str
    """Pulumi's type token, for instance `aws:s3/bucket:Bucket`."""
    name: str
    """Its name in the program."""
    parent: str | None
    """URN of the resource it belongs to."""
    custom: bool
    """Whether a cloud holds it; components only group others."""
    inputs: Mapping[str, object]
    """What the program asked for, under wire names (camelCase)."""
    outputs: Mapping[str, object]
    """What the cloud answered; empty where nothing was built yet."""
    dependencies: tuple[str, ...]
    """URNs of what it needs."""
    protect: bool
    """Whether the engine refuses to delete it."""
    id: str = ""
    """The cloud's own name of it; empty where it is not built yet."""
    provider: str | None = None
    """URN of the provider that makes it."""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By input, URNs of what it was made from: where the value is unknown, this is what it will refer to."""
    aliases: tuple[str, ...] = ()
    """URNs that it had before."""
    ignore_changes: tuple[str, ...] = ()
    """Paths of inputs whose changes the program leaves to others: what stands there already stays."""
    external: bool = False
    """Whether it exists already and is only read: this stack neither makes nor pays for it."""
    position: Position | None = None
    """Where the user's code declares it."""

    @property
    def kind(self) -> str:
        """Return the type without its package and module, for instance `Bucket`."""
        return self.type.rpartition(":")[2]


@dataclass(frozen=True)
class Graph:
    """All resources of one stack."""

    project: str
    stack: str
    resources: tuple[Resource, ...]

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        """Return every resource under its URN."""
        return {resource.urn: resource for resource in self.resources}

    def of_type(self, token: str) -> Iterator[Resource]:
        """Yield the resources of this type, in the graph's order."""
        return iter(self._by_type.get(token, ()))

    @cached_property
    def _by_type(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.type, []).append(resource)
        return found

    def built(self) -> tuple[Resource, ...]:
        """Return what a cloud is to hold for this stack: no components, no stack, no providers, nothing that is only read."""
        return tuple(
            resource for resource in self.resources if resource.custom and not resource.external and not resource.type.startswith("pulumi:")
        )

    def needs(self, resource: Resource, token: str) -> Iterator[Resource]:
        """Yield what the resource depends on directly, of this type."""
        known = (self.by_urn.get(urn) for urn in resource.dependencies)
        return (other for other in known if other is not None and other.type == token)


def ordered(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return resources so that parents and what one depends on come before it, by URN where that leaves a choice.

    A program registers in the order in which its values resolve, which differs from run to run.
    """
    known = {resource.urn: resource for resource in resources}
    waits = {urn: {need for need in _needs(resource) if need in known and need != urn} for urn, resource in known.items()}
    waiting: dict[str, list[str]] = {}
    for urn, needs in waits.items():
        for need in needs:
            waiting.setdefault(need, []).append(urn)
    ready = sorted(urn for urn, needs in waits.items() if not needs)
    found: dict[str, Resource] = {}
    while ready:
        urn = heapq.heappop(ready)
        found[urn] = known[urn]
        for other in waiting.get(urn, ()):
            waits[other].discard(urn)
            if not waits[other]:
                heapq.heappush(ready, other)
    # A graph that somebody wrote by hand may run in circles.
    return (*found.values(), *(known[urn] for urn in sorted(known.keys() - found.keys())))


def _needs(resource: Resource) -> Iterator[str]:
    if resource.parent:
        yield resource.parent
    if resource.provider:
        yield resource.provider
    yield from resource.dependencies
