"""The same need on another machine, in another place, or as spot."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from lepton_infra.catalog import Catalog, Interruption, Machine, plain
from lepton_infra.catalog.regions import place
from lepton_infra.sizing.advise.case import Case
from lepton_infra.sizing.advise.held import worth
from lepton_infra.sizing.advise.model import Advice, Change, Confidence, Kind, Money, monthly
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.fleet import Candidate

_CHEAPER: Final = 0.03
"""Share by which another machine or place has to be cheaper to be worth the trouble."""
SPOT_SHARE: Final = 0.5
"""Most of a pool's nodes that are advised as spot, so that half of it outlives whatever is taken back."""
_TAKEN_PER_MONTH: Final = {
    Interruption.UNDER_5: (0.0, 0.05),
    Interruption.UNDER_10: (0.05, 0.10),
    Interruption.UNDER_15: (0.10, 0.15),
    Interruption.UNDER_20: (0.15, 0.20),
}
"""Share of spot machines taken back in a month; above a fifth no move is advised."""
_ONE_LAW: Final = frozenset({"CA", "CH", "EU", "NO", "UK", "US"})
"""Areas that are one jurisdiction; elsewhere a move stays in its country."""
_MEMORY_TO_SPARE: Final = 0.15


def kept(case: Case) -> Floats:
    """Return the nodes that remain once what is too much is released and the floor is lowered, by hour.

    Those held where utilisation is not known. What advice about release and floor disposes of is not in it.
    """
    return np.where(case.known, np.minimum(case.usage.nodes, case.needed), case.usage.nodes)


def on_demand(case: Case) -> Floats:
    """Return those of the kept nodes that are paid for on demand, by hour: what is released is on-demand first."""
    promised = sum((part.nodes for part in case.usage.parts if part.market in {"spot", "committed"}), np.zeros(len(case.usage.nodes)))
    return np.maximum(kept(case) - promised, 0.0)


def elsewhere(case: Case, catalog: Catalog) -> Iterator[Advice]:
    """Yield another machine of those that satisfy the pool, another place for the same one, and spot."""
    for advice in (_machine(case), _memory(case, catalog), _place(case, catalog), _spot(case)):
        if advice:
            yield advice


def _machine(case: Case) -> Advice | None:
    found = case.found
    now = next((one for one in found if one.machine.name == case.machine.name), None)
    if now is None or not case.known.any() or len(found) < 2:  # noqa: PLR2004 (itself and another)
        return None
    share = float(np.divide(on_demand(case).sum(), kept(case).sum())) if kept(case).any() else 0.0
    best = min(found, key=lambda one: (float(_nodes(case, now, one).sum()) * _usd(case, one), one.machine.key))
    before, after = kept(case) * case.price.usd, _nodes(case, now, best) * _usd(case, best)
    usd = monthly(np.where(case.known, before - after, 0.0) * share, case.usage.hours)
    if best is now or after[case.known].sum() > (1 - _CHEAPER) * before[case.known].sum() or not worth(case, usd):
        return None
    nodes = _nodes(case, now, best)
    machine = best.machine
    return Advice(
        id=f"resize-{case.usage.pool}-machine",
        kind=Kind.RESIZE,
        pools=(case.usage.pool,),
        what=f"Run {case.usage.pool} on {machine.name} in place of {case.machine.name}.",
        usd_per_month=usd,
        evidence=(
            (
                f"The same need takes {kept(case)[case.known].sum():,.0f} node-hours of {case.machine.name} and "
                f"{nodes[case.known].sum():,.0f} of {machine.name}, which serves {best.node.capacity:.4g}, not {now.node.capacity:.4g}."
            ),
            case.price.sentence,
            _listed(machine),
        ),
        figures={
            "node_hours_now": round(float(kept(case)[case.known].sum()), 2),
            "node_hours_then": round(float(nodes[case.known].sum()), 2),
            "usd_per_hour": machine.usd_per_hour,
        },
        confidence=case.confidence(Confidence.MEDIUM),
        changes=(Change(f"{case.key}.machines", ", ".join(case.pool.machines) or "any", machine.name),),
        claims=frozenset({(case.usage.pool, "need")}),
    )


