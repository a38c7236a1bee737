"""From the catalogue to offers, and which of them the limits allow."""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from lepton_infra.catalog import Machine, grams_per_hour, plain
from lepton_infra.catalog.regions import machine_zones, place
from lepton_infra.catalog.regions import zones as region_zones
from lepton_infra.sizing.packing.model import DEFAULT_ZONES, Limits, Market, Offer

HOLDS: Final[Mapping[str, Callable[[Offer, Limits], bool]]] = {
    "clouds": lambda offer, limits: _matches(offer.cloud, limits.clouds),
    "regions": lambda offer, limits: _matches(offer.machine.region, limits.regions),
    "residency": lambda offer, limits: not limits.residency or _lies_in(offer, limits.residency),
    "machines": lambda offer, limits: _matches(offer.machine.name, limits.machines),
    "gpus": lambda offer, limits: not limits.gpus or plain(offer.machine.gpu or "") in set(map(plain, limits.gpus)),
    "spot": lambda offer, limits: limits.spot or not offer.spot,
    "max_spot_share": lambda offer, limits: limits.max_spot_share != 0 or not offer.spot,
    "carbon": lambda offer, limits: not limits.counts_carbon or offer.grams_per_hour is not None,
}
"""What an offer is allowed or left out by, by the name of the limit."""


def offers_of(machines: Iterable[Machine]) -> tuple[Offer, ...]:
    """Return what can be bought of the machines: each on demand and as spot, where it is sold so; in canonical order."""
    found: list[Offer] = []
    for machine in machines:
        count, grams = zones_of(machine), grams_per_hour(machine)
        if machine.on_demand:
            found.append(Offer(machine, Market.ON_DEMAND, machine.usd_per_hour, count, grams))
        if machine.spot_usd_per_hour is not None:
            found.append(Offer(machine, Market.SPOT, machine.spot_usd_per_hour, count, grams))
    return in_order(found)


def zones_of(machine: Machine) -> int:
    """Return how many zones offer a machine; 1 in a region without zones, which fails as a whole."""
    known = machine_zones(machine) or region_zones(machine.cloud.value, machine.region)
    return max(len(known.names), 1) if known else DEFAULT_ZONES


def in_order(offers: Iterable[Offer]) -> tuple[Offer, ...]:
    """Return the offers by their keys, so that the order of the catalogue's rows changes nothing."""
    return tuple(sorted(offers, key=lambda offer: offer.key))


def allowed(offers: Iterable[Offer], limits: Limits) -> tuple[Offer, ...]:
    """Return the offers that the limits allow, in canonical order."""
    return in_order(offer for offer in offers if all(holds(offer, limits) for holds in HOLDS.values()))


def _matches(word: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(word, pattern) for pattern in patterns)


def _lies_in(offer: Offer, words: tuple[str, ...]) -> bool:
    there = place(*offer.place)
    return there is not None and any(there.within(word) for word in words)
