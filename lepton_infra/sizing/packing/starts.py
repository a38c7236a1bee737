"""Starts: a node that is launched is paid for while it does not serve yet, so it may be cheaper to keep one through a quiet hour.

The hours were packed one by one. Here each hour is packed again beside its neighbours, over the offers that the day uses, as long as
that makes the day cheaper. The day repeats, so the last hour stands beside the first.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from lepton_infra.sizing.packing.hourly import Hour, read, serves
from lepton_infra.sizing.packing.model import Case, Key, Offer
from lepton_infra.sizing.packing.program import GRAMS_PER_TONNE, Cut, Program, build
from lepton_infra.sizing.packing.solve import Effort, solve

_WORTH: Final = 1e-6
"""Dollars below which a change is none."""
_BRANCHES: Final = 200
"""Nodes of the search tree for that."""
_FINE: Final = 0.001
"""Gap of an hour that is packed again."""


def start_cost(case: Case, offers: Sequence[Offer], hours: Sequence[Hour], place: int) -> float:
    """Return what the nodes that start at the beginning of an hour cost until they serve, with the price on carbon."""
    before, now = hours[place - 1].nodes, hours[place].nodes
    prices = _prices(case, offers)
    return sum(max(count - before.get(key, 0), 0) * prices[key[0]] * case.needs[key[1]].lead_hours for key, count in now.items())


def total_starts(case: Case, offers: Sequence[Offer], hours: Sequence[Hour]) -> float:
    """Return what starts cost over all hours."""
    return sum(start_cost(case, offers, hours, place) for place in range(len(hours))) if len(hours) > 1 else 0.0


def smooth(case: Case, offers: Sequence[Offer], hours: Sequence[Hour], effort: Effort) -> tuple[Hour, ...]:
    """Return the hours with fewer starts where that is cheaper; what stays unserved stays as it was."""
    now = list(hours)
    if len(now) == 1:
        return tuple(now)
    used = {key for hour in now for key, _ in hour.nodes}
    few = [offer for offer in offers if offer.key in used]
    for _ in range(effort.sweeps):
        changes = sum(_improve(case, few, now, place, effort) for place in range(len(now)))
        if not changes:
            break
    return tuple(now)


def _improve(case: Case, few: Sequence[Offer], now: list[Hour], place: int, effort: Effort) -> bool:
    """Pack one hour again beside its neighbours; keep it where the day is cheaper."""
    following = (place + 1) % len(now)
    if not start_cost(case, few, now, place) and not start_cost(case, few, now, following):
        return False
    cut = Cut(most={(place, service): share for service, share in enumerate(now[place].unserved)})
    program = build(case, few, [place], cut)
    _add_starts(program, case, few, (now[place - 1].nodes, now[following].nodes))
    answer = solve(
        program, program.cost(case.limits), replace(effort, gap=min(effort.gap, _FINE), branches=min(effort.branches, _BRANCHES))
    )
    if answer is None:
        return False
    again = read(case, few, program, answer, now[place].bound)
    again = replace(again, cost=_cost(case, few, again), bound=now[place].bound, stopped=now[place].stopped)
    old, before = now[place], _beside(case, few, now, place, following)
    now[place] = again
    if serves(case, few, again, place) and _beside(case, few, now, place, following) < before - _WORTH:
        return True
    now[place] = old
    return False


def _beside(case: Case, offers: Sequence[Offer], now: Sequence[Hour], place: int, following: int) -> float:
    return now[place].cost + start_cost(case, offers, now, place) + start_cost(case, offers, now, following)


def _add_starts(
    program: Program, case: Case, few: Sequence[Offer], beside: tuple[dict[tuple[Key, int], int], dict[tuple[Key, int], int]]
) -> None:
    """Add what starting costs: nodes above those of the hour before, and nodes of the hour after above these."""
    before, after = beside
    for (_, at, service), column in list(program.nodes.items()):
        offer, lead = few[at], case.needs[service].lead_hours
        usd, grams = offer.usd_per_hour * lead, (offer.grams_per_hour or 0.0) * lead
        had, has = before.get((offer.key, service), 0), after.get((offer.key, service), 0)
        program.row([(program.column(usd, grams), 1.0), (column, -1.0)], -float(had))
        if has:
            program.row([(program.column(usd, grams), 1.0), (column, 1.0)], float(has))


def _cost(case: Case, offers: Sequence[Offer], hour: Hour) -> float:
    prices = _prices(case, offers)
    return float(np.sum([count * prices[key[0]] for key, count in hour.nodes.items()]))


def _prices(case: Case, offers: Sequence[Offer]) -> dict[Key, float]:
    tonne = case.limits.usd_per_tonne_co2e / GRAMS_PER_TONNE
    return {offer.key: offer.usd_per_hour + (offer.grams_per_hour or 0.0) * tonne for offer in offers}
