"""All pools of a stack as one fleet: from their plans to the integer program, and from its solution to what the plan holds."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lepton_infra.catalog import Catalog, Machine, listed, plain
from lepton_infra.catalog.services import HOURS_PER_MONTH
from lepton_infra.config import Pool, Stack
from lepton_infra.config.fleet import Fleet
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.fleetplan import FleetHour, FleetPlan, LimitPrice, Part, Rival, Use
from lepton_infra.sizing.limits import limits_of
from lepton_infra.sizing.packing import rivals as packing
from lepton_infra.sizing.packing.conflict import smallest_conflict
from lepton_infra.sizing.packing.groups import in_force
from lepton_infra.sizing.packing.model import Case, Need
from lepton_infra.sizing.packing.offers import HOLDS, allowed, offers_of
from lepton_infra.sizing.packing.pack import Packed, attempt, conflict
from lepton_infra.sizing.packing.prices import Price, prices
from lepton_infra.sizing.packing.solve import Effort
from lepton_infra.sizing.plan import PoolPlan
from lepton_infra.sizing.schedule import base, schedule
from lepton_infra.sizing.serving import Serving
from lepton_infra.sizing.staffing import NodeShape, shape

_LONGEST_NAME = 32
_SHOWN = 6
"""Digits of a share that is kept in the plan."""


@dataclass(frozen=True, slots=True)
class Member:
    """A pool of the fleet."""

    pool: Pool
    """As it is wanted."""
    plan: PoolPlan
    """As it was planned by itself."""
    served: Mapping[str, Serving]
    """What a replica serves, by plain kind of GPU."""


def plan_fleet(stack: Stack, members: Sequence[Member], catalog: Catalog, where: str, say: Callable[[str], None]) -> FleetPlan:
    """Pack the floors of all pools as one fleet.

    Args:
        stack: with `fleet`.
        members: its pools, planned.
        catalog: what can be bought, on every cloud.
        where: the stack's place in its file, for messages.
        say: called with what is being done.

    Raises:
        BadInput: the limits cannot all be kept; names the smallest set that conflicts.
    """
    fleet = stack.fleet or Fleet()
    case, effort = case_of(fleet, members, catalog), Effort()
    shut = _shut(case)
    if shut:
        raise BadInput(_fault(shut, stack, where))
    packed = attempt(case, effort, say)
    if packed is None:
        raise BadInput(_fault(conflict(case, Effort(gap=0.02, sweeps=0)), stack, where))
    return _told(stack, members, packed, prices(packed, say=say), packing.rivals(packed, say=say))


def case_of(fleet: Fleet, members: Sequence[Member], catalog: Catalog) -> Case:
    """Return the program's case: offers of every cloud that some pool can use, a need for each pool, and the limits."""
    needs = tuple(_need(member, catalog.machines, fleet.survive_demand) for member in members)
    used = {key for need in needs for key in need.shapes}
    offers = offers_of(machine for machine in catalog.machines if machine.key in used)
    return Case(offers, needs, limits_of(fleet))


def _need(member: Member, machines: Sequence[Machine], surviving: str) -> Need:
    pool, plan = member.pool, member.plan
    kept = None if surviving == "planned" else tuple(min(getattr(hour, f"demand_{surviving}"), hour.demand) for hour in plan.hours)
    return Need(
        name=pool.name,
        demand=tuple(hour.demand for hour in plan.hours),
        shapes=_shapes(pool, member.served, machines),
        priority=pool.priority,
        min_nodes=pool.min_nodes,
        max_nodes=pool.max_nodes,
        lead_hours=plan.lead_minutes / 60,
        surviving=kept,
    )


def _shapes(pool: Pool, served: Mapping[str, Serving], machines: Sequence[Machine]) -> dict[tuple[str, str, str], NodeShape]:
    kinds = {plain(kind) for kind in pool.gpu}
    found: dict[tuple[str, str, str], NodeShape] = {}
    for machine in machines:
        kind = plain(machine.gpu or "")
        if kind in kinds and kind in served and (not pool.machines or machine.name in pool.machines):
            held = shape(machine.gpus, pool.gpus_per_replica, served[kind].per_replica, served[kind].queue)
            if held:
                found[machine.key] = held
    return found


def _shut(case: Case) -> tuple[str, ...]:
    """Return the smallest set of limits that leaves no offer; none where some offer is left."""
    lifts = {name: lift for name, lift in in_force(case).items() if name.removeprefix("fleet.") in HOLDS}

    def possible(held: frozenset[str]) -> bool:
        lifted = case
        for name, lift in lifts.items():
            lifted = lifted if name in held else lift(lifted)
        return bool(allowed(case.offers, lifted.limits))

    return () if possible(frozenset(lifts)) else smallest_conflict(lifts, possible)


