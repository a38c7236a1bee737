"""Other fleets beside the one chosen: what a person would have thought of first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Final

from lepton_infra.sizing.packing.check import broken
from lepton_infra.sizing.packing.greedy import least_loaded_first
from lepton_infra.sizing.packing.hourly import Hour
from lepton_infra.sizing.packing.joint import few_offers
from lepton_infra.sizing.packing.model import Case, Key, Limits, Market, Offer
from lepton_infra.sizing.packing.offers import allowed
from lepton_infra.sizing.packing.pack import Packed, attempt
from lepton_infra.sizing.packing.program import Cut, build
from lepton_infra.sizing.packing.prune import undominated
from lepton_infra.sizing.packing.solve import Effort, relax
from lepton_infra.sizing.packing.starts import total_starts

_SLACK: Final = 1e-9
_BRANCHES: Final = 20
_GAP: Final = 0.03
"""Gap of the other fleets: they are there to be compared with, not to be bought."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Another fleet."""

    name: str
    """What it is."""
    usd: float
    """Dollars of the planned hours, starts included."""
    unserved: tuple[float, ...]
    """Share of the demand that it leaves unserved, by service."""
    breaks: tuple[str, ...]
    """Limits that it does not keep."""


def rivals(packed: Packed, effort: Effort | None = None, say: Callable[[str], None] | None = None) -> tuple[Rival, ...]:
    """Return the fleets beside the one chosen, those within the limits first, then by what they leave unserved and cost.

    They are searched for over few offers and with a wide gap: a dollar figure is what such a fleet costs at most, about.
    """
    trying = effort or Effort(gap=_GAP, branches=_BRANCHES, sweeps=1)
    found: list[Rival] = []
    for name, make in _makers(packed, trying):
        if say:
            say(f"packing other fleets: {name}")
        made = make()
        found += [made] if made else []
    return tuple(sorted(found, key=lambda one: (bool(one.breaks), round(sum(one.unserved), 6), one.usd, one.name)))


def _makers(packed: Packed, effort: Effort) -> Iterator[tuple[str, Callable[[], Rival | None]]]:
    # Where all is served, a fleet that has to cut is no rival.
    limits = replace(packed.case.limits, may_cut=packed.case.limits.may_cut and any(packed.unserved))
    case = packed.case.within(limits)
    clouds = sorted({offer.cloud for offer in packed.offers})
    if len(clouds) > 1:
        yield "one cloud", lambda: _one_cloud(packed, [replace(limits, clouds=(cloud,), max_cloud_share=None) for cloud in clouds], effort)
    if any(offer.spot for offer in packed.offers):
        yield "on demand alone", lambda: _solved(packed, "on demand alone", case.within(replace(limits, spot=False)), effort)
    leading = _leading(packed)
    if leading:
        fewer = replace(case, offers=tuple(offer for offer in case.offers if offer.key != leading))
        name = f"without {' '.join(leading)}"
        yield name, lambda: _solved(packed, name, fewer, effort)
    yield "one type", lambda: one_type(packed)
    yield "least-loaded-first", lambda: _rival(packed, "least-loaded-first", least_loaded_first(case, packed.offers))


def _one_cloud(packed: Packed, clouds: Sequence[Limits], effort: Effort) -> Rival | None:
    """Return the best fleet of one cloud: the cloud that may be cheapest first, and none that cannot be cheaper than what is found."""
    found: list[Rival] = []
    for least, limits in sorted(((_least_usd(packed.case.within(one)), one) for one in clouds), key=lambda one: (one[0], one[1].clouds)):
        if any(not any(rival.unserved) and rival.usd < least for rival in found):
            continue
        made = _solved(packed, f"{limits.clouds[0]} alone", packed.case.within(limits), effort)
        found += [made] if made else []
    return min(found, key=lambda one: (round(sum(one.unserved), 6), one.usd, one.name), default=None)


def _least_usd(case: Case) -> float:
    """Return what no fleet that serves all within the limits falls below, infinite where there is none: nodes in fractions."""
    case = case.within(replace(case.limits, usd_per_tonne_co2e=0.0))
    offers, least = allowed(case.offers, case.limits), 0.0
    for hour in range(case.hours):
        program = build(case, undominated(case, offers, hour), [hour], Cut())
        relaxed = relax(program, program.cost(case.limits))
        if relaxed is None:
            return inf
        least += relaxed.value
    return least


def _solved(packed: Packed, name: str, case: Case, effort: Effort) -> Rival | None:
    """Return a fleet of few offers, those that serve most for a dollar first; of all offers where those few are not enough."""
    few = few_offers(case, allowed(case.offers, case.limits), packed.hours)
    strict = case.within(replace(case.limits, may_cut=False))
    found = attempt(replace(strict, offers=tuple(few)), effort) or attempt(case, effort)
    return _rival(packed, name, found.hours) if found else None


def _leading(packed: Packed) -> Key | None:
    """Return the offer that most is spent on."""
    spent: dict[Key, float] = {}
    for hour in packed.hours:
        for (key, _), count in hour.nodes.items():
            spent[key] = spent.get(key, 0.0) + count * packed.by_key[key].usd_per_hour
    return max(sorted(spent), key=spent.__getitem__, default=None)


def one_type(packed: Packed, machine: str | None = None) -> Rival | None:
    """Return the cheapest fleet of a single machine on demand in a single region, which is what is planned without a fleet.

    Args:
        packed: the fleet chosen.
        machine: name of the machine; any where it is None.
    """
    alone = [offer for offer in packed.offers if offer.market is Market.ON_DEMAND and machine in {None, offer.machine.name}]
    made = [(offer, _alone(packed.case, offer)) for offer in alone]
    whole = [(offer, hours) for offer, hours in made if hours]
    if not whole:
        return None
    offer, hours = min(whole, key=lambda one: (sum(hour.cost for hour in one[1]), one[0].key))
    return _rival(packed, f"{' '.join(offer.machine.key)} alone", hours)


def _alone(case: Case, offer: Offer) -> tuple[Hour, ...]:
    hours: list[Hour] = []
    for hour in range(case.hours):
        nodes: dict[tuple[Key, int], int] = {}
        for service, need in enumerate(case.needs):
            cover = need.cover(offer.machine, hour)
            if need.demand[hour] > 0 and cover <= 0:
                return ()
            count = max(ceil(1 / cover * (1 - _SLACK)) if cover > 0 else 0, need.min_nodes)
            nodes |= {(offer.key, service): count} if count else {}
        hours.append(Hour(nodes, sum(nodes.values()) * offer.usd_per_hour, 0.0, (0.0,) * len(case.needs)))
    return tuple(hours)


def _rival(packed: Packed, name: str, hours: Sequence[Hour]) -> Rival:
    case = packed.case
    known = {offer.key: offer for offer in case.offers}
    plain = case.within(replace(case.limits, usd_per_tonne_co2e=0.0))
    usd = sum(known[key].usd_per_hour * count for hour in hours for (key, _), count in hour.nodes.items())
    breaks = {name for at, hour in enumerate(hours) for name in broken(case, case.offers, at, hour.nodes, hour.unserved)}
    unserved = Packed(case, packed.offers, tuple(hours)).unserved
    return Rival(name, usd + total_starts(plain, case.offers, hours), unserved, tuple(sorted(breaks)))