def _nodes(case: Case, now: Candidate, other: Candidate) -> Floats:
    """Return the nodes of another machine that the need of each hour takes."""
    if other is now:
        return kept(case)
    work = np.nan_to_num(case.level) * now.node.capacity
    return np.maximum(np.ceil(work / other.node.capacity / case.full.share - 1e-6), 0.0)


def _usd(case: Case, one: Candidate) -> float:
    return case.price.usd if one.machine.name == case.machine.name else one.machine.usd_per_hour


def _memory(case: Case, catalog: Catalog) -> Advice | None:
    """Say where the GPUs' memory is far larger than what is used, and how fast a smaller GPU would have to be."""
    used, size = case.usage.memory, case.machine.gpu_memory_gb
    if used is None or size is None or case.machine.gpus < 1:
        return None
    wanted = {plain(kind) for kind in case.pool.gpu}
    least = used * size * (1 + _MEMORY_TO_SPARE)
    fitting = [
        one
        for one in catalog.sold(case.machine.cloud.value, case.machine.region)
        if one.gpu and one.on_demand and plain(one.gpu) not in wanted and one.gpus >= case.pool.gpus_per_replica
        if one.gpu_memory_gb and least <= one.gpu_memory_gb < size
    ]
    best = min(fitting, key=lambda one: (one.usd_per_hour / one.gpus, one.key), default=None)
    per_gpu = case.price.usd / case.machine.gpus
    if best is None or best.usd_per_hour / best.gpus > per_gpu * (1 - _CHEAPER):
        return None
    ratio = best.usd_per_hour / best.gpus / per_gpu
    return Advice(
        id=f"resize-{case.usage.pool}-memory",
        kind=Kind.RESIZE,
        pools=(case.usage.pool,),
        what=f"Measure {case.usage.pool} on {best.gpu}: its GPUs' memory is mostly unused.",
        usd_per_month=None,
        evidence=(
            f"At most {used:.0%} of {size:g} GB was used, {used * size:.0f} GB; a {best.gpu} has {best.gpu_memory_gb:g} GB.",
            (
                f"It pays where a {best.gpu} serves more than {ratio:.0%} of what a {case.machine.gpu} does: "
                f"{best.usd_per_hour / best.gpus:,.4g} $ against {per_gpu:,.4g} $ per GPU-hour. "
                "No throughput of it is in the stack file, so no dollars are said."
            ),
            _listed(best),
        ),
        figures={"memory_used": round(used, 4), "breakeven_throughput": round(ratio, 4)},
        confidence=case.confidence(Confidence.MEDIUM),
        changes=(Change(f"{case.key}.gpu", ", ".join(case.pool.gpu), f"{', '.join(case.pool.gpu)}, {best.gpu}"),),
    )


def _place(case: Case, catalog: Catalog) -> Advice | None:
    here = case.machine
    home = jurisdiction(here)
    alike = [one for one in catalog.machines if home and _alike(one, here) and jurisdiction(one) == home]
    best = min(alike, key=lambda one: (one.usd_per_hour, one.key), default=None)
    if best is None or best.usd_per_hour > (1 - _CHEAPER) * case.price.usd:
        return None
    less = 1 - best.usd_per_hour / case.price.usd
    usd = monthly(on_demand(case) * case.price.usd * less, case.usage.hours)
    if not worth(case, usd):
        return None
    crossing = best.cloud is not here.cloud
    changes = [Change("lepton:stack.region", here.region, best.region)]
    if crossing:
        changes = [Change("lepton:stack.cloud", here.cloud.value, best.cloud.value), *changes]
    return Advice(
        id=f"move-{case.usage.pool}-place",
        kind=Kind.MOVE,
        pools=(case.usage.pool,),
        what=f"Run {case.usage.pool} in {best.cloud} {best.region}: {best.name} costs {less:.0%} less there.",
        usd_per_month=usd,
        evidence=(
            f"{best.name} has the same {here.gpus:g}x {here.gpu} as {here.name} and lies in the same jurisdiction ({home}).",
            _listed(best),
            case.price.sentence,
            "Moving data, latency to your users and the other place's quota are not in the figure; the whole stack moves, not one pool.",
        ),
        figures={"usd_per_hour": best.usd_per_hour, "usd_per_hour_now": round(case.price.usd, 6)},
        confidence=Confidence.LOW if crossing else case.confidence(Confidence.MEDIUM),
        changes=tuple(changes),
        claims=frozenset({(case.usage.pool, "need")}),
    )


