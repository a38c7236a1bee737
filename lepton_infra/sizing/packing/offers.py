"""From the catalogue to offers, and which of them the limits allow."""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from lepton_infra.catalog import Machine, plain
from lepton_infra.catalog.residency import countries_in, country, grams_per_hour
from lepton_infra.sizing.packing.model import DEFAULT_ZONES, Limits, Market, Offer

HOLDS: Final[Mapping[str, Callable[[Offer, Limits], bool]]] = {
    "clouds": lambda offer, limits: _matches(offer.cloud, limits.clouds),
    "regions": lambda offer, limits: _matches(offer.machine.region, limits.regions),
    "residency": lambda offer, limits: not limits.residency or _lies_in(offer, limits.residency),
    "machines": lambda offer, limits: _matches(offer.machine.name, limits.machines),
    "gpus": lambda offer, limits: not limits.gpus or plain(offer.machine.gpu or "") in set(map(plain, limits.gpus)),
    "spot": lambda offer, limits: limits.spot or not offer.spot,
    "carbon": lambda offer, limits: not limits.counts_carbon or offer.grams_per_hour is not None,
}
"""What an offer is allowed or left out by, by the name of the limit."""


def offers_of(machines: Iterable[Machine], zones: Mapping[tuple[str, str], int] | None = None) -> tuple[Offer, ...]:
    """Return what can be bought of the machines: each on demand and as spot, where it is sold so; in canonical order.

    Args:
        machines: rows of the catalogue.
        zones: zones by cloud and region, where known.
    """
    known = zones or {}
    found: list[Offer] = []
    for machine in machines:
        count, grams = known.get((machine.cloud.value, machine.region), DEFAULT_ZONES), grams_per_hour(machine)
        if machine.on_demand:
            found.append(Offer(machine, Market.ON_DEMAND, machine.usd_per_hour, count, grams))
        if machine.spot_usd_per_hour is not None:
            found.append(Offer(machine, Market.SPOT, machine.spot_usd_per_hour, count, grams))
    return in_order(found)


def in_order(offers: Iterable[Offer]) -> tuple[Offer, ...]:
    """Return the offers by their keys, so that the order of the catalogue's rows changes nothing."""
    return tuple(sorted(offers, key=lambda offer: offer.key))


def allowed(offers: Iterable[Offer], limits: Limits) -> tuple[Offer, ...]:
    """Return the offers that the limits allow, in canonical order."""
    return in_order(offer for offer in offers if all(holds(offer, limits) for holds in HOLDS.values()))


def _matches(word: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(word, pattern) for pattern in patterns)


def _lies_in(offer: Offer, words: tuple[str, ...]) -> bool:
    return country(*offer.place) in countries_in(words)
