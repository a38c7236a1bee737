"""All hours in one program: where a budget or a cap on carbon ties them together, and not all can be served.

It is solved over few offers, those that the hours used when packed alone and those that serve most for a dollar and for a gram, so its
bound speaks of fleets of those alone; where nothing is cut, the hours packed alone bound every fleet.
The least unserved share is found for the highest priority first and held, then for the next; dollars come last.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from lepton_infra.catalog.services import HOURS_PER_MONTH
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.packing.hourly import Hour
from lepton_infra.sizing.packing.model import Case, Offer
from lepton_infra.sizing.packing.program import Cut, Program, build
from lepton_infra.sizing.packing.solve import Answer, Effort, solve

_MOST_PER_DOLLAR: Final = 8
_MOST_PER_GRAM: Final = 4
_ROOM: Final = 1e-6
_GAP: Final = 0.01
"""Gap of that program, in what stays unserved and in dollars."""
_BRANCHES: Final = 60
"""Nodes of the search tree for all hours together: each is a large linear program."""


def allowance(case: Case) -> tuple[float | None, float | None]:
    """Return the dollars and the grams of CO2 equivalent that the planned hours may cost together; None for any."""
    share = case.hours / HOURS_PER_MONTH
    usd, kilograms = case.limits.usd_per_month, case.limits.kg_co2e_per_month
    return None if usd is None else usd * share, None if kilograms is None else kilograms * 1000 * share


def pack_together(case: Case, few: Sequence[Offer], spare_usd: float, effort: Effort) -> tuple[Hour, ...] | None:
    """Return the hours within budget and cap, or None where nothing is.

    Args:
        case: needs and limits.
        few: the offers to choose from, see `few_offers`.
        spare_usd: dollars of the budget that are kept for starts.
        effort: how hard to try.
    """
    program = build(case, few, range(case.hours), Cut(free=case.limits.may_cut))
    usd, grams = allowance(case)
    extra: list[tuple[Floats, float]] = []
    extra += [] if usd is None else [(np.asarray(program.usd), max(usd - spare_usd, 0.0))]
    extra += [] if grams is None else [(np.asarray(program.grams), grams)]
    less = replace(effort, gap=max(effort.gap, _GAP), branches=min(effort.branches, _BRANCHES))
    stopped = False
    for priority in sorted({need.priority for need in case.needs}, reverse=True) if case.limits.may_cut else []:
        objective = _unserved(program, case, priority)
        answer = solve(program, objective, less, extra)
        if answer is None:
            return None
        stopped |= answer.stopped
        if answer.value > _ROOM:
            extra.append((objective, answer.value + _ROOM))
        for column in np.flatnonzero(objective).tolist() if answer.value <= _ROOM else []:
            program.upper[column] = 0.0
    answer = solve(program, program.cost(case.limits), less, extra)
    return None if answer is None else _hours(case, few, program, answer, stopped=stopped)


def _unserved(program: Program, case: Case, priority: int) -> Floats:
    """Return the objective: the share of a day's demand that stays unserved, summed over the services of a priority."""
    objective = np.zeros(len(program.usd))
    for (hour, service), column in program.unserved.items():
        need = case.needs[service]
        if need.priority == priority:
            objective[column] = need.demand[hour] / sum(need.demand)
    return objective


def few_offers(case: Case, offers: Sequence[Offer], alone: Sequence[Hour]) -> list[Offer]:
    """Return the offers that the hours packed alone use, and those that serve most for a dollar or for a gram."""
    used = {key for hour in alone for key, _ in hour.nodes}
    busiest = [max(range(case.hours), key=need.demand.__getitem__) for need in case.needs]
    for need, hour in zip(case.needs, busiest, strict=True):
        serving = [(offer, need.cover(offer.machine, hour)) for offer in offers if need.cover(offer.machine, hour) > 0]
        for market in (True, False):
            by_usd = sorted((one for one in serving if one[0].spot is market), key=lambda one: one[0].usd_per_hour / one[1])
            used |= {offer.key for offer, _ in by_usd[:_MOST_PER_DOLLAR]}
            used |= {offer.key for offer, _ in sorted(by_usd, key=lambda one: one[0].usd_per_hour)[:_MOST_PER_GRAM]}
        if case.limits.counts_carbon:
            by_grams = sorted(serving, key=lambda one: (one[0].grams_per_hour or 0.0) / one[1])
            used |= {offer.key for offer, _ in by_grams[:_MOST_PER_GRAM]}
    return [offer for offer in offers if offer.key in used]


def _hours(case: Case, few: Sequence[Offer], program: Program, answer: Answer, *, stopped: bool) -> tuple[Hour, ...]:
    cost = program.cost(case.limits)
    nodes: list[dict[tuple[tuple[str, str, str, str], int], int]] = [{} for _ in range(case.hours)]
    costs = [0.0] * case.hours
    for (hour, at, service), column in program.nodes.items():
        count = round(float(answer.values[column]))
        if count:
            nodes[hour][few[at].key, service] = count
            costs[hour] += count * float(cost[column])
    shares = [[0.0] * len(case.needs) for _ in range(case.hours)]
    for (hour, service), column in program.unserved.items():
        shares[hour][service] = min(max(float(answer.values[column]), 0.0), 1.0)
    # What no day falls below is known for all hours together only: it is shared out as the costs are.
    share = answer.bound / answer.value if answer.value else 1.0
    stopped = stopped or answer.stopped
    return tuple(Hour(nodes[at], costs[at], costs[at] * share, tuple(shares[at]), stopped) for at in range(case.hours))
