"""Commitments in the plan: from each pool's history to nodes by hour, and from the best promises to what the plan's file says."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lepton_infra.catalog import Catalog, Machine, listed
from lepton_infra.catalog.services import HOURS_PER_MONTH
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.commitments import Committed, Need, commitments
from lepton_infra.sizing.promise import Promise
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.staffing import NodeShape, nodes_for, replicas_for


@dataclass(frozen=True, slots=True)
class Needed:
    """What a pool needs over its history."""

    pool: str
    """Its name."""
    machine: Machine
    """The machine chosen for it."""
    start: dt.datetime
    """When the first hour begins."""
    nodes: Floats
    """Nodes by hour, shape `(n,)`, NaN for gaps."""


def needed(pool: str, machine: Machine, node: NodeShape, demand: DemandSeries, least: int) -> Needed:
    """Return the fewest nodes that serve the busiest window of each hour of a history and keep the promise, `least` at least."""
    hours = demand.hours()
    known = ~np.isnan(hours.values)
    nodes = np.full(len(known), np.nan)
    nodes[known] = [nodes_for(each, node, least) for each in replicas_for(hours.values[known].tolist(), node)]
    return Needed(pool, machine, hours.start, nodes)


def promises(needs: Sequence[Needed], catalog: Catalog) -> tuple[Promise, ...]:
    """Return what could be committed to, narrowest and shortest first; over the hours that every pool has recorded."""
    if not needs:
        return ()
    begin, end = min(map(_first, needs)), max(_first(each) + len(each.nodes) for each in needs)
    found = commitments([Need(each.machine, _between(each, begin, end)) for each in needs], catalog)
    return tuple(_promise(one, needs) for one in found)


def told(found: Sequence[Promise], machines: Sequence[str]) -> list[str]:
    """Return two lines at most: what to commit to, and what would pay but is not to be believed yet.

    Args:
        found: what could be committed to.
        machines: what the pools run on, for where nothing could.
    """
    if not found:
        return [f"commit: the catalogue has no commitment price of {listed(dict.fromkeys(machines))}."] if machines else []
    advised = [f"{_amount(one)}: {_saves(one)}" for one in found if one.advised]
    doubted = max((one for one in found if one.doubts and one.saved > 0), key=lambda one: one.usd_per_month_saved, default=None)
    lines = [f"commit: {'; '.join(advised) or 'nothing yet'}."]
    if doubted:
        lines.append(f"doubtful: {_amount(doubted)}: {_saves(doubted)}. {' '.join(doubted.doubts)}")
    return lines


def _amount(one: Promise) -> str:
    what = f"{one.nodes} of {one.machines[0]}" if one.nodes is not None else f"{one.usd_per_hour:,.2f} $ an hour"
    return f"{what} for {one.years} {'years' if one.years > 1 else 'year'} ({one.program}{', price derived' if one.derived else ''})"


def _saves(one: Promise) -> str:
    return (
        f"saves {one.usd_per_month_saved:,.0f} $ a month, {one.saved:.0%} (80% interval {one.saved_p10:.0%} to {one.saved_p90:.0%}), "
        f"{one.saved_if_quarter_less:.0%} with a quarter less need; it pays where needed in {one.breakeven:.0%} of the hours and was in "
        f"{one.needed:.0%}"
    )


def _first(each: Needed) -> int:
    return int(each.start.timestamp()) // 3600


def _between(each: Needed, begin: int, end: int) -> Floats:
    nodes = np.full(end - begin, np.nan)
    nodes[_first(each) - begin : _first(each) - begin + len(each.nodes)] = each.nodes
    return nodes


def _promise(one: Committed, needs: Sequence[Needed]) -> Promise:
    mine = [each for each in needs if each.machine.name in one.machines and one.region in {"", each.machine.region}]
    return Promise(
        program=one.program,
        years=one.years,
        covers=one.scope.value,
        pools=tuple(each.pool for each in mine),
        machines=one.machines,
        nodes=one.nodes,
        usd_per_hour=round(one.usd_per_hour, 6),
        usd_per_month_saved=round(one.saved_usd_per_hour * HOURS_PER_MONTH, 2),
        saved=round(one.saved.expected, 4),
        saved_p10=round(one.saved.p10, 4),
        saved_p90=round(one.saved.p90, 4),
        saved_if_quarter_less=round(one.saved_if_less, 4),
        breakeven=round(one.breakeven, 4),
        needed=round(one.needed, 4),
        advised=one.advised,
        doubts=one.doubts,
        derived=one.derived,
        price_date=dt.date.fromisoformat(one.as_of),
        source=one.source,
    )
