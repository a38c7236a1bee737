"""One bill against another: what a change costs, resource by resource."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lepton_infra.cost.model import Cost, Range
from lepton_infra.graph import Graph, Resource

_NOTHING = Range.always(0.0)


class Change(StrEnum):
    """What became of a resource that costs money, or that nobody could price."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Side:
    """A resource on one of the two bills."""

    usd_per_month: Range | None
    """What is priced of it; None where nothing is."""
    open: tuple[str, ...]
    """What is not priced, each with why."""
    basis: tuple[str, ...] = field(default=(), compare=False)
    """How the sum came about, a text for each of its parts: the same sum in other words is no change."""


@dataclass(frozen=True, slots=True)
class Row:
    """What changed for one resource."""

    change: Change
    type: str
    """Type token."""
    name: str
    """Its name in the program."""
    before: Side | None
    """None where it was not there."""
    after: Side | None
    """None where it is there no longer."""

    @property
    def usd_per_month(self) -> Range:
        """Return what is priced of it after the change, less what was before it."""
        return _priced(self.after) - _priced(self.before)


@dataclass(frozen=True, slots=True)
class Difference:
    """One bill against another."""

    rows: tuple[Row, ...]
    """What changed, dearest first."""
    before: Range
    """What the earlier bill came to, US dollars per month."""
    after: Range
    """What the later bill comes to."""
    kg_co2e: Range
    """What the machines cause more, kilograms of CO2 equivalent per month."""

    @property
    def usd_per_month(self) -> Range:
        """Return what the later costs more."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Billed:
    """A graph with its bill."""

    graph: Graph
    cost: Cost


def compare(before: Billed, after: Billed) -> Difference:
    """Return what changed from one bill to the other, resource by resource.

    A resource is the same where type, place among its parents and name are, whatever project and stack are called, or where it says that
    it had the other's URN before.
    """
    old, new = _sides(before), _sides(after)
    renamed = _renamed(after.graph)
    names = {_key(one.urn): one for one in (*before.graph.built(), *after.graph.built())}
    then = {renamed.get(key, key): key for key in old}
    rows = [_row(names[key], old.get(then.get(key, key)), new.get(key)) for key in sorted({*then, *new})]
    moved = [row for row in rows if row is not None]
    return Difference(
        tuple(sorted(moved, key=lambda row: (-abs(row.usd_per_month.expected), -abs(row.usd_per_month.high), row.type, row.name))),
        before.cost.total,
        after.cost.total,
        after.cost.kg_co2e - before.cost.kg_co2e,
    )


def _row(resource: Resource, before: Side | None, after: Side | None) -> Row | None:
    if before == after:
        return None
    change = Change.ADDED if before is None else Change.REMOVED if after is None else Change.CHANGED
    return Row(change, resource.type, resource.name, before, after)


def _sides(billed: Billed) -> Mapping[str, Side]:
    """Return every resource that costs money or that could not be priced, by its key."""
    open_ones: dict[str, list[str]] = {}
    for one in billed.cost.unpriced:
        for urn in one.urns:
            open_ones.setdefault(urn, []).append(one.why)
    basis: dict[str, list[str]] = {}
    for item in billed.cost.items:
        basis.setdefault(item.urn, []).append(item.basis)
    priced = billed.cost.by_resource()
    return {
        _key(urn): Side(priced.get(urn), tuple(sorted(open_ones.get(urn, ()))), tuple(basis.get(urn, ())))
        for urn in {**priced, **open_ones}
    }


def _renamed(graph: Graph) -> Mapping[str, str]:
    """Return the key that a resource has now by each key that it had before."""
    return {_key(alias): _key(one.urn) for one in graph.resources for alias in one.aliases}


def _key(urn: str) -> str:
    """Return a URN without stack and project: `urn:pulumi:<stack>::<project>::<types>::<name>`."""
    return urn.split("::", 2)[-1]


def _priced(side: Side | None) -> Range:
    return side.usd_per_month if side and side.usd_per_month else _NOTHING
