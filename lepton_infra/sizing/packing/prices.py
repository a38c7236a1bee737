"""What each limit costs: the hours that it may bind in, packed again without it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lepton_infra.sizing.packing.check import broken
from lepton_infra.sizing.packing.groups import MONTHLY, Lift, in_force, tightened
from lepton_infra.sizing.packing.hourly import Hour, pack_hour
from lepton_infra.sizing.packing.offers import allowed
from lepton_infra.sizing.packing.pack import Packed
from lepton_infra.sizing.packing.solve import Effort

_LESS: Final = 1e-6
_GAP: Final = 0.02
_BRANCHES: Final = 60
"""Effort of the hours without a limit: what they cost at most, so a price is what a limit costs at least."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a limit costs."""

    limit: str
    """Its name."""
    hours: tuple[int, ...]
    """Hours in which it binds: without it, either the hour would certainly cost less, or less would stay unserved."""
    usd: float
    """Dollars of the planned hours that it costs at least, starts not counted; 0 where it binds in no hour, below 0 where less is served
    for it."""
    share: float
    """The same as a share of what the hours would cost without it."""
    served: float
    """Share of the demand that could be served more without it, summed over services."""


def prices(packed: Packed, effort: Effort | None = None, say: Callable[[str], None] | None = None) -> tuple[Price, ...]:
    """Return the price of each limit in force, each lifted alone; the dearest first, ties by name.

    An hour counts only where the fleet without the limit is cheaper than what any fleet within it could be, so that the solver's gap
    is never taken for a price. An hour whose nodes stay one and more away from a limit on their number is not packed again, nor is a
    service that the limit does not touch. Budget and cap on carbon are lifted by looking at the hours as they were before.
    """
    trying = effort or Effort(gap=_GAP, branches=_BRANCHES)
    found: list[Price] = []
    for name, lift in in_force(packed.case).items():
        if say:
            say(f"pricing the limits: {name}")
        found.append(_price(packed, name, lift, trying))
    return tuple(sorted(found, key=lambda price: (-price.usd, -price.served, price.limit)))


def _price(packed: Packed, name: str, lift: Lift, effort: Effort) -> Price:
    monthly = name.removeprefix("fleet.") in MONTHLY
    lifted = packed.alone if monthly else _lifted(packed, name, lift, effort)
    held = packed.hours if monthly else packed.alone
    if lifted is None:
        return Price(name, (), 0.0, 0.0, 0.0)
    needs = packed.case.needs
    usd, served, hours = 0.0, 0.0, list[int]()
    for hour, (before, after) in enumerate(zip(held, lifted, strict=True)):
        more = [was - would for was, would in zip(before.unserved, after.unserved, strict=True)]
        if any(share > _LESS for share in more):
            served += sum(share * need.demand[hour] / sum(need.demand) for share, need in zip(more, needs, strict=True) if share > 0)
        elif after.cost >= before.bound * (1 - _LESS):
            continue
        hours.append(hour)
        usd += before.cost - after.cost
    without = sum(one.cost for one in lifted)
    return Price(name, tuple(hours), usd, usd / without if without else 0.0, served)


def _lifted(packed: Packed, name: str, lift: Lift, effort: Effort) -> tuple[Hour, ...] | None:
    """Return the hours without the limit, those that it leaves alone as they are; None where an hour cannot be packed."""
    case = lift(packed.case)
    offers = allowed(case.offers, case.limits)
    same: dict[tuple[float, ...], Hour | None] = {}
    found: list[Hour] = []
    for hour, before in enumerate(packed.alone):
        needs = tuple(part for need in case.needs for part in (need.demand[hour], need.kept[hour]))
        if needs not in same:
            clear = _clear(packed, name, hour, before)
            same[needs] = before if clear else pack_hour(case, offers, hour, effort, packed.known)
        one = same[needs]
        if one is None:
            return None
        found.append(one)
    return tuple(found)


def _clear(packed: Packed, name: str, hour: int, found: Hour) -> bool:
    """Say whether an hour's nodes keep a limit on their number even where it is one tighter; of other limits that is not said."""
    tighter = tightened(packed.case, name)
    return tighter is not None and name not in broken(tighter, packed.offers, hour, found.nodes, found.unserved)
