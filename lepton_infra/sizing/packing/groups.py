"""The limits by their names, so that each can be lifted by itself: to find what conflicts, and what each costs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from lepton_infra.sizing.packing.model import Case, Limits, Need

Lift: TypeAlias = Callable[[Case], Case]

_OFF: Final[dict[str, object]] = {
    "clouds": (),
    "regions": (),
    "residency": (),
    "machines": (),
    "gpus": (),
    "spot": True,
    "max_spot_share": None,
    "max_cloud_share": None,
    "max_region_share": None,
    "max_zone_share": None,
    "survive_zones": 0,
    "survive_spot_pool": False,
    "min_nodes": 0,
    "max_nodes": None,
    "usd_per_month": None,
    "kg_co2e_per_month": None,
    "usd_per_tonne_co2e": 0.0,
}
"""What each limit is where it limits nothing."""
_COUNTS: Final = {"min_nodes": 1, "max_nodes": -1}
"""Limits on the number of nodes, and what makes each one node tighter."""
MONTHLY: Final = frozenset({"usd_per_month", "kg_co2e_per_month"})
"""Limits that hold over all hours together."""


def in_force(case: Case) -> dict[str, Lift]:
    """Return the limits in force by name, each with what lifts it: of the fleet, then of each service, in the order of their fields."""
    found = {f"fleet.{name}": _lift(name) for name, off in _OFF.items() if getattr(case.limits, name) != off}
    found |= {f"fleet.quotas[{place}]": _lift_quota(place) for place in range(len(case.limits.quotas))}
    for place, need in enumerate(case.needs):
        found |= {f"{need.name}.{name}": lift for name, lift in _of_need(place, need)}
    return found


def demands(case: Case) -> dict[str, Lift]:
    """Return the demand of each service as something that can be lifted too."""
    return {
        f"{need.name}.demand": _lift_need(place, "demand", (0.0,) * case.hours) for place, need in enumerate(case.needs) if any(need.demand)
    }


def without(case: Case, lifts: Iterator[Lift] | tuple[Lift, ...]) -> Case:
    """Return the case with all of these lifted."""
    for lift in lifts:
        case = lift(case)
    return case


def tightened(case: Case, name: str) -> Case | None:
    """Return the case with a limit on a number of nodes one tighter; None for limits of another kind, and where none is allowed at all."""
    whose, _, what = name.partition(".")
    if whose == "fleet" and what.startswith("quotas["):
        place = int(what[len("quotas[") : -1])
        quotas = tuple(replace(one, most=one.most - 1) if at == place else one for at, one in enumerate(case.limits.quotas))
        return case.within(replace(case.limits, quotas=quotas)) if case.limits.quotas[place].most else None
    if what not in _COUNTS:
        return None
    if whose == "fleet":
        count: int = getattr(case.limits, what)
        return case.within(_replaced(case.limits, what, count + _COUNTS[what]))
    place = next(at for at, need in enumerate(case.needs) if need.name == whose)
    count = getattr(case.needs[place], what)
    return _lift_need(place, what, count + _COUNTS[what])(case)


def _of_need(place: int, need: Need) -> Iterator[tuple[str, Lift]]:
    if need.min_nodes:
        yield "min_nodes", _lift_need(place, "min_nodes", 0)
    if need.max_nodes is not None:
        yield "max_nodes", _lift_need(place, "max_nodes", None)


def _lift(name: str) -> Lift:
    off = _OFF[name]
    return lambda case: case.within(_replaced(case.limits, name, off))


def _replaced(limits: Limits, name: str, value: object) -> Limits:
    return replace(limits, **{name: value})


def _lift_quota(place: int) -> Lift:
    # A quota that nothing matches keeps the places of the others.
    return lambda case: case.within(
        replace(
            case.limits,
            quotas=tuple(replace(quota, cloud="") if at == place else quota for at, quota in enumerate(case.limits.quotas)),
        )
    )


def _lift_need(place: int, name: str, off: object) -> Lift:
    def lift(case: Case) -> Case:
        changed = replace(case.needs[place], **{name: off})
        return replace(case, needs=(*case.needs[:place], changed, *case.needs[place + 1 :]))

    return lift