def _fault(names: Sequence[str], stack: Stack, where: str) -> Fault:
    places = {pool.name: f"pools[{place}]" for place, pool in enumerate(stack.pools)}
    said = [f"{places.get(name.partition('.')[0], name.partition('.')[0])}.{name.partition('.')[2]}" for name in names]
    if len(said) == 1:
        return Fault(f"{where}.{said[0]}", "cannot be kept with what the catalogue offers", "a looser one")
    together = f"{', '.join(said[:-1])} and {said[-1]}"
    return Fault(where, f"asks in {together} for what cannot be had together; any of these but one can", "", "Loosen one of them")


def _told(stack: Stack, members: Sequence[Member], packed: Packed, priced: Sequence[Price], others: Sequence[packing.Rival]) -> FleetPlan:
    """Write the solution down as the plan holds it."""
    uses, month = _uses(stack, packed), HOURS_PER_MONTH / packed.case.hours
    known = all(packed.by_key[key].grams_per_hour is not None for hour in packed.hours for key, _ in hour.nodes)
    limits = tuple(_limit(price) for price in priced)
    beside = tuple(
        Rival(name=one.name, usd_per_day=_cents(one.usd), unserved=_by_pool(packed, one.unserved), breaks=one.breaks) for one in others
    )
    unserved = _by_pool(packed, packed.unserved)
    return FleetPlan(
        uses=uses,
        hours=tuple(_hour(members, packed, priced, at) for at in range(packed.case.hours)),
        builds=tuple(
            part for member in members for part in _parts(member, [use for use in uses if use.here and use.pool == member.pool.name])
        ),
        usd_per_day=_cents(packed.usd),
        start_usd_per_day=_cents(packed.start_usd),
        usd_per_month=_cents((packed.usd + packed.start_usd) * month),
        kg_co2e_per_month=round(packed.grams / 1000 * month, 1) if known else None,
        spot_share=_share(_on_spot(packed) / packed.usd if packed.usd else 0.0),
        gap=_share(packed.gap),
        gap_offers=None if packed.bounds_all else packed.searched,
        gap_with_starts=_share(packed.gap_with_starts),
        complete=not packed.stopped,
        unserved=unserved,
        limits=limits,
        rivals=beside,
        why=tuple(_why(packed, limits, beside)),
        warnings=tuple(_warnings(packed, uses, unserved)),
    )


def _uses(stack: Stack, packed: Packed) -> tuple[Use, ...]:
    found: list[Use] = []
    used = sorted({column for hour in packed.hours for column in hour.nodes}, key=lambda column: (column[1], column[0]))
    for key, service in used:
        offer = packed.by_key[key]
        machine = offer.machine
        spot_day = machine.spot_date if offer.spot else None
        found.append(
            Use(
                pool=packed.case.needs[service].name,
                cloud=offer.cloud,
                region=machine.region,
                machine=machine.name,
                market=offer.market.value,
                gpu=machine.gpu or "",
                gpus=int(machine.gpus),
                usd_per_hour=offer.usd_per_hour,
                price_date=spot_day or machine.price_date,
                here=offer.place == (stack.cloud, stack.region),
                nodes=tuple(hour.nodes.get((key, service), 0) for hour in packed.hours),
            )
        )
    order = {need.name: place for place, need in enumerate(packed.case.needs)}
    return tuple(sorted(found, key=lambda use: (order[use.pool], -sum(use.nodes), use.cloud, use.region, use.machine, use.market)))


def _parts(member: Member, here: Sequence[Use]) -> list[Part]:
    """Return what this stack builds of a pool. The loop may add to the first on-demand one, up to the pool's bound."""
    if not here:
        return []
    pool, lead, first = member.pool, member.plan.lead_minutes, member.plan.hours[0].start.hour
    busiest = max(sum(nodes) for nodes in zip(*(use.nodes for use in here), strict=True))
    spare = max(pool.max_nodes - busiest, 0)
    growing = next((use for use in here if use.market != "spot"), here[0])
    found: list[Part] = []
    for use in here:
        changes = schedule(use.nodes, first, lead)
        most = max(use.nodes) + (spare if use is growing else 0)
        found.append(
            Part(
                pool=pool.name,
                name=pool.name if len(here) == 1 else _name(pool.name, use),
                machine=use.machine,
                gpu=use.gpu,
                gpus=use.gpus,
                spot=use.market == "spot",
                min_nodes=base(use.nodes, first, lead),
                max_nodes=max(most, 1),
                schedule=tuple((change.cron, change.min_nodes) for change in changes),
            )
        )
    return found


