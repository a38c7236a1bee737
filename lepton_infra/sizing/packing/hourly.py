"""One hour: the cheapest nodes that serve it within the limits, or the least left unserved, the highest priority first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from lepton_infra.sizing.packing.bounds import cheapest
from lepton_infra.sizing.packing.check import broken
from lepton_infra.sizing.packing.model import Case, Key, Limits, Need, Offer
from lepton_infra.sizing.packing.program import Cut, Program, build
from lepton_infra.sizing.packing.prune import undominated
from lepton_infra.sizing.packing.solve import Answer, Effort, solve

if TYPE_CHECKING:
    from lepton_infra.sizing.arrays import Floats

_SLACK: Final = 1e-9
"""Share of the need that a rounding of the last bit may miss, as in staffing."""
_TIGHTER: Final = 1e-5
"""Share by which the need is raised where the solver's tolerance was taken for a node."""
_ROOM: Final = 1e-7
"""Unserved share that a later stage may add to what an earlier one reached: the solver's tolerance."""


@dataclass(frozen=True)
class Hour:
    """The nodes of one hour."""

    nodes: dict[tuple[Key, int], int]
    """Nodes by offer and service; none that is 0."""
    cost: float
    """Dollars of the hour, with the price on carbon."""
    bound: float
    """What no fleet within the limits, serving as much, falls below."""
    unserved: tuple[float, ...]
    """Share of the need that stays unserved, by service."""
    stopped: bool = False
    """Whether a search ended before it was within the gap."""


Known: TypeAlias = dict[tuple[Limits, str, float, float, int, int | None], Hour | None]
"""Hours of one service packed for itself, by its limits, name, demand, share kept and bounds: what another limit leaves as it was."""


def pack_hour(case: Case, offers: Sequence[Offer], hour: int, effort: Effort, known: Known | None = None) -> Hour | None:
    """Return the nodes of one hour, or None where no nodes keep the limits.

    Args:
        case: needs and limits.
        offers: what the limits allow, in canonical order.
        hour: which hour.
        effort: how hard to try.
        known: what was packed of the same market before; what is packed here is added.
    """
    apart = _apart(case, offers, hour, effort, {} if known is None else known)
    if apart is not None:
        return apart
    kept = undominated(case, offers, hour)
    whole = _cheapest(case, kept, hour, effort, Cut())
    if whole is not None or not case.limits.may_cut:
        return whole
    most = _least_unserved(case, kept, hour, effort)
    return None if most is None else _cheapest(case, kept, hour, effort, Cut(most=most))


def can(case: Case, offers: Sequence[Offer], hour: int) -> bool:
    """Say whether any nodes keep the limits in an hour, whatever they cost."""
    program = build(case, offers, [hour], Cut(free=case.limits.may_cut))
    return solve(program, np.zeros(len(program.usd)), Effort(gap=1.0)) is not None


def _apart(case: Case, offers: Sequence[Offer], hour: int, effort: Effort, known: Known) -> Hour | None:
    """Return the services packed each for itself, or None where that breaks what they share: what is best for each is best for all."""
    if len(case.needs) == 1:
        return None
    limits = replace(case.limits, quotas=(), min_nodes=0, max_nodes=None, may_cut=False)

    def alone(need: Need) -> Hour | None:
        mark = (limits, need.name, need.demand[hour], need.kept[hour], need.min_nodes, need.max_nodes)
        if mark not in known:
            known[mark] = pack_hour(Case(case.offers, (need,), limits), offers, hour, effort)
        return known[mark]

    found = [one for need in case.needs if (one := alone(need)) is not None]
    if len(found) < len(case.needs):
        return None
    nodes = {(key, service): count for service, one in enumerate(found) for (key, _), count in one.nodes.items()}
    unserved = (0.0,) * len(case.needs)
    if broken(case, offers, hour, nodes, unserved):
        return None
    return Hour(nodes, sum(one.cost for one in found), sum(one.bound for one in found), unserved, any(one.stopped for one in found))


def _cheapest(case: Case, kept: Sequence[Offer], hour: int, effort: Effort, cut: Cut) -> Hour | None:
    """Solve; where the solver's tolerance was taken for part of a node, ask for that much more."""
    best: Hour | None = None
    for tighten in (0.0, _TIGHTER):
        program = build(case, kept, [hour], cut, tighten)
        found = cheapest(program, case, kept, effort)
        if found is None:
            return None
        bound = found.bound if best is None else best.bound
        best = read(case, kept, program, found.answer, bound)
        if serves(case, kept, best, hour):
            break
    return best


def serves(case: Case, kept: Sequence[Offer], found: Hour, hour: int) -> bool:
    """Say whether the nodes, which are whole, really cover what is to be served."""
    return all(
        _covered(case, kept, found, service, hour) >= 1 - unserved - (_ROOM if unserved else _SLACK)
        for service, unserved in enumerate(found.unserved)
        if case.needs[service].demand[hour] > 0
    )


def _least_unserved(case: Case, offers: Sequence[Offer], hour: int, effort: Effort) -> dict[tuple[int, int], float] | None:
    """Return the least that must stay unserved, the highest priority first; services of one priority share what is short."""
    program = build(case, offers, [hour], Cut(free=True))
    extra: list[tuple[Floats, float]] = []
    answer: Answer | None = None
    for priority in sorted({need.priority for need in case.needs}, reverse=True):
        objective = np.zeros(len(program.usd))
        for (_, service), column in program.unserved.items():
            objective[column] = 1.0 if case.needs[service].priority == priority else 0.0
        answer = solve(program, objective, Effort(gap=0.0, branches=effort.branches, seconds=effort.seconds), extra)
        if answer is None:
            return None
        extra.append((objective, answer.value + _ROOM))
    if answer is None:
        return None
    return {place: _clean(float(answer.values[column])) for place, column in program.unserved.items()}


def _clean(share: float) -> float:
    return 0.0 if share <= _ROOM else min(share + _ROOM, 1.0)


def read(case: Case, offers: Sequence[Offer], program: Program, answer: Answer, bound: float) -> Hour:
    """Return the nodes of an hour from the solution of its program."""
    nodes = {
        (offers[offer].key, service): round(float(answer.values[column]))
        for (_, offer, service), column in program.nodes.items()
        if answer.values[column] > 0.5  # noqa: PLR2004 (a whole number as the solver writes it)
    }
    shares = {service: float(answer.values[column]) for (_, service), column in program.unserved.items()}
    unserved = tuple(shares.get(service, 0.0) for service in range(len(case.needs)))
    return Hour(nodes, answer.value, min(bound, answer.value), unserved, answer.stopped)


def _covered(case: Case, offers: Sequence[Offer], found: Hour, service: int, hour: int) -> float:
    machines = {offer.key: offer.machine for offer in offers}
    need = case.needs[service]
    return sum(count * need.cover(machines[key], hour) for (key, of), count in found.nodes.items() if of == service)
