"""Narrowing a program before it is searched: which nodes cannot be part of any fleet that costs at most so much.

A relaxation in fractions mixes a sliver of a large cheap node into every fleet; whole nodes cannot. Three arguments shut that out, each
of them proof against every fleet that costs no more than the ceiling:

* capacity: the most capacity T that the ceiling buys is a linear program; an offer limited to a share of T then has room for
  floor(share * T / a) nodes, often none;
* surplus: what the loss of a zone or a spot pool takes is at most T less what is to be kept after it;
* reduced cost: an offer whose first node would lift the relaxation above the ceiling is not bought.

The ceiling is a guess a little above the relaxation, raised until a fleet is found below it, so no heuristic has to come first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, inf, isinf
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.packing.model import Case, Limits, Offer
from lepton_infra.sizing.packing.program import Program
from lepton_infra.sizing.packing.solve import Answer, Effort, relax, solve

_GUESSES: Final = (1.05, 1.2, 1.5, inf)
"""Ceilings over the relaxation that are tried in turn."""
_ROUNDS: Final = 4
_WHOLE: Final = 1e-6
"""How far below a whole number still counts as it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A solution with a bound over all offers, pruned ones included."""

    answer: Answer
    """The solution."""
    bound: float
    """What no solution falls below."""


def cheapest(program: Program, case: Case, offers: Sequence[Offer], effort: Effort) -> Found | None:
    """Return the cheapest solution of a program within the effort's gap, or None where there is none.

    Args:
        program: one hour or several.
        case: what it was built from.
        offers: likewise.
        effort: how hard to try.
    """
    cost = program.cost(case.limits)
    first = relax(program, cost)
    if first is None:
        return None
    best: Answer | None = None
    lowest = first.value
    for factor in _GUESSES:
        ceiling = lowest * factor if best is None else best.value
        uppers = list(program.upper)
        reached = _narrow(program, case, offers, cost, ceiling)
        answer = solve(program, cost, effort) if reached is not None else None
        program.upper[:] = uppers
        lowest = max(lowest, ceiling if reached is None else min(ceiling, reached))
        if answer is not None and (best is None or answer.value < best.value):
            best = answer
        bound = lowest if answer is None else max(lowest, min(ceiling, answer.bound))
        if answer is not None and (answer.value <= ceiling * (1 + _WHOLE) or answer.value - bound <= effort.gap * answer.value):
            return Found(answer, min(answer.value, bound))
        if answer is None and best is None and reached is not None and not isinf(ceiling):
            lowest = max(lowest, ceiling)
    return None if best is None else Found(best, min(lowest, best.value))


def _narrow(program: Program, case: Case, offers: Sequence[Offer], cost: Floats, ceiling: float) -> float | None:
    """Lower the upper bounds of the program's columns; return the relaxation after it, or None where nothing is below the ceiling."""
    value = -inf
    for _ in range(_ROUNDS):
        relaxed = relax(program, cost)
        if relaxed is None or relaxed.value > ceiling * (1 + _WHOLE):
            return None
        if isinf(ceiling):
            return relaxed.value
        value = relaxed.value
        changed = _by_reduced_cost(program, relaxed.reduced, ceiling - value)
        for (hour, service), (column, unit) in program.capacity.items():
            objective = np.zeros(len(program.usd))
            objective[column] = -1.0
            most = relax(program, objective, [(cost, ceiling * (1 + _WHOLE))])
            if most is None:
                return None
            unserved = program.upper[program.unserved[hour, service]]
            changed |= _by_capacity(program, case, offers, (hour, service), -most.value / unit, case.needs[service].kept[hour] - unserved)
        if not changed:
            break
    return value


def _by_reduced_cost(program: Program, reduced: Floats, room: float) -> bool:
    changed = False
    for column in program.nodes.values():
        if program.upper[column] > 0 and reduced[column] > room + _WHOLE:
            program.upper[column], changed = 0.0, True
    return changed


def _by_capacity(program: Program, case: Case, offers: Sequence[Offer], place: tuple[int, int], most: float, need: float) -> bool:
    """Lower the bounds of a service's nodes, given the most capacity and what a loss must leave, as shares of the need."""
    hour, service = place
    changed = False
    for at, offer in enumerate(offers):
        column = program.nodes.get((hour, at, service))
        cover = case.needs[service].cover(offer.machine, hour) if column is not None else 0.0
        if column is None or cover <= 0:
            continue
        upper = _room(offer, case.limits, most / cover, (most - need) / cover)
        if upper < program.upper[column]:
            program.upper[column], changed = upper, True
    return changed


def _room(offer: Offer, limits: Limits, capacity: float, surplus: float) -> float:
    """Return the most nodes of an offer, given capacity and surplus counted in its nodes."""
    shares = [limits.max_region_share, limits.max_cloud_share, limits.max_spot_share if offer.spot else None]
    share = min((share for share in shares if share is not None), default=1.0)
    room = floor(share * capacity + _WHOLE)
    if limits.max_zone_share is not None:
        room = min(room, offer.zones * floor(limits.max_zone_share * capacity + _WHOLE))
    if limits.survive_zones:
        room = min(room, offer.zones * floor(surplus + _WHOLE))
    if limits.survive_spot_pool and offer.spot:
        room = min(room, floor(surplus + _WHOLE))
    return float(max(room, 0))
