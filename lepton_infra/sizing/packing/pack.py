"""Packing a day: hour by hour, then the starts, then what ties the hours together."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.packing.conflict import smallest_conflict
from lepton_infra.sizing.packing.groups import MONTHLY, Lift, demands, in_force, without
from lepton_infra.sizing.packing.hourly import Hour, Known, can, pack_hour
from lepton_infra.sizing.packing.joint import allowance, few_offers, pack_together
from lepton_infra.sizing.packing.model import Case, Key, Offer
from lepton_infra.sizing.packing.offers import allowed
from lepton_infra.sizing.packing.solve import Effort
from lepton_infra.sizing.packing.starts import smooth, total_starts

_TIMES = 8
"""Times that a budget is shared anew between hours and starts."""
_CENT = 0.005


@dataclass(frozen=True)
class Packed:
    """A day's fleet."""

    case: Case
    """What it was packed from."""
    offers: tuple[Offer, ...]
    """What the limits allowed, in canonical order."""
    hours: tuple[Hour, ...]
    """The nodes of each hour."""
    alone: tuple[Hour, ...] = ()
    """The hours as they were packed one by one, before starts, budget and cap on carbon were looked at."""
    searched: int | None = None
    """Offers that were chosen from where budget or cap on carbon tied the hours together; None where all were, hour by hour."""
    known: Known = field(default_factory=dict, repr=False, compare=False)
    """Services packed for themselves on the way, so that the price of a limit need not pack again what it does not touch."""

    @cached_property
    def by_key(self) -> dict[Key, Offer]:
        """Return the offers by their keys."""
        return {offer.key: offer for offer in self.offers}

    @cached_property
    def unserved(self) -> tuple[float, ...]:
        """Return the share of a day's demand that stays unserved, by service."""
        return tuple(
            sum(hour.unserved[place] * demand for hour, demand in zip(self.hours, need.demand, strict=True)) / (sum(need.demand) or 1.0)
            for place, need in enumerate(self.case.needs)
        )

    @property
    def usd(self) -> float:
        """Return what the nodes cost while they serve."""
        return sum(self.usd_of(hour) for hour in self.hours)

    @cached_property
    def start_usd(self) -> float:
        """Return what they cost from order to service."""
        plain = replace(self.case, limits=replace(self.case.limits, usd_per_tonne_co2e=0.0))
        return total_starts(plain, self.offers, self.hours)

    @cached_property
    def grams(self) -> float:
        """Return the CO2 equivalent of the nodes; those of unknown carbon count nothing."""
        grams = ((self.by_key[key].grams_per_hour or 0.0) * count for hour in self.hours for (key, _), count in hour.nodes.items())
        return sum(grams)

    @property
    def cost(self) -> float:
        """Return what was minimised over the hours: dollars with the price on carbon, without starts."""
        return sum(hour.cost for hour in self.hours)

    @property
    def bound(self) -> float:
        """Return what no fleet that serves as much within the limits falls below, starts not counted.

        Where hours are tied together and something is cut, it is known of fleets of the offers searched alone (`bounds_all`).
        """
        joint, alone = (sum(hour.bound for hour in hours) for hours in (self.hours, self.alone or self.hours))
        if self.searched is None or not self._serves_as_much:
            return joint
        return max(joint, alone) if self._searched_all else alone

    @property
    def bounds_all(self) -> bool:
        """Say whether the bound holds for every fleet of the offers that the limits allow."""
        return self._searched_all or self._serves_as_much

    @property
    def _searched_all(self) -> bool:
        return self.searched in {None, len(self.offers)}

    @property
    def _serves_as_much(self) -> bool:
        """Say whether what ties the hours together cuts nothing that they would serve without it."""
        return all(now.unserved == was.unserved for now, was in zip(self.hours, self.alone or self.hours, strict=True))

    @property
    def gap(self) -> float:
        """Return the share of the hours' cost above the bound."""
        return self.cost / self.bound - 1 if self.bound > 0 else 0.0

    @cached_property
    def gap_with_starts(self) -> float:
        """Return the same with starts, whose bound is 0: more than any fleet could save."""
        total = self.cost + total_starts(self.case, self.offers, self.hours)
        return total / self.bound - 1 if self.bound > 0 else 0.0

    @property
    def stopped(self) -> bool:
        """Say whether a search ended before it was within the gap."""
        return any(hour.stopped for hour in self.hours)

    def usd_of(self, hour: Hour) -> float:
        """Return what the nodes of an hour cost."""
        return sum(count * self.by_key[key].usd_per_hour for (key, _), count in hour.nodes.items())


