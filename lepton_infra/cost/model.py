"""What a graph costs per month, item by item, with what could not be priced beside it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What the money is for."""

    COMPUTE = "compute"
    DISKS = "disks"
    FILES = "file systems"
    DATABASES = "databases"
    CONTROL_PLANE = "control plane"
    NETWORK = "network"
    KEYS = "keys"
    SECRETS = "secrets"


class Reason(StrEnum):
    """Why something has no price here."""

    BY_USE = "by use"
    """It is billed by what flows or is kept, which no graph tells."""
    UNDECIDED = "undecided"
    """What decides the price is known only after the update."""
    NO_PRICE = "no price"
    """The catalogue has no price of it."""


@dataclass(frozen=True, slots=True)
class Range:
    """An interval of what a month of 730 hours takes: at the fewest nodes, as planned, at the most.

    US dollars, or where it says so kilograms of CO2 equivalent.
    """

    low: float
    expected: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        """Return both together."""
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def __sub__(self, other: "Range") -> "Range":
        """Return what this has more than the other, at each size: fewest against fewest, most against most."""
        return Range(self.low - other.low, self.expected - other.expected, self.high - other.high)

    def __mul__(self, factor: float) -> "Range":
        """Return this many of it."""
        return Range(self.low * factor, self.expected * factor, self.high * factor)

    def times(self, other: "Range") -> "Range":
        """Return so many of it as the other says, size by size: the fewest at the lowest price, the most at the highest."""
        return Range(self.low * other.low, self.expected * other.expected, self.high * other.high)

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
    source: str = ""
    """Where the unit price comes from: an address, or a heading in the catalogue's SOURCES.md."""
    kg_co2e_per_month: Range | None = None
    """Kilograms of CO2 equivalent at the grid's yearly average, where it is machines; None where it is not, or nobody knows."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that a resource is billed for and that is not on the bill."""

    why: str
    """What is missing: the usage that is billed, a value, or a price."""
    reason: Reason
    """Of which kind that is."""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Resources whose cost the graph does not tell, wholly or in part."""

    type: str
    """Type token."""
    count: int
    """How many there are."""
    why: str
    """What is missing: the usage that is billed, a value, or a price."""
    reason: Reason = Reason.NO_PRICE
    """Of which kind that is."""
    urns: tuple[str, ...] = ()
    """Which they are."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return their names in the program."""
        return tuple(urn.rpartition("::")[2] for urn in self.urns)


@dataclass(frozen=True, slots=True)
class Cost:
    """The bill."""

    items: tuple[Item, ...]
    """What is priced."""
    unpriced: tuple[Unpriced, ...]
    """What is not, and why; never counted as zero without a word."""

    @property
    def total(self) -> Range:
        """Return the sum of all items, US dollars per month."""
        return total(item.usd_per_month for item in self.items)

    @property
    def kg_co2e(self) -> Range:
        """Return what the machines on the bill cause, kilograms of CO2 equivalent per month; those of `no_carbon` are not in it."""
        return total(item.kg_co2e_per_month for item in self.items if item.kg_co2e_per_month)

    @property
    def no_carbon(self) -> tuple[Item, ...]:
        """Return the machines whose electricity or grid nobody publishes."""
        return tuple(item for item in self.items if item.part is Part.COMPUTE and item.kg_co2e_per_month is None)

    def by_part(self) -> Mapping[Part, Range]:
        """Return the sum of each part that costs something, in the order of `Part`."""
        parts = {part: [item.usd_per_month for item in self.items if item.part is part] for part in Part}
        return {part: total(sums) for part, sums in parts.items() if sums}

    def by_resource(self) -> Mapping[str, Range]:
        """Return the sum of each resource that is priced, by URN."""
        found: dict[str, Range] = {}
        for item in self.items:
            found[item.urn] = found.get(item.urn, Range.always(0.0)) + item.usd_per_month
        return found


def total(sums: Iterable[Range]) -> Range:
    """Return the sum of all, the same whatever their order."""
    listed = sorted(sums, key=lambda one: (one.expected, one.low, one.high))
    return sum(listed, start=Range.always(0.0))
