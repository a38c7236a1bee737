"""Commitments: how many nodes, or dollars per hour, to promise for years, what that saves, and how far to trust it.

A commitment covers one machine type (reserved instances and reservations), the sizes of a family in a region (EC2 instance savings plans,
Google's resource-based commitments), or whatever is computed (compute savings plans, Google's flexible commitments, Azure's savings plan).
What covers a single machine is counted in nodes, what covers several in dollars per hour. Nothing is paid up front in any of them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from lepton_infra.catalog import Catalog, Commitment, Machine
from lepton_infra.sizing.arrays import Floats, Ints
from lepton_infra.sizing.newsvendor import Saving, best_promise, best_spend, hourly_cost, saving, spend_cost

TRUST_DAYS_PER_YEAR: Final = 28
"""Days of history that a year of promise asks for: four weeks say something of a week, and little enough of a year."""
LEAST_DAYS: Final = 3
"""Days below which no pattern can be told from chance."""
A_QUARTER_LESS: Final = 0.75
"""What is left of need in the question of how much is regretted."""
_SAVING_WORTH_NAMING: Final = 0.005


class Scope(StrEnum):
    """What a commitment covers."""

    MACHINE = "machine"
    """One machine type in one region."""
    FAMILY = "family"
    """The sizes of a family in one region."""
    COMPUTE = "compute"
    """Every machine of the cloud that the program has a price of, in any region."""


_WIDTH: Final = {Scope.MACHINE: 0, Scope.FAMILY: 1, Scope.COMPUTE: 2}


@dataclass(frozen=True, slots=True)
class Need:
    """How many nodes of a machine are needed, by hour."""

    machine: Machine
    """What runs."""
    nodes: Floats
    """Nodes by hour, shape `(n,)`, NaN where nothing was recorded; the same hours for every need."""


@dataclass(frozen=True, slots=True)
class Committed:
    """The best promise under one program and term, and how far to trust it."""

    program: str
    """What the cloud calls it."""
    years: int
    """Length of the promise."""
    scope: Scope
    """What it covers."""
    cloud: str
    """Whose it is."""
    region: str
    """Where it holds; empty where it holds in any."""
    machines: tuple[str, ...]
    """The machines that it would pay for here."""
    nodes: int | None
    """Nodes to promise; None where several machines are covered by one sum."""
    usd_per_hour: float
    """Dollars per hour that are promised."""
    breakeven: float
    """Share of the hours in which what is promised must be needed for it to pay: promised price over on-demand price."""
    needed: float
    """Share of the hours in which all that is promised was needed."""
    saved: Saving
    """Share of the on-demand bill of these machines that it saves."""
    saved_usd_per_hour: float
    """The same in dollars, mean of the hours."""
    saved_if_less: float
    """Share saved should need fall by a quarter; negative where it would then cost more than it saves."""
    regret_if_less: float
    """Share of that smaller bill that a promise fitted to it would have saved more."""
    history_days: float
    """Days recorded."""
    doubts: tuple[str, ...]
    """Why not to sign it, as sentences."""
    advised: bool
    """Whether it is the one to sign: believed, worth while, and best of those for what it covers."""
    derived: bool
    """Whether its price is the on-demand price less a published discount."""
    as_of: str
    """Day of its price."""
    source: str
    """Where its price is published."""


def commitments(needs: Sequence[Need], catalog: Catalog) -> tuple[Committed, ...]:
    """Return the best promise under each program and term that covers a machine that is needed, narrowest and shortest first.

    Of the programs that are believed the narrower ones are settled first and the wider ones cover what those leave, so that no node is
    promised twice. The joint optimum may lie a little lower where a wide program would have had the better use of a node.

    Args:
        needs: nodes by hour of each machine, all over the same hours; needs of the same machine are summed.
        catalog: what commitments cost.
    """
    summed = _by_machine(needs)
    hours = len(next(iter(summed)).nodes) if summed else 0
    known = np.ones(hours, dtype=np.bool_)
    for each in summed:
        known &= ~np.isnan(each.nodes)
    days = (np.arange(hours) // 24)[known]
    if not len(days):
        return ()
    rest = {each.machine.key: each.nodes[known] for each in summed}
    found: list[Committed] = []
    for scope in sorted(Scope, key=_WIDTH.__getitem__):
        offers = [offer for offer in _offers(summed, catalog) if offer.scope == scope]
        for group in dict.fromkeys(offer.covers for offer in offers):
            judged = [(offer, _judged(offer, rest, days)) for offer in offers if offer.covers == group]
            found += _chosen(judged, rest)
    return tuple(found)


def scope_of(program: str) -> Scope:
    """Return what a program covers, by what the clouds call theirs."""
    name = program.casefold()
    if "flexible" in name or "spend" in name or ("savings plan" in name and "instance" not in name):
        return Scope.COMPUTE
    return Scope.FAMILY if "savings plan" in name or "resource-based" in name else Scope.MACHINE


def family_of(machine: Machine) -> str:
    """Return the family that a machine's name says: what stands before the size."""
    return re.split(r"[._]" if "." in machine.name else r"-(?=\w+$)", machine.name, maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class _Offer:
    """A program and term with the machines that it would pay for."""

    scope: Scope
    covers: tuple[str, ...]
    machines: tuple[Machine, ...]
    terms: tuple[Commitment, ...]

    @property
    def on_demand(self) -> Floats:
        return np.asarray([one.usd_per_hour for one in self.machines])

    @property
    def promised(self) -> Floats:
        return np.asarray([one.usd_per_hour for one in self.terms])

    def need(self, rest: dict[tuple[str, str, str], Floats]) -> Floats:
        return np.column_stack([rest[one.key] for one in self.machines])


def _by_machine(needs: Iterable[Need]) -> list[Need]:
    summed: dict[tuple[str, str, str], Need] = {}
    for each in sorted(needs, key=lambda one: one.machine.key):
        before = summed.get(each.machine.key)
        summed[each.machine.key] = Need(each.machine, before.nodes + each.nodes) if before else each
    return list(summed.values())


def _offers(needs: Sequence[Need], catalog: Catalog) -> list[_Offer]:
    """Return the programs by what they cover and by term; a machine that a program has no price of is left out of it."""
    grouped: dict[tuple[tuple[str, ...], str, int], list[tuple[Machine, Commitment]]] = {}
    for need in needs:
        for term in catalog.commitments(need.machine):
            covers = _covers(need.machine, scope_of(term.program))
            grouped.setdefault((covers, term.program, term.years), []).append((need.machine, term))
    offers = [
        _Offer(scope_of(program), covers, tuple(one for one, _ in pairs), tuple(term for _, term in pairs))
        for (covers, program, _), pairs in grouped.items()
    ]
    return sorted(offers, key=lambda one: (_WIDTH[one.scope], one.covers, one.terms[0].years, one.terms[0].program))


def _covers(machine: Machine, scope: Scope) -> tuple[str, ...]:
    if scope is Scope.COMPUTE:
        return (machine.cloud.value, "")
    return (machine.cloud.value, machine.region, machine.name if scope is Scope.MACHINE else family_of(machine))


def _judged(offer: _Offer, rest: dict[tuple[str, str, str], Floats], days: Ints) -> Committed:
    need, on_demand, promised = offer.need(rest), offer.on_demand, offer.promised
    before = need @ on_demand
    alone = len(offer.machines) == 1
    ratio = float(promised @ need.sum(axis=0) / max(before.sum(), 1e-12)) if need.any() else float(promised[0] / on_demand[0])
    nodes = int(best_promise(need[:, 0], float(promised[0] / on_demand[0]))) if alone else None
    spend = nodes * float(promised[0]) if nodes is not None else best_spend(need, on_demand, promised)
    found = saving(before, _bill(need, on_demand, promised, spend), days)
    less = A_QUARTER_LESS * need
    bill = float((less @ on_demand).sum())
    kept = 1 - float(_bill(less, on_demand, promised, spend).sum()) / bill if bill else 0.0
    best = 1 - float(_bill(less, on_demand, promised, A_QUARTER_LESS * spend).sum()) / bill if bill else 0.0
    term, recorded = offer.terms[0], len(days) / 24
    return Committed(
        program=term.program,
        years=term.years,
        scope=offer.scope,
        cloud=offer.covers[0],
        region=offer.covers[1],
        machines=tuple(one.name for one in offer.machines),
        nodes=nodes,
        usd_per_hour=spend,
        breakeven=ratio,
        needed=float(np.mean(need @ promised >= spend * (1 - 1e-9))) if spend else 0.0,
        saved=found,
        saved_usd_per_hour=found.expected * float(before.mean()),
        saved_if_less=kept,
        regret_if_less=best - kept,
        history_days=recorded,
        doubts=tuple(_doubts(term.years, recorded, found, kept)),
        advised=False,
        derived=any(one.derived for one in offer.terms),
        as_of=min(one.as_of for one in offer.terms).isoformat(),
        source=term.source,
    )


def _bill(need: Floats, on_demand: Floats, promised: Floats, spend: float) -> Floats:
    """Return the dollars of each hour; nodes of a single machine are the same sum, whatever the words."""
    if len(on_demand) == 1:
        ratio = float(promised[0] / on_demand[0])
        return hourly_cost(need[:, 0], [(spend / float(promised[0]), ratio)]) * float(on_demand[0])
    return spend_cost(need, on_demand, promised, spend)


def _doubts(years: int, recorded: float, found: Saving, if_less: float) -> Iterator[str]:
    if recorded < LEAST_DAYS:
        yield f"{recorded:.1f} days of history are fewer than {LEAST_DAYS} daily cycles: they say nothing of need."
    elif recorded < years * TRUST_DAYS_PER_YEAR:
        yield (
            f"{recorded:.0f} days of history say little about {years} {'years' if years > 1 else 'year'}: "
            f"{years * TRUST_DAYS_PER_YEAR} days at least before signing."
        )
    if found.p10 < 0 < found.expected:
        yield "One in ten histories like this one would have lost money on it."
    if if_less < 0:
        yield f"Should need fall by a quarter, the bill would be {-if_less:.0%} higher than on demand."


def _chosen(judged: list[tuple[_Offer, Committed]], rest: dict[tuple[str, str, str], Floats]) -> list[Committed]:
    """Mark the one to sign of those that cover the same, and take what it covers out of the need that is left."""
    believed = [pair for pair in judged if pair[1].saved.expected > _SAVING_WORTH_NAMING and not pair[1].doubts]
    if not believed:
        return [one for _, one in judged]
    offer, best = max(believed, key=lambda pair: (pair[1].saved_usd_per_hour, -pair[1].years))
    for machine in offer.machines:
        # What a sum of dollars leaves of each machine depends on the hour; it is not offered to a wider program again.
        covered = np.inf if best.nodes is None else best.nodes
        rest[machine.key] = np.maximum(rest[machine.key] - covered, 0.0)
    return [replace(one, advised=one is best) for _, one in judged]
