"""What to hold next, given what runs and what is sold just now: the fleet packed anew in milliseconds, after a loss or a refusal too.

`pack` plans a day ahead and proves how good its fleet is. This answers one moment, again and again, and starts from the nodes that run:
a node to be started costs more than one that stands, by the time until it serves. It proves nothing; `tests/sizing/packing/test_replan.py`
holds it against every fleet of small cases, and against the integer program.

Two things are asked of a fleet, and they are not added up. It serves `wanted`, a high quantile of demand. Without its largest pool of
spot, which is lost as one, it still serves `surviving`, what demand is expected to be: that a pool goes in the very window in which
demand is at its highest quantile is not provided for, as no promise about a share of windows asks for it. So with L the capacity of the
largest pool, max(wanted, surviving + L) is held: where the margin of the forecast is larger than a pool, surviving its loss costs nothing.

The search: for each L worth trying, pools are capped at it, and segments (nodes that stand, then nodes to start, of each offer) are filled
by their price per unit. What is left at each is also tried as whole nodes of that one, and each large offer that was used is left out
once. In fractions of nodes that would be exact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, inf
from typing import Final, NamedTuple

_ROUNDING: Final = 1e-9
_PARTS: Final = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16)
"""Parts of what is wanted that the largest pool is tried at, beside whole numbers of large nodes."""
_LARGE: Final = 1 / 6
"""Share of what is wanted above which a node counts as large: whether it is bought at all is tried both ways."""
_UNLIMITED: Final = 1 << 40


@dataclass(frozen=True, slots=True)
class Stock:
    """An offer as it stands."""

    serves: float
    """Demand that a node serves, above 0."""
    usd_per_hour: float
    """Price of a node; 0 where it is paid for whether it runs or not."""
    spot: bool = False
    """Whether its nodes may all be lost at once."""
    held: int = 0
    """Nodes that run or boot."""
    most: int = _UNLIMITED
    """Nodes that there can be: none where it is sold out, those held where orders are refused."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a fleet is to do."""

    wanted: float
    """Demand to serve."""
    surviving: float = 0.0
    """Demand to serve without the largest pool of spot; 0 asks for nothing."""
    spot_share: float = 1.0
    """Most of the demand to hold nodes for that may stand on spot."""
    stay_hours: float = 1.0
    """Hours that a node is reckoned to stay: what starting it costs is spread over them."""
    start_hours: float = 0.25
    """Hours that a node is paid for before it serves."""


class _Segment(NamedTuple):
    """Nodes of an offer at one price, its start included where they have to be started."""

    usd_per_unit: float
    place: int
    serves: float
    usd: float
    most: int


_Nodes = dict[int, int]
_Found = tuple[float, _Nodes]


def replan(stocks: Sequence[Stock], ask: Ask) -> tuple[int, ...] | None:
    """Return the nodes to hold of each offer, in their order; None where what is sold cannot do what is asked.

    `wanted` and `surviving` are served. The share on spot is of what is held for, so the last whole node may lift it over that.
    """
    segments = sorted(_segments(stocks, ask))
    best: _Found = (inf, {})
    seen: set[tuple[float, tuple[int, ...]]] = set()
    for largest in _largest(stocks, ask):
        needed = max(ask.wanted, ask.surviving + largest) if ask.surviving else ask.wanted
        if not segments or needed * segments[0].usd_per_unit >= best[0]:
            continue
        caps = tuple(min(one.most, _whole(largest / one.serves)) if one.spot else one.most for one in stocks)
        if (needed, caps) not in seen:
            seen.add((needed, caps))
            best = min(best, _cheapest(stocks, segments, ask, (needed, best[0]), caps), key=lambda one: one[0])
    return tuple(best[1].get(place, 0) for place in range(len(stocks))) if best[0] < inf else None


def _whole(count: float) -> int:
    return _UNLIMITED if count == inf else floor(count + _ROUNDING)


def _segments(stocks: Sequence[Stock], ask: Ask) -> Iterator[_Segment]:
    for place, one in enumerate(stocks):
        stand = min(one.held, one.most)
        for hours, count in ((ask.stay_hours, stand), (ask.stay_hours + ask.start_hours, one.most - stand)):
            if count:
                yield _Segment(one.usd_per_hour * hours / one.serves, place, one.serves, one.usd_per_hour * hours, count)


def _largest(stocks: Sequence[Stock], ask: Ask) -> list[float]:
    """Return the capacities of the largest pool to try, rising."""
    if not ask.surviving:
        return [inf]
    wanted = max(ask.wanted, ask.surviving)
    found = {0.0, *(wanted / part for part in _PARTS)}
    for size in {one.serves for one in stocks if one.spot and one.serves > wanted / _PARTS[-1]}:
        found |= {count * size for count in range(1, max(ceil(wanted / size), 1) + 1)}
    return sorted(found)


def _cheapest(stocks: Sequence[Stock], segments: Sequence[_Segment], ask: Ask, aim: tuple[float, float], caps: tuple[int, ...]) -> _Found:
    """Return the cheapest fleet found for a demand below a price, no offer above its cap; first what must not be spot, then the rest."""
    needed, below = aim
    firm: _Found = (0.0, {})
    if ask.spot_share < 1:
        firm = _filled([one for one in segments if not stocks[one.place].spot], ((1 - ask.spot_share) * needed, below), caps)
    left = needed - sum(stocks[place].serves * count for place, count in firm[1].items())
    if firm[0] == inf or left <= _ROUNDING * needed:
        return firm
    rest = list(_without(segments, firm[1])) if firm[1] else segments
    room = [cap - firm[1].get(place, 0) for place, cap in enumerate(caps)]
    first = _filled(rest, (left, below - firm[0]), room)
    large = sorted(place for place in first[1] if stocks[place].serves > _LARGE * left)
    usd, nodes = min((first, *(_filled(rest, (left, first[0]), room, skip) for skip in large)), key=lambda one: one[0])
    return firm[0] + usd, {place: firm[1].get(place, 0) + nodes.get(place, 0) for place in (*firm[1], *nodes)}


def _without(segments: Sequence[_Segment], taken: _Nodes) -> Iterator[_Segment]:
    """Yield the segments without the nodes that are taken: those that stand first, as they are the cheaper."""
    left = dict(taken)
    for one in segments:
        used = min(left.get(one.place, 0), one.most)
        left[one.place] = left.get(one.place, 0) - used
        if one.most > used:
            yield one._replace(most=one.most - used)


def _filled(segments: Sequence[_Segment], aim: tuple[float, float], caps: Sequence[int], skip: int = -1) -> _Found:
    """Fill by price per unit; return the cheapest of those that end with whole nodes of one segment.

    Infinite where none serves the demand below the price aimed at: once the rest at the next price per unit would reach it, none will.
    """
    needed, below = aim
    best: _Found = (inf, {})
    usd, left, nodes = 0.0, needed, _Nodes()
    for per_unit, place, serves, price, count in segments:
        if usd + left * per_unit >= min(best[0], below):
            break
        room = min(count, caps[place] - nodes.get(place, 0))
        if room <= 0 or place == skip:
            continue
        last = ceil(left / serves - _ROUNDING)
        if last <= room and usd + last * price < best[0]:
            best = (usd + last * price, {**nodes, place: nodes.get(place, 0) + last})
        whole = min(room, floor(left / serves + _ROUNDING))
        usd, left = usd + whole * price, left - whole * serves
        if whole:
            nodes[place] = nodes.get(place, 0) + whole
        if left <= _ROUNDING * needed:
            break
    return best
