"""The named baseline: tasks placed one by one on the least loaded place, as a scheduler without a solver would.

A task is one replica. Services come by priority, each with as many places (a region's cheapest offer in each market) as its shares ask
for. A task goes to the place that carries least and has room; a node is bought where none is free. What finds no room is cut.
Zones and spot pools are not looked after; what the outcome breaks is said beside it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from lepton_infra.sizing.packing.hourly import Hour
from lepton_infra.sizing.packing.joint import allowance
from lepton_infra.sizing.packing.model import Case, Key, Limits, Offer

_SLACK: Final = 1e-9


@dataclass(slots=True)
class _Fleet:
    """Nodes bought so far in an hour."""

    nodes: defaultdict[tuple[Key, int], int] = field(default_factory=lambda: defaultdict(int))
    free: defaultdict[tuple[Key, int], int] = field(default_factory=lambda: defaultdict(int))
    """Replicas that the nodes bought could still take."""
    usd: float = 0.0


def least_loaded_first(case: Case, offers: Sequence[Offer]) -> tuple[Hour, ...]:
    """Return the hours as the baseline would have them; costs are dollars, with no bound."""
    usd, _ = allowance(case)
    spend = None if usd is None else usd / case.hours
    return tuple(_hour(case, offers, hour, spend) for hour in range(case.hours))


def _hour(case: Case, offers: Sequence[Offer], hour: int, spend: float | None) -> Hour:
    fleet, unserved = _Fleet(), [0.0] * len(case.needs)
    for service in sorted(range(len(case.needs)), key=lambda place: (-case.needs[place].priority, place)):
        if case.needs[service].demand[hour] > 0:
            unserved[service] = _place_all(case, _places(case, offers, hour, service), service, fleet, spend)
    nodes = {key: count for key, count in sorted(fleet.nodes.items()) if count}
    return Hour(nodes, fleet.usd, 0.0, tuple(unserved))


def _places(case: Case, offers: Sequence[Offer], hour: int, service: int) -> list[tuple[Offer, float]]:
    """Return the cheapest offer of as many regions, in each market, as the shares ask for; each with what one replica serves."""
    need, limits = case.needs[service], case.limits
    many = max(ceil(1 / share - _SLACK) for share in (limits.max_region_share, limits.max_cloud_share, 1.0) if share)
    found: list[tuple[Offer, float]] = []
    for spot in (False, True):
        if spot and limits.max_spot_share == 0:
            continue
        serving = [(offer, need.cover(offer.machine, hour)) for offer in offers if offer.spot is spot]
        ranked = sorted((one for one in serving if one[1] > 0), key=lambda one: (one[0].usd_per_hour / one[1], one[0].key))
        first: dict[tuple[str, str], tuple[Offer, float]] = {}
        for offer, cover in ranked:
            first.setdefault(offer.place, (offer, cover / need.shapes[offer.machine.key].replicas))
        found += list(first.values())[:many]
    return found


def _place_all(case: Case, places: list[tuple[Offer, float]], service: int, fleet: _Fleet, spend: float | None) -> float:
    """Place the tasks of a service; return the share that found no room."""
    carried = [0.0] * len(places)
    while sum(carried) < 1 - _SLACK:
        room = [
            at
            for at, (offer, share) in enumerate(places)
            if _within_shares(case.limits, places, carried, at, share)
            and (fleet.free[offer.key, service] or _may_buy(case, fleet, offer, service, spend))
        ]
        if not room:
            return 1 - sum(carried)
        at = min(room, key=lambda place: (carried[place], place))
        offer, share = places[at]
        key = (offer.key, service)
        if not fleet.free[key]:
            fleet.nodes[key] += 1
            fleet.usd += offer.usd_per_hour
            fleet.free[key] = case.needs[service].shapes[offer.machine.key].replicas
        fleet.free[key] -= 1
        carried[at] += share
    return 0.0


def _within_shares(limits: Limits, places: list[tuple[Offer, float]], carried: list[float], at: int, share: float) -> bool:
    """Say whether a place may carry one task more: never more than its share of the need, its first task set aside."""
    here = places[at][0]
    loads = [(offer, load) for (offer, _), load in zip(places, carried, strict=True)]
    held = (
        (limits.max_spot_share if here.spot else None, sum(load for offer, load in loads if offer.spot)),
        (limits.max_region_share, sum(load for offer, load in loads if offer.place == here.place)),
        (limits.max_cloud_share, sum(load for offer, load in loads if offer.key[0] == here.key[0])),
    )
    return all(most is None or load == 0 or load + share <= most + _SLACK for most, load in held)


def _may_buy(case: Case, fleet: _Fleet, offer: Offer, service: int, spend: float | None) -> bool:
    """Say whether one node more of an offer keeps quotas, counts and spending."""
    need, limits = case.needs[service], case.limits
    if spend is not None and fleet.usd + offer.usd_per_hour > spend + _SLACK:
        return False
    if limits.max_nodes is not None and sum(fleet.nodes.values()) >= limits.max_nodes:
        return False
    if need.max_nodes is not None and sum(count for (_, of), count in fleet.nodes.items() if of == service) >= need.max_nodes:
        return False
    return all(_quota_left(case, fleet, offer, place) for place in range(len(limits.quotas)))


def _quota_left(case: Case, fleet: _Fleet, offer: Offer, place: int) -> bool:
    quota = case.limits.quotas[place]
    if not quota.covers(offer):
        return True
    known = {one.key: one for one in case.offers}
    counted = sum(count for (key, _), count in fleet.nodes.items() if quota.covers(known[key]) and (not quota.each or key == offer.key))
    return counted < quota.most
