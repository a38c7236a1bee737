"""What stands now and will not stay, the gravest first: what holds something, what is protected, the rest, and what only follows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lepton_infra.graph.diff import Difference
from lepton_infra.graph.document import plain
from lepton_infra.graph.files import as_mapping
from lepton_infra.graph.model import Resource
from lepton_infra.review.held import held_by
from lepton_infra.review.words import why_replaced
from lepton_infra.rules.subject import plain_type

_ALIKE: Final = 0.6
"""Share of inputs that two resources have in common where one is the other under a new name: names differ, settings mostly do not."""
_MOST_PAIRS: Final = 10_000
"""Pairs of one type that are weighed; where there are more, nobody renamed them one by one."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One resource that is deleted, or destroyed and built anew."""

    resource: Resource
    """As it stands in the base."""
    word: str
    """`deleted` or `replaced`."""
    why: tuple[str, str] = ("", "")
    """Inputs that force the replacement, and how sure that is."""
    certain: bool = True
    """Whether it goes whatever unknown values turn out to be."""
    twin: Resource | None = None
    """A new resource that looks like it under another name."""

    @property
    def fate(self) -> str:
        """Return what becomes of it: `is deleted`, `may be replaced`."""
        return f"{'is' if self.certain else 'may be'} {self.word}"

    @property
    def holds(self) -> str:
        """Return what goes with it, as a phrase; empty where nothing does."""
        return held_by(self.resource)


@dataclass(frozen=True, slots=True)
class Losses:
    """All that goes."""

    grave: tuple[Loss, ...]
    """What holds something, or is protected."""
    other: tuple[Loss, ...]
    led: tuple[Loss, ...]
    """What is replaced only because it is made from something that is."""

    def __bool__(self) -> bool:
        """Tell whether anything goes."""
        return bool(self.grave or self.other or self.led)

    @property
    def holding(self) -> tuple[Loss, ...]:
        """Return what something goes with."""
        return tuple(loss for loss in self.grave if loss.holds)


def losses_of(difference: Difference) -> Losses:
    """Return what a change takes away, each part in the order of the graphs; what only follows too is grave where it holds something."""
    twins = _twins(difference.deleted, difference.created)
    deleted = [Loss(one, "deleted", twin=twins.get(one.urn)) for one in difference.deleted]
    replaced = [(Loss(one.before, "replaced", why_replaced(one), certain=one.certain), one.led) for one in difference.replaced]
    everything = [*((loss, False) for loss in deleted), *replaced]
    grave = [loss for loss, _ in everything if loss.holds or loss.resource.protect]
    other = [(loss, led) for loss, led in everything if not (loss.holds or loss.resource.protect)]
    return Losses(
        tuple(sorted(grave, key=lambda loss: not loss.holds)),
        tuple(loss for loss, led in other if not led),
        tuple(loss for loss, led in other if led),
    )


def _twins(deleted: Iterable[Resource], created: Iterable[Resource]) -> Mapping[str, Resource]:
    """Return, by the URN of what is deleted, the new resource of the same type that is most like it, each taken once."""
    gone, come = _by_type(deleted), _by_type(created)
    found: dict[str, Resource] = {}
    for token, old in gone.items():
        new = come.get(token, [])
        if len(old) * len(new) > _MOST_PAIRS:
            continue
        leaves = {one.urn: _leaves(one) for one in (*old, *new)}
        scored = sorted(
            ((_alike(leaves[one.urn], leaves[other.urn]), one, other) for one in old for other in new),
            key=lambda row: (-row[0], row[1].urn, row[2].urn),
        )
        taken: set[str] = set()
        for score, one, other in scored:
            if score >= _ALIKE and one.urn not in found and other.urn not in taken:
                found[one.urn] = other
                taken.add(other.urn)
    return found


def _by_type(resources: Iterable[Resource]) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for resource in resources:
        found.setdefault(plain_type(resource.type), []).append(resource)
    return found


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of leaves that two resources have in common, Jaccard's measure; 0 where neither says anything."""
    return len(one & other) / len(one | other) if one | other else 0.0


def _leaves(resource: Resource) -> frozenset[str]:
    """Return every leaf of the inputs with its place, with the resource's own name taken out of its values."""
    found: set[str] = set()
    waiting = [(name, plain(value)) for name, value in resource.inputs.items() if not name.startswith("__")]
    while waiting:
        path, value = waiting.pop()
        inside = as_mapping(value)
        if inside:
            waiting.extend((f"{path}.{name}", inner) for name, inner in inside.items())
        else:
            said = repr(value)
            found.add(f"{path}={said.replace(resource.name, '*') if resource.name else said}")
    return frozenset(found)
