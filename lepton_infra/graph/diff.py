"""Graph against graph: what would be created, changed, replaced and deleted, honest about values that are not known yet.

A resource is the same where its URN is, or where the new one names the old URN among its aliases; the names of stack and project are left
out, so that a graph can be held against that of another stack. Only what a cloud holds is compared, and of that not what the program leaves
to others (`ignore_changes`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from lepton_infra.graph.document import plain
from lepton_infra.graph.files import as_mapping
from lepton_infra.graph.model import UNKNOWN, Graph, Resource, Secret, Unknown
from lepton_infra.graph.paths import dotted, under, within

ABSENT: Final = None
"""Stands where there is no value; Pulumi drops an input that is null."""
_SHORTEST_URN: Final = 4


@dataclass(frozen=True, slots=True)
class Forcing:
    """What is known of a resource type's way to change."""

    paths: frozenset[str] = frozenset()
    """Inputs, as dotted wire paths without indices, that cannot change in place."""
    sets: frozenset[str] = frozenset()
    """Lists whose order means nothing."""
    known: bool = True
    """Whether somebody wrote this down for the type; else it is a guess from how such inputs are mostly named."""


ForcingOf = Callable[[str], Forcing]
"""Says of a type token what forces a replacement."""


@dataclass(frozen=True, slots=True)
class Change:
    """One input that differs."""

    path: str
    """Where: `scalingConfig.maxSize`, `ingress[0].cidrBlocks`, `tags["a.b"]`."""
    old: object
    """As JSON has it, with marks for what is unknown, secret or a file; None where there was none."""
    new: object
    """Likewise; None where there is none any more."""
    certain: bool
    """Whether both values are known; else they may turn out to be the same."""
    forces: bool
    """Whether the resource has to be replaced for it."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A resource that is there before and after, and not the same."""

    before: Resource
    resource: Resource
    changes: tuple[Change, ...]
    """In the order of their paths."""
    guessed: bool
    """Whether nobody wrote down what forces a replacement of this type."""
    follows: tuple[str, ...] = ()
    """URNs of replaced resources that what forces a replacement is made from."""

    @property
    def replaced(self) -> bool:
        """Whether something that differs, or may differ, cannot change in place."""
        return any(change.forces for change in self.changes)

    @property
    def led(self) -> bool:
        """Whether it is replaced for no reason of its own, only because something else is."""
        return bool(self.follows) and not any(change.forces and change.certain for change in self.changes)

    @property
    def certain(self) -> bool:
        """Whether it is replaced, or changed, whatever the unknown values turn out to be."""
        counting = [change for change in self.changes if change.forces or not self.replaced]
        return any(change.certain for change in counting) and not (self.replaced and self.guessed)


@dataclass(frozen=True, slots=True)
class Difference:
    """What leads from one graph to another."""

    created: tuple[Resource, ...]
    deleted: tuple[Resource, ...]
    changed: tuple[Changed, ...]
    """Replaced ones among them."""
    same: int
    """How many resources stay as they are."""

    @property
    def replaced(self) -> tuple[Changed, ...]:
        """Return what has to be, or may have to be, built anew."""
        return tuple(changed for changed in self.changed if changed.replaced)

    @property
    def updated(self) -> tuple[Changed, ...]:
        """Return what changes in place."""
        return tuple(changed for changed in self.changed if not changed.replaced)

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.created or self.deleted or self.changed)


def key_of(urn: str) -> str:
    """Return a URN without stack and project: what a resource is called in any stack of any project."""
    parts = urn.split("::", maxsplit=2)
    return parts[2] if len(parts) == _SHORTEST_URN - 1 else urn


def compare(old: Graph, new: Graph, forcing: ForcingOf) -> Difference:
    """Return what leads from the old graph to the new one; every part in the order of its graph.

    A resource whose input is made from one that is replaced changes with it, as the engine says in a preview.

    Args:
        old: the base.
        new: what is wanted now; parents and what is depended on come first, as every reader gives them.
        forcing: what forces a replacement, by type token.
    """
    before = {key_of(resource.urn): resource for resource in old.built()}
    after = new.built()
    names = {key_of(resource.urn) for resource in after}
    pairs = {resource.urn: _before(resource, before, names) for resource in after}
    replaced: set[str] = set()
    changed: list[Changed] = []
    for resource in after:
        other = pairs[resource.urn]
        found = _changed(other, resource, forcing(resource.type), replaced) if other else None
        if found:
            changed.append(found)
            replaced.update([resource.urn] if found.replaced else ())
    kept = {other.urn for other in pairs.values() if other}
    return Difference(
        created=tuple(resource for resource in after if pairs[resource.urn] is None),
        deleted=tuple(resource for resource in before.values() if resource.urn not in kept),
        changed=tuple(changed),
        same=len(kept) - len(changed),
    )