def jurisdiction(machine: Machine) -> str:
    """Return under whose law a machine stores what it stores: an area that is one jurisdiction, or the country; nothing where unknown."""
    where = place(machine.cloud.value, machine.region)
    return "" if where is None else where.area if where.area in _ONE_LAW else where.country


def _alike(one: Machine, here: Machine) -> bool:
    """Say whether a machine has the same accelerators: by its name in the same cloud, by kind and number in another."""
    parts = (one.gpu, one.gpus, one.gpu_memory_gb) == (here.gpu, here.gpus, here.gpu_memory_gb)
    return one.on_demand and not one.caveat and parts and (one.name == here.name or one.cloud is not here.cloud)


def _spot(case: Case) -> Advice | None:
    machine = case.machine
    price, band = machine.spot_usd_per_hour, _TAKEN_PER_MONTH.get(machine.interruption) if machine.interruption else None
    if price is None or band is None or not machine.on_demand:
        return None
    most = np.minimum(on_demand(case), np.floor(SPOT_SHARE * kept(case)))
    # A spare spot node stands in for the one that is taken back while its successor boots; the boot itself is paid for and serves nothing.
    boots = case.plan.lead_minutes / 60 / 730
    by_rate = [np.where(most >= 1, most * (case.price.usd - price) - price - most * rate * boots * case.price.usd, 0.0) for rate in band]
    calm, rough = (monthly(each, case.usage.hours) for each in by_rate)
    usd = Money((calm.expected + rough.expected) / 2, rough.p10, calm.p90)
    if not worth(case, usd):
        return None
    return Advice(
        id=f"move-{case.usage.pool}-spot",
        kind=Kind.MOVE,
        pools=(case.usage.pool,),
        what=f"Run up to {SPOT_SHARE:.0%} of {case.usage.pool} as spot, with one spot node to spare.",
        usd_per_month=usd,
        evidence=(
            (
                f"Spot {machine.name} in {machine.region}: {price:,.4g} $ an hour ({machine.spot_date}"
                f"{f', {machine.spot_mark}' if machine.spot_mark else ''}); {machine.interruption} of them are taken back in a month."
            ),
            (
                f"{most.sum():,.0f} of {kept(case).sum():,.0f} node-hours would be spot. Paid for in the figure: the spare node, and "
                f"{case.plan.lead_minutes} minutes of boot for each node that is taken back."
            ),
            case.price.sentence,
        ),
        figures={
            "usd_per_hour": price,
            "spot_node_hours": round(float(most.sum()), 2),
            "taken_per_month_low": band[0],
            "taken_per_month_high": band[1],
        },
        confidence=Confidence.LOW if machine.spot_mark else case.confidence(Confidence.MEDIUM),
        changes=(Change(f"{case.key}: spot share", "0", f"{SPOT_SHARE:g}"),),
        claims=frozenset({(case.usage.pool, "need")}),
    )


def _listed(machine: Machine) -> str:
    return f"{machine.name} in {machine.cloud} {machine.region}: {machine.usd_per_hour:,.4g} $ an hour (catalogue, {machine.price_date})."
