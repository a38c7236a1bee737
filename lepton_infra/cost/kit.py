"""The arithmetic that every cloud's table shares: so many of something, by the hour or month, at a dated price."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lepton_infra.catalog import Machine, ServicePrice, SpotMark, grams_per_hour
from lepton_infra.catalog.services import HOURS_PER_MONTH
from lepton_infra.cost.model import Gap, Item, Part, Range, Reason
from lepton_infra.cost.prices import NoPriceError, Prices
from lepton_infra.graph import Graph, Resource

Line = Item | Gap
Pricer = Callable[[Resource, Graph, Prices], Iterable[Line]]
"""Yields what a resource puts on the bill, and what it leaves open."""
ONE: Final = Range.always(1.0)
_GRAMS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Flat:
    """A pricer of what costs the same in every month: one of a service, by the hour or month."""

    part: Part
    service: str
    by_use: str = ""
    """What is billed beside it by what flows or is kept."""

    def __call__(self, resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
        """Yield the one, and what is billed beside it."""
        yield from tried(lambda: units(resource, self.part, prices.service(self.service), ONE, "1"))
        if self.by_use:
            yield Gap(self.by_use, Reason.BY_USE)


def tried(make: Callable[[], Item]) -> Iterator[Line]:
    """Yield an item, or in its place what it lacks: one price that is missing takes no other from the bill."""
    try:
        yield make()
    except NoPriceError as error:
        yield error.gap


def units(resource: Resource, part: Part, price: ServicePrice, count: Range, counted: str, hours: float = HOURS_PER_MONTH) -> Item:
    """Return so many units of a service.

    Args:
        resource: what they are for.
        part: what the money is for.
        price: of a unit; where its unit is an hour, it is taken `hours` times.
        count: how many, at the fewest, as planned, at the most.
        counted: the number and its noun, as the basis has them: `3 zones`.
        hours: hours of a month.
    """
    hourly = price.unit.endswith("hour")
    usd = count * (price.usd * (hours if hourly else 1))
    basis = f"{counted} at {price_of_one(price)}"
    return Item(resource.urn, resource.name, part, usd, basis, price.as_of, price.source)


def price_of_one(price: ServicePrice) -> str:
    """Return a unit price in words, with its day: `0.10 $ an hour (2026-06-30)`."""
    usd = f"{price.usd:.2f}" if round(price.usd, 2) == price.usd else f"{price.usd:g}"
    article = "an" if price.unit.startswith(("hour", "IOPS")) else "a"
    return f"{usd} $ {article} {price.unit} ({price.as_of})"


def machines(resource: Resource, kinds: Sequence[Machine], nodes: Range, *, spot: bool = False) -> Item:
    """Return nodes of a machine type, or of the types that a cloud may choose from: the cheapest, the first named and the dearest.

    Raises:
        NoPriceError: spot nodes are asked for and a type has no spot price.
    """
    prices = [_hourly(one, spot=spot) for one in kinds]
    hourly = Range(min(prices), prices[0], max(prices))
    grams = [grams_per_hour(one) for one in kinds]
    known = [one for one in grams if one is not None]
    air = Range(min(known), known[0], max(known)) if len(known) == len(grams) else None
    first = kinds[0]
    day = (first.spot_date or first.price_date) if spot else first.price_date
    mark = "spot, " if spot else ""
    mark += "an estimate, " if spot and first.spot_mark is SpotMark.DERIVED else ""
    others = f" or {len(kinds) - 1} other types" if len(kinds) > 1 else ""
    basis = f"{nodes.expected:.1f} x {first.name}{others} at {hourly.expected:.2f} $ an hour ({mark}{day})"
    monthly = nodes * HOURS_PER_MONTH
    kg = monthly.times(air) * (1 / _GRAMS) if air else None
    return Item(resource.urn, resource.name, Part.COMPUTE, monthly.times(hourly), basis, day, first.source, kg)


def _hourly(machine: Machine, *, spot: bool) -> float:
    if not spot:
        return machine.usd_per_hour
    if machine.spot_usd_per_hour is None:
        message = f"no spot price of {machine.name} in {machine.region}"
        raise NoPriceError(message)
    return machine.spot_usd_per_hour
