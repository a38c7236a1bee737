"""Offers that are never better than another, by an argument that holds whatever the rest of the fleet is.

Offer i gives way to offer j where the limits in force cannot tell them apart and every node of i can be replaced by n nodes of j that
serve as much and cost no more. Where a share of capacity is limited, n nodes of j must serve exactly what one of i does, or the
replacement would shift the shares; where nodes are counted, n must be 1. What is left after this is exact; what is left out later by
reduced cost is accounted for in the bound.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.packing.model import Case, Limits, Offer

_SAME: Final = 1e-12
_NEVER: Final = 1e150
"""Nodes that nobody buys, in place of infinity: what serves nothing replaces nothing."""


def undominated(case: Case, offers: Sequence[Offer], hour: int) -> tuple[Offer, ...]:
    """Return the offers that may be part of a cheapest fleet in the hour, in the order given; at equal price and use the first stays."""
    groups: dict[object, list[int]] = {}
    for place, offer in enumerate(offers):
        groups.setdefault(_told_apart_by(offer, case.limits), []).append(place)
    one = case.limits.max_nodes is not None or any(need.max_nodes is not None for need in case.needs) or bool(case.limits.quotas)
    kept: list[int] = []
    for places in groups.values():
        group = [offers[place] for place in places]
        dominated = _dominated(_covers(case, group, hour), _prices(group, case.limits), exact=_weighs(case.limits), one=one)
        kept += [place for place, out in zip(places, dominated, strict=True) if not out]
    return tuple(offers[place] for place in sorted(kept))


def _told_apart_by(offer: Offer, limits: Limits) -> object:
    """Return all that the limits in force know of an offer beside its price and what it serves."""
    return (
        offer.cloud if limits.max_cloud_share is not None else None,
        offer.place if limits.max_region_share is not None or limits.spreads else None,
        offer.spot if limits.max_spot_share is not None else None,
        offer.key if limits.survive_spot_pool and offer.spot else limits.survive_spot_pool,
        tuple((quota.covers(offer), offer.key if quota.each and quota.covers(offer) else None) for quota in limits.quotas),
    )


def _weighs(limits: Limits) -> bool:
    shares = (limits.max_spot_share, limits.max_cloud_share, limits.max_region_share)
    return limits.spreads or limits.survive_spot_pool or any(share is not None for share in shares)


def _covers(case: Case, offers: Sequence[Offer], hour: int) -> Floats:
    """Return what a node serves of each service, shape `(offers, services)`; where nothing is needed, 1 for what could serve."""
    return np.asarray(
        [
            [need.cover(offer.machine, hour) if need.demand[hour] > 0 else float(offer.machine.key in need.shapes) for need in case.needs]
            for offer in offers
        ]
    )


def _prices(offers: Sequence[Offer], limits: Limits) -> Floats:
    """Return what must not rise, shape `(offers, kinds of cost)`: dollars, and grams where carbon is limited or priced."""
    costs = [[offer.usd_per_hour, *([offer.grams_per_hour or 0.0] if limits.counts_carbon else [])] for offer in offers]
    return np.asarray(costs)


def _dominated(covers: Floats, prices: Floats, *, exact: bool, one: bool) -> list[bool]:
    count = len(covers)
    beats = np.ones((count, count), dtype=np.bool_)
    for cover in covers.T:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(cover[:, None] > 0, cover[:, None] / cover[None, :], 0.0)
        ratio = np.minimum(ratio, _NEVER)
        nodes = np.maximum(np.ceil(ratio * (1 - _SAME)), 1.0)
        if exact:
            beats &= (ratio == 0) & (cover[None, :] == 0) | (np.abs(nodes - ratio) <= _SAME * nodes)
        if one:
            beats &= nodes == 1
        for price in prices.T:
            beats &= nodes * price[None, :] <= price[:, None] * (1 + _SAME)
    first = np.arange(count)
    earlier = first[None, :] < first[:, None]
    beats &= ~np.eye(count, dtype=np.bool_) & (~beats.T | earlier)
    return [bool(row.any()) for row in beats]
