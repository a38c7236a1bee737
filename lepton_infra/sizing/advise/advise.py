"""Usage against the plan: every pool's advice, and the set of it that can be followed at once."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lepton_infra.catalog import Catalog
from lepton_infra.catalog.services import HOURS_PER_MONTH
from lepton_infra.config import Pool, StackFile
from lepton_infra.errors import BadInput
from lepton_infra.sizing.advise.case import LEAST_DAYS, Case, full_of, machine_of, price_of
from lepton_infra.sizing.advise.choose import consistent, ordered
from lepton_infra.sizing.advise.drift import drift
from lepton_infra.sizing.advise.elsewhere import elsewhere
from lepton_infra.sizing.advise.held import held
from lepton_infra.sizing.advise.ledger import HOUR
from lepton_infra.sizing.advise.model import Advice, Kind, Report, Seen
from lepton_infra.sizing.advise.promise import promises
from lepton_infra.sizing.advise.usage import Usage
from lepton_infra.sizing.fleet import Candidate, candidates
from lepton_infra.sizing.plan import Plan
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.serving import servings
from lepton_infra.sizing.source import read_demand


def advise(stack_file: StackFile, plan: Plan, used: Mapping[str, Usage], catalog: Catalog, say: Callable[[str], None]) -> Report:
    """Hold usage against the plan of its stack.

    Args:
        stack_file: the stack.
        plan: its plan, whether or not it is fresh.
        used: usage by pool, one pool at least.
        catalog: what can be bought.
        say: called with what is being done.

    Raises:
        BadInput: a demand file of the stack cannot be read, or what it asks for cannot be bought.
    """
    cases: list[Case] = []
    notes: list[str] = []
    advice: list[Advice] = []
    for place, pool in enumerate(stack_file.stack.pools):
        say(f"judging {pool.name}")
        case = case_of(stack_file, place, plan, used.get(pool.name), catalog)
        if isinstance(case, str):
            notes.append(f"{pool.name}: {case}, so nothing is said of it.")
            continue
        cases.append(case)
        notes += _notes(case)
        advice += [*held(case), *drift(case), *elsewhere(case, catalog)]
    say("weighing commitments")
    commit, remarks = promises(cases, catalog)
    return _report(stack_file, cases, [*advice, *commit], [*notes, *remarks])


def case_of(stack_file: StackFile, place: int, plan: Plan, usage: Usage | None, catalog: Catalog) -> Case | str:
    """Return what advice about a pool is drawn from, or why nothing can be said.

    Raises:
        BadInput: the pool's demand file cannot be read.
    """
    pool = stack_file.stack.pools[place]
    planned = next((one for one in plan.pools if one.name == pool.name), None)
    if usage is None or planned is None:
        return "no records" if usage is None else "it has no plan"
    machine = machine_of(usage, planned, catalog)
    if machine is None:
        return "the catalogue does not have the machine that it ran on"
    demand = _demand(stack_file, place)
    found = _candidates(stack_file, place, catalog, demand)
    node = next((one.node for one in found if one.machine.name == machine.name), None)
    fewest = max(min(hour.nodes for hour in planned.hours), 1)
    hot = node.queue.utilisation(fewest * node.replicas) if node and node.queue else 1.0
    full = full_of(demand, usage.minutes, hot)
    return Case(f"lepton:stack.pools[{place}]", pool, planned, usage, machine, full, price_of(usage, machine), tuple(found))


def _report(stack_file: StackFile, cases: Sequence[Case], advice: Sequence[Advice], notes: Sequence[str]) -> Report:
    counted = consistent(advice)
    raised = [one for one in advice if one.kind is Kind.RAISE]
    hours = [hour for case in cases for hour in (int(case.usage.hours[0]), int(case.usage.hours[-1]) + 1)]
    return Report(
        stack=stack_file.name,
        first=_moment(min(hours)) if hours else "",
        end=_moment(max(hours)) if hours else "",
        pools=tuple(map(_seen, cases)),
        advice=tuple(ordered(advice, counted)),
        counted=tuple(one.id for one in counted),
        saved_usd_per_month=sum(one.usd_per_month.expected for one in counted if one.usd_per_month),
        raised_usd_per_month=-sum(one.usd_per_month.expected for one in raised if one.usd_per_month),
        notes=tuple(notes),
    )


def _seen(case: Case) -> Seen:
    usage, known = case.usage, case.known
    billed = sum(part.usd for part in usage.parts)
    unbilled = sum(float(part.nodes.sum()) - part.priced_hours for part in usage.parts) * case.price.usd
    return Seen(
        pool=usage.pool,
        hours=len(usage.hours),
        node_hours=round(float(usage.nodes.sum()), 4),
        needed_node_hours=float(np.ceil(usage.busy[known] / case.full.share - 1e-6).sum()) if known.any() else None,
        utilisation=round(float(np.nansum(usage.mean_busy) / max(usage.nodes[known].sum(), 1e-12)), 4) if known.any() else None,
        usd_per_month=round((billed + unbilled) / len(usage.hours) * HOURS_PER_MONTH, 2),
        short=round(float(case.short.sum() / known.sum()), 4) if known.any() else None,
    )


def _notes(case: Case) -> list[str]:
    usage = case.usage
    found: list[str] = []
    if not case.known.any():
        found.append(f"{usage.pool}: no record says how far nodes were used, so all of them are taken as needed.")
    elif not case.known.all():
        found.append(f"{usage.pool}: {float(np.mean(~case.known)):.0%} of the hours have no utilisation; their nodes are taken as needed.")
    if usage.days < LEAST_DAYS:
        found.append(f"{usage.pool}: {usage.days} days of records tell no hour of the day from chance; need is that of all hours.")
    if case.machine.name != case.plan.offer.machine:
        found.append(f"{usage.pool}: it ran on {case.machine.name}, but the plan is for {case.plan.offer.machine}.")
    span = int(usage.hours[-1] - usage.hours[0]) + 1
    if span > len(usage.hours):
        found.append(f"{usage.pool}: {span - len(usage.hours):,} of {span:,} hours have no record; a month is made of those that have.")
    return found


def _demand(stack_file: StackFile, place: int) -> DemandSeries:
    demand = stack_file.stack.pools[place].demand
    where = f"{stack_file.where}.pools[{place}].demand"
    return read_demand(stack_file.project.stacks / demand.file, demand, where).recent().scaled(demand.share)


def _candidates(stack_file: StackFile, place: int, catalog: Catalog, demand: DemandSeries) -> list[Candidate]:
    pool: Pool = stack_file.stack.pools[place]
    here = f"{stack_file.where}.pools[{place}]"
    try:
        served, _ = servings(pool, stack_file.project.stacks, float(np.nanmax(demand.values)), here)
        return candidates(stack_file.stack, place, catalog, stack_file.where, served)
    except BadInput:
        # Whether the stack can still be planned is for `lepton plan` to say; what ran can be judged without other machines.
        return []


def _moment(hour: int) -> str:
    return f"{dt.datetime.fromtimestamp(hour * HOUR, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
