"""What is wrong with the words of a fleet: clouds, regions, machines, GPUs and places that the catalogue does not know."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from lepton_infra.catalog import Catalog, Machine, listed, nearest, plain
from lepton_infra.catalog.regions import residencies
from lepton_infra.config import Stack
from lepton_infra.config.fleet import Fleet
from lepton_infra.errors import Fault
from lepton_infra.sizing.packing.model import Limits, Offer, Quota
from lepton_infra.sizing.packing.offers import allowed, offers_of

_AREAS: Final = "choose an area (EEA, EU, UK, US, CA, CH, NO, APAC, LATAM, MIDEAST, AFRICA) or a country like DE"


def limits_of(fleet: Fleet) -> Limits:
    """Return the limits as the program keeps them."""
    given = fleet.model_dump(exclude={"when_short", "quotas", "survive_demand"})
    return Limits(**given, quotas=tuple(Quota(**quota.model_dump()) for quota in fleet.quotas), may_cut=fleet.when_short == "cut")


def fleet_faults(stack: Stack, catalog: Catalog, where: str) -> list[Fault]:
    """Return every limit of the fleet that matches nothing for sale, or asks for more zones than there are; none without a fleet.

    Args:
        stack: the stack.
        catalog: what can be bought.
        where: the stack's place in its file.
    """
    if stack.fleet is None:
        return []
    here, fleet = f"{where}.fleet", stack.fleet
    sold = [one for one in catalog.machines if one.gpu]
    faults = [*_words(fleet, sold, here), *_quotas(fleet, sold, here)]
    if any(pool.name == "fleet" for pool in stack.pools):
        faults.append(Fault(f"{where}.pools", "has the name 'fleet' beside fleet", "another name, so that their limits can be told apart"))
    return faults or [*_zones(stack, fleet, sold, here)]


def _words(fleet: Fleet, sold: list[Machine], here: str) -> Iterator[Fault]:
    clouds = {one.cloud.value for one in sold}
    yield from _unmatched(fleet.clouds, clouds, f"{here}.clouds")
    there = [one for one in sold if _any(one.cloud.value, fleet.clouds)] or sold
    yield from _unmatched(fleet.regions, {one.region for one in there}, f"{here}.regions", " or a pattern like 'us-*'")
    for word in fleet.residency:
        if plain(word).upper() not in residencies():
            yield Fault(f"{here}.residency", f"has {word[:60]!r}", _AREAS)
    near = [one for one in there if _any(one.region, fleet.regions)] or there
    yield from _unmatched(fleet.machines, {one.name for one in near}, f"{here}.machines", " or a pattern like 'p5*'")
    kinds = {one.gpu for one in near if one.gpu}
    for kind in fleet.gpus:
        if plain(kind) not in {plain(known) for known in kinds}:
            yield Fault(f"{here}.gpus", f"has {kind[:60]!r}", f"choose {listed(nearest(kind, kinds))}")


def _quotas(fleet: Fleet, sold: list[Machine], here: str) -> Iterator[Fault]:
    """Yield what a quota cannot count: one on nothing would always be kept."""
    for place, quota in enumerate(fleet.quotas):
        left, within = sold, ""
        for name, pattern, word in (
            ("cloud", quota.cloud, _cloud),
            ("region", quota.region, _region),
            ("machine", quota.machine, _machine),
        ):
            matching = [one for one in left if fnmatchcase(word(one), pattern)]
            if not matching:
                given = f"is {pattern[:60]!r}, which nothing for sale{f' in {within}' if within else ''} matches"
                near = nearest(pattern, {word(one) for one in left})
                yield Fault(f"{here}.quotas[{place}].{name}", given, f"choose {listed(near)}")
                break
            left, within = matching, " ".join(filter(None, (within, pattern if pattern != "*" else "")))


def _zones(stack: Stack, fleet: Fleet, sold: list[Machine], here: str) -> Iterator[Fault]:
    """Yield pools that are to outlive the loss of as many zones as there are for them: no fleet does."""
    offers = allowed(offers_of(sold), limits_of(fleet)) if fleet.survive_zones else ()
    for pool in stack.pools:
        kinds = {plain(kind) for kind in pool.gpu}
        own = [one for one in offers if plain(one.machine.gpu or "") in kinds and (not pool.machines or one.machine.name in pool.machines)]
        count = _zone_count(own)
        if 0 < count <= fleet.survive_zones:
            given = f"is {fleet.survive_zones}, and what the fleet allows for {pool.name} lies in {count} zone{'s' if count > 1 else ''}"
            yield Fault(f"{here}.survive_zones", given, f"{count - 1} or less", "Or allow more regions")


def _zone_count(offers: Iterable[Offer]) -> int:
    zones: dict[tuple[str, str], int] = {}
    for offer in offers:
        zones[offer.place] = max(zones.get(offer.place, 0), offer.zones)
    return sum(zones.values())


def _unmatched(patterns: tuple[str, ...], words: set[str], where: str, more: str = "") -> Iterator[Fault]:
    for pattern in patterns:
        if not any(fnmatchcase(word, pattern) for word in words):
            yield Fault(where, f"has {pattern[:60]!r}", f"choose {listed(nearest(pattern, words))}{more}")


def _any(word: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(word, pattern) for pattern in patterns)


def _cloud(machine: Machine) -> str:
    return machine.cloud.value


def _region(machine: Machine) -> str:
    return machine.region


def _machine(machine: Machine) -> str:
    return machine.name