def _name(pool: str, use: Use) -> str:
    """Return a name for a part that tells its machine and market, as short as a name of a pool must be."""
    end = re.sub(r"[^a-z0-9]+", "-", use.machine.lower()).strip("-") + ("-spot" if use.market == "spot" else "")
    whole = f"{pool}-{end}"
    if len(whole) <= _LONGEST_NAME:
        return whole
    mark = hashlib.sha256(whole.encode()).hexdigest()[:6]
    return f"{whole[: _LONGEST_NAME - len(mark) - 1].rstrip('-')}-{mark}"


def _hour(members: Sequence[Member], packed: Packed, priced: Sequence[Price], at: int) -> FleetHour:
    hour = packed.hours[at]
    return FleetHour(
        start=members[0].plan.hours[at].start,
        nodes=sum(hour.nodes.values()),
        usd=_cents(packed.usd_of(hour)),
        unserved=_by_pool(packed, hour.unserved),
        binding=tuple(price.limit for price in priced if at in price.hours),
    )


def _limit(price: Price) -> LimitPrice:
    return LimitPrice(
        limit=price.limit,
        usd_per_day=_cents(price.usd),
        share=_share(price.share),
        served=_share(price.served),
        binding_hours=len(price.hours),
    )


def _why(packed: Packed, limits: Sequence[LimitPrice], others: Sequence[Rival]) -> Iterator[str]:
    total = packed.usd + packed.start_usd
    yield (
        f"Packed from {len(packed.offers)} offers within the limits: {total:,.2f} $ a day, {packed.start_usd:,.2f} $ of it "
        f"for nodes that are starting. {_gap(packed)}"
    )
    for limit in limits:
        if limit.served > 0:
            yield f"{limit.limit} binds in {limit.binding_hours} hours: without it {limit.served:.1%} more of a day's demand is served."
        elif limit.binding_hours:
            yield f"{limit.limit} binds in {limit.binding_hours} hours and costs {limit.share:.1%} ({limit.usd_per_day:,.2f} $ a day)."
        else:
            yield f"{limit.limit} binds in no hour."
    for other in others:
        more = other.usd_per_day / total - 1 if total else 0.0
        said = f", {sum(other.unserved.values()):.1%} unserved" if other.unserved else ""
        said += f"; it breaks {listed(other.breaks, 'and')}" if other.breaks else ""
        yield f"Beside it, {other.name}: at most {other.usd_per_day:,.2f} $ a day ({more:+.1%}){said}."
    if len({key[:2] for hour in packed.hours for key, _ in hour.nodes}) > 1:
        yield "Several regions or kinds of node serve a pool as one only where requests go to the least loaded of them."


def _gap(packed: Packed) -> str:
    """Say what the bound is about: all fleets, or those that were looked at."""
    if not packed.bounds_all:
        return (
            f"Budget or cap on carbon tie the hours together: of fleets of the {packed.searched} offers looked at then, none that serves "
            f"as much is more than {packed.gap:.2%} cheaper; of the others that is not known."
        )
    hours = "Hour by hour no" if packed.searched is None else "No"
    return f"{hours} fleet that serves as much is more than {packed.gap:.2%} cheaper, starts left out."


def _warnings(packed: Packed, uses: Sequence[Use], unserved: Mapping[str, float]) -> Iterator[str]:
    for name, share in sorted(unserved.items(), key=lambda one: -one[1]):
        hours = sum(1 for hour in packed.hours if hour.unserved[_place(packed, name)] > 0)
        yield f"{name} is cut: {share:.1%} of its day's demand stays unserved, in {hours} hours."
    if packed.stopped:
        yield "A search was stopped before it was within its gap: another machine may find another fleet."
    elsewhere = sorted({f"{use.cloud} {use.region}" for use in uses if not use.here})
    if elsewhere:
        yield f"Nodes in {listed(elsewhere, 'and')} are not built by this stack: another stack has to."
    for name in sorted({member.name for member in packed.case.needs} - {use.pool for use in uses if use.here}):
        yield f"{name} has no node in this stack's own region."
    if any(use.market == "spot" for use in uses):
        yield "Spot prices are those of their day, and nothing here says that spot machines can be had when they are wanted."


def _place(packed: Packed, name: str) -> int:
    return next(place for place, need in enumerate(packed.case.needs) if need.name == name)


def _on_spot(packed: Packed) -> float:
    spot = ((packed.by_key[key], count) for hour in packed.hours for (key, _), count in hour.nodes.items() if packed.by_key[key].spot)
    return sum(offer.usd_per_hour * count for offer, count in spot)


def _by_pool(packed: Packed, shares: Sequence[float]) -> dict[str, float]:
    named = zip((need.name for need in packed.case.needs), shares, strict=True)
    return {name: _share(share) for name, share in named if _share(share) > 0}


def _share(value: float) -> float:
    return round(value, _SHOWN)


def _cents(usd: float) -> float:
    return round(usd, 2)
