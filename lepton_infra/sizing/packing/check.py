"""Whether nodes keep the limits: counted from the nodes alone, with none of the program's columns. Tests and baselines stand on it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lepton_infra.sizing.packing.model import Case, Key, Limits, Offer
from lepton_infra.sizing.packing.offers import HOLDS

_SLACK: Final = 1e-5
"""Share of the need within which a limit counts as kept: the solver's tolerance."""


def broken(
    case: Case, offers: Sequence[Offer], hour: int, nodes: Mapping[tuple[Key, int], int], unserved: Sequence[float]
) -> tuple[str, ...]:
    """Return the names of the limits that nodes break in an hour, `<service>.demand` among them, sorted.

    Args:
        case: needs and limits.
        offers: at least those that are used.
        hour: which hour.
        nodes: nodes by offer and service.
        unserved: share of the need that may stay unserved, by service.
    """
    known = {offer.key: offer for offer in offers}
    used = [(known[key], service, count) for (key, service), count in nodes.items() if count]
    found = {f"fleet.{name}" for name, holds in HOLDS.items() if not all(holds(offer, case.limits) for offer, _, _ in used)}
    found |= set(_counts(case, used))
    for service, need in enumerate(case.needs):
        own = [(offer, count, need.cover(offer.machine, hour)) for offer, at, count in used if at == service]
        due = 1 - unserved[service] if need.demand[hour] > 0 else 0.0
        if sum(count * cover for _, count, cover in own) < due - _SLACK:
            found.add(f"{need.name}.demand")
        left = max(due + need.kept[hour] - 1, 0.0)
        found |= {f"fleet.{name}" for name in _of_service(case.limits, own, left)}
    return tuple(sorted(found))


def zones_of(count: int, zones: int) -> list[int]:
    """Return the nodes in each zone, spread evenly, the fuller zones first."""
    return [count // zones + (place < count % zones) for place in range(zones)]


def _counts(case: Case, used: list[tuple[Offer, int, int]]) -> Iterator[str]:
    for place, need in enumerate(case.needs):
        total = sum(count for _, service, count in used if service == place)
        if total < need.min_nodes:
            yield f"{need.name}.min_nodes"
        if need.max_nodes is not None and total > need.max_nodes:
            yield f"{need.name}.max_nodes"
    limits, total = case.limits, sum(count for _, _, count in used)
    if total < limits.min_nodes:
        yield "fleet.min_nodes"
    if limits.max_nodes is not None and total > limits.max_nodes:
        yield "fleet.max_nodes"
    for place, quota in enumerate(limits.quotas):
        counted: Counter[Key | None] = Counter()
        for offer, _, count in used:
            if quota.covers(offer):
                counted[offer.key if quota.each else None] += count
        if counted and max(counted.values()) > quota.most:
            yield f"fleet.quotas[{place}]"


def _of_service(limits: Limits, own: list[tuple[Offer, int, float]], due: float) -> Iterator[str]:
    total = sum(count * cover for _, count, cover in own)
    domains: defaultdict[tuple[str, ...], float] = defaultdict(float)
    zones: defaultdict[tuple[str, ...], float] = defaultdict(float)
    pools: list[float] = [0.0]
    for offer, count, cover in own:
        for domain in (("cloud", offer.cloud), ("region", *offer.place), *([("spot",)] if offer.spot else [])):
            domains[domain] += count * cover
        for place, held in enumerate(zones_of(count, offer.zones)):
            zones[*offer.place, str(place)] += held * cover
        pools += [count * cover] if offer.spot else []
    shares = {"spot": limits.max_spot_share, "cloud": limits.max_cloud_share, "region": limits.max_region_share}
    for (kind, *_), value in domains.items():
        share = shares[kind]
        if share is not None and value > share * total + _SLACK:
            yield f"max_{kind}_share"
    largest = sorted(zones.values(), reverse=True)
    if limits.max_zone_share is not None and largest and largest[0] > limits.max_zone_share * total + _SLACK:
        yield "max_zone_share"
    if limits.survive_zones and total - sum(largest[: limits.survive_zones]) < due - _SLACK:
        yield "survive_zones"
    if limits.survive_spot_pool and total - max(pools) < due - _SLACK:
        yield "survive_spot_pool"
