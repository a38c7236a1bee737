"""Resources and their relations, the common coin of everything that prices, draws or compares."""

from collections.abc import Iterator, Mapping
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
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By input, URNs of what it was made from: where the value is unknown, this is what it will refer to."""
    provider: str | None = None
    """URN of the provider that makes it."""
    id: str = ""
    """The cloud's own name of it; empty where it is not built yet."""

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
        return (resource for resource in self.resources if resource.type == token)

    def built(self) -> tuple[Resource, ...]:
        """Return what a cloud holds: no components, no stack, no providers."""
        return tuple(resource for resource in self.resources if resource.custom and not resource.type.startswith("pulumi:"))

    def needs(self, resource: Resource, token: str) -> Iterator[Resource]:
        """Yield what the resource depends on directly, of this type."""
        known = (self.by_urn.get(urn) for urn in resource.dependencies)
        return (other for other in known if other is not None and other.type == token)