def pack(case: Case, effort: Effort | None = None, say: Callable[[str], None] | None = None) -> Packed:
    """Return the day's fleet that costs least within the limits.

    Args:
        case: offers, needs and limits.
        effort: how hard to try.
        say: called with what is being done.

    Raises:
        BadInput: the limits cannot all be kept; names the smallest set that conflicts.
    """
    trying = effort or Effort()
    found = attempt(case, trying, say)
    if found is None:
        raise BadInput(_told(case, trying))
    return found


def attempt(case: Case, effort: Effort, say: Callable[[str], None] | None = None) -> Packed | None:
    """Return the day's fleet, or None where the limits cannot all be kept."""
    offers = allowed(case.offers, case.limits)
    known: Known = {}
    hours = hourly(case, offers, effort, say, known)
    if hours is None:
        return None
    alone = Packed(case, offers, hours, hours, known=known)
    smoothed = replace(alone, hours=smooth(case, offers, hours, effort))
    if _within(smoothed):
        return smoothed
    return _together(alone, effort)


def hourly(
    case: Case, offers: tuple[Offer, ...], effort: Effort, say: Callable[[str], None] | None = None, known: Known | None = None
) -> tuple[Hour, ...] | None:
    """Return the hours packed one by one, or None where one cannot be; an hour with the same needs as another is not packed twice."""
    same: dict[tuple[float, ...], Hour | None] = {}
    found: list[Hour] = []
    for hour in range(case.hours):
        needs = tuple(part for need in case.needs for part in (need.demand[hour], need.kept[hour]))
        if needs not in same:
            if say:
                say(f"packing the fleet: hour {hour + 1} of {case.hours}")
            same[needs] = pack_hour(case, offers, hour, effort, known)
        one = same[needs]
        if one is None:
            return None
        found.append(one)
    return tuple(found)


def conflict(case: Case, effort: Effort) -> tuple[str, ...]:
    """Return the names of the smallest set of limits that cannot all be kept, demand among them where none may be cut."""
    lifts = in_force(case) | ({} if case.limits.may_cut else demands(case))
    tied = any(name.removeprefix("fleet.") in MONTHLY for name in lifts)

    def possible(held: frozenset[str]) -> bool:
        lifted: tuple[Lift, ...] = tuple(lift for name, lift in lifts.items() if name not in held)
        loose = without(case, lifted)
        # Where nothing ties the hours together, the first nodes found will do: they need not be cheap.
        return attempt(loose, effort) is not None if tied else _can_all(loose)

    return smallest_conflict(lifts, possible)


def _can_all(case: Case) -> bool:
    offers = allowed(case.offers, case.limits)
    first = {tuple((need.demand[hour], need.kept[hour]) for need in case.needs): hour for hour in reversed(range(case.hours))}
    return all(can(case, offers, hour) for hour in first.values())


def _told(case: Case, effort: Effort) -> Fault:
    names = conflict(case, replace(effort, gap=0.02, sweeps=0))
    if len(names) == 1:
        return Fault(names[0], "cannot be kept with what the catalogue offers", "", "Loosen it")
    return Fault(
        ", ".join(names[:-1]) + f" and {names[-1]}", "cannot all be kept; any of them alone could be left out", "", "Loosen one of them"
    )


def _within(packed: Packed) -> bool:
    usd, grams = allowance(packed.case)
    return (usd is None or packed.usd + packed.start_usd <= usd + _CENT) and (grams is None or packed.grams <= grams * (1 + 1e-6))


def _together(alone: Packed, effort: Effort) -> Packed | None:
    """Share a budget between hours and starts until both are within it; starts are smoothed only where that keeps the cap on carbon."""
    spare, few = 0.0, few_offers(alone.case, alone.offers, alone.hours)
    for _ in range(_TIMES):
        hours = pack_together(alone.case, few, spare, effort)
        if hours is None:
            return None
        plain = replace(alone, hours=hours, searched=len(few))
        smoothed = replace(plain, hours=smooth(alone.case, alone.offers, hours, effort))
        found = next((one for one in (smoothed, plain) if _within(one)), None)
        if found:
            return found
        least = min(smoothed.usd + smoothed.start_usd, plain.usd + plain.start_usd)
        spare += max(least - (allowance(alone.case)[0] or 0.0), spare, _CENT)
    return None