def _before(resource: Resource, before: Mapping[str, Resource], names: set[str]) -> Resource | None:
    own = before.get(key_of(resource.urn))
    former = (before[key] for key in map(key_of, resource.aliases) if key in before and key not in names)
    return own or next(former, None)


def _changed(before: Resource, resource: Resource, forcing: Forcing, replaced: set[str]) -> Changed | None:
    follows = {
        name: tuple(urn for urn in urns if urn in replaced)
        for name, urns in resource.property_dependencies.items()
        if any(urn in replaced for urn in urns)
    }
    found: list[Change] = []
    for name in sorted({*before.inputs, *resource.inputs}):
        if name.startswith("__"):
            continue
        pair = _Pair(
            before.inputs.get(name), resource.inputs.get(name), same_source=name not in follows and _same_source(before, resource, name)
        )
        found += (change for change in _changes(pair, under("", name), forcing) if not _ignored(change.path, resource))
    if not found:
        return None
    cause = {urn for change in found if change.forces for urn in follows.get(_root(change.path), ())}
    return Changed(before, resource, tuple(found), guessed=not forcing.known, follows=tuple(sorted(cause)))


def _ignored(path: str, resource: Resource) -> bool:
    return any(within(path, ignored) for ignored in resource.ignore_changes)


def _same_source(before: Resource, resource: Resource, name: str) -> bool:
    """Tell whether an input is made from the same resources in both graphs: where it is unknown in both, it counts as unchanged."""
    sources = (before.property_dependencies.get(name, ()), resource.property_dependencies.get(name, ()))
    return set(map(key_of, sources[0])) == set(map(key_of, sources[1]))


@dataclass(frozen=True, slots=True)
class _Pair:
    old: object
    new: object
    same_source: bool

    def of(self, old: object, new: object) -> "_Pair":
        return _Pair(old, new, self.same_source)


def _changes(pair: _Pair, path: str, forcing: Forcing) -> Iterator[Change]:
    old, new = pair.old, pair.new
    if isinstance(old, dict) and isinstance(new, dict):
        ours, theirs = as_mapping(cast("object", old)), as_mapping(cast("object", new))
        for name in sorted({*ours, *theirs}):
            yield from _changes(pair.of(ours.get(name), theirs.get(name)), under(path, name), forcing)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(pair, cast("list[object]", old), cast("list[object]", new), path, forcing)
    elif (certain := _differ(pair.old, pair.new, same_source=pair.same_source)) is not None:
        yield Change(path, plain(pair.old), plain(pair.new), certain, _forces(path, forcing))


def _of_lists(pair: _Pair, old: list[object], new: list[object], path: str, forcing: Forcing) -> Iterator[Change]:
    if dotted(path) in forcing.sets and pair.same_source:
        spelled = [sorted(repr(plain(item)) for item in items) for items in (old, new)]
        if spelled[0] == spelled[1]:
            return
    both = min(len(old), len(new))
    for index in range(both):
        yield from _changes(pair.of(old[index], new[index]), f"{path}[{index}]", forcing)
    # A list never grows or shrinks by what its items turn out to be, so that these differ for certain.
    for index in range(both, max(len(old), len(new))):
        one, other = (plain(items[index]) if index < len(items) else ABSENT for items in (old, new))
        if one is not None or other is not None:
            yield Change(f"{path}[{index}]", one, other, certain=True, forces=_forces(path, forcing))


def _differ(old: object, new: object, *, same_source: bool) -> bool | None:
    """Return True where values differ, False where they may once they are known, None where they are the same."""
    one, other = (value.value if isinstance(value, Secret) else value for value in (old, new))
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return None if one == other == UNKNOWN and same_source else False
    if (old is ABSENT) != (new is ABSENT):
        return True
    return True if isinstance(old, Secret) != isinstance(new, Secret) or not _equal(one, other) else None


def _equal(one: object, other: object) -> bool:
    """Tell whether JSON values are equal; `true` is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _forces(path: str, forcing: Forcing) -> bool:
    steps = dotted(path).split(".")
    return any(".".join(steps[:depth]) in forcing.paths for depth in range(1, len(steps) + 1))


def _root(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]
