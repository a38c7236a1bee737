"""What a graph costs per month, item by item, with what could not be priced beside it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What the money is for."""

    COMPUTE = "compute"
    DISKS = "disks"
    CONTROL_PLANE = "control plane"
    NETWORK = "network"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Range:
    """US dollars per month of 730 hours: at the fewest nodes, as scheduled, at the most."""

    low: float
    expected: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        """Return both together."""
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def __mul__(self, factor: float) -> "Range":
        """Return this many of it."""
        return Range(self.low * factor, self.expected * factor, self.high * factor)

    @classmethod
    def always(cls, usd: float) -> "Range":
        """Return a sum that does not depend on how many nodes run."""
        return cls(usd, usd, usd)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on the bill."""

    urn: str
    """The resource that causes it."""
    name: str
    """The resource's name in the program."""
    part: Part
    """What it is for."""
    usd_per_month: Range
    """What it costs."""
    basis: str
    """How the sum came about: number, unit price and its date."""
    as_of: dt.date
    """Day of the unit price."""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Resources whose cost the graph does not tell."""

    type: str
    """Type token."""
    count: int
    """How many there are."""
    why: str
    """What is missing: the usage that is billed, or a price."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The bill."""

    items: tuple[Item, ...]
    """What is priced."""
    unpriced: tuple[Unpriced, ...]
    """What is not, and why; never counted as zero without a word."""

    @property
    def total(self) -> Range:
        """Return the sum of all items."""
        return total(item.usd_per_month for item in self.items)

    def by_part(self) -> Mapping[Part, Range]:
        """Return the sum of each part that costs something, in the order of `Part`."""
        parts = {part: [item.usd_per_month for item in self.items if item.part is part] for part in Part}
        return {part: total(sums) for part, sums in parts.items() if sums}


def total(sums: Iterable[Range]) -> Range:
    """Return the sum of all."""
    return sum(sums, start=Range.always(0.0))
