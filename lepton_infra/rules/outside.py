"""What rules may ask for that stands in no resource: what a month costs, what it cost before, and what the stack file wants.

Whoever runs the rules passes it in: this room stands below the one that prices, and a rule that asks for dollars gets those that
`lepton cost` shows. Nothing is priced before a rule asks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, cast

from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import as_map


class Month(NamedTuple):
    """US dollars for 730 hours of one resource: at the fewest nodes, as planned, at the most."""

    low: float
    expected: float
    high: float


class Open(NamedTuple):
    """Something that a resource is billed for and that has no price yet."""

    why: str
    """The price that is missing, or what decides it and is not known."""
    asked: str
    """A digest of what was asked for, to tell whether two gaps are the same; empty where that is not decided yet."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What the resources of a stack cost; what is billed by use is not in it."""

    months: Mapping[str, Month]
    """By URN, what is priced."""
    gaps: Mapping[str, tuple[Open, ...]]
    """By URN, what has no price yet."""

    @property
    def planned(self) -> float:
        """Return what all that is priced costs as planned, the same whatever the order."""
        return sum(sorted(month.expected for month in self.months.values()))

    @property
    def most(self) -> float:
        """Return what all that is priced costs at the most, the same whatever the order."""
        return sum(sorted(month.high for month in self.months.values()))


Pricing = Callable[[Sequence[Subject]], Bill]
"""Prices the resources of a stack."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What stands around a stack."""

    pricing: Pricing | None = None
    """Prices it; None where nobody does."""
    before: Bill | None = None
    """What it cost before the change that is judged; None where there is nothing to hold it against."""
    wanted: Mapping[str, object] = field(default_factory=dict[str, object])
    """`lepton:stack` of the stack file, as it stands there."""


NOTHING_OUTSIDE: Final = Outside()
"""Where resources are all that is known."""


def wanted_at(wanted: Mapping[str, object], path: str) -> object:
    """Return what the stack file says at a dotted path; None where it says nothing."""
    found: object = dict(wanted)
    for name in path.split("."):
        found = (as_map(found) or {}).get(name)
    return found


def said_in(value: object) -> Mapping[str, object]:
    """Return a value as what a stack file wants; nothing where it is no mapping: the program that reads it says what is wrong."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
