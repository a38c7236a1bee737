"""Making a plan: demand, forecast, staffing, fleet, schedule and comparison, in this order, for each pool."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import numpy as np

from lepton_infra.catalog import Catalog, Machine, listed, nearest, plain
from lepton_infra.config import Pool, StackFile
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.compare import History, compare, history
from lepton_infra.sizing.dayahead import Day, day_ahead, hourly_task, trusted
from lepton_infra.sizing.events import Event, affected, cautions, read_events, told
from lepton_infra.sizing.explain import Explained, warnings, why
from lepton_infra.sizing.fleet import Candidate, Fleet, candidates, choose, system_faults
from lepton_infra.sizing.forecast import GAIN, Method, Task, methods, ranked
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.heat import target_utilisation, utilisation_told
from lepton_infra.sizing.lead import lead_minutes
from lepton_infra.sizing.lead import told as lead_told
from lepton_infra.sizing.lock import inputs_of
from lepton_infra.sizing.plan import Hour, Offer, Plan, PoolPlan
from lepton_infra.sizing.record import Record
from lepton_infra.sizing.schedule import base, schedule
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.serving import Serving, servings, unit_fault
from lepton_infra.sizing.simulator import Setting
from lepton_infra.sizing.source import read_record
from lepton_infra.sizing.staffing import NodeShape, staffed
from lepton_infra.sizing.tenants import by_tenant, parts
from lepton_infra.sizing.usual import taken_out, usual

HOURS_PER_MONTH: Final = 730
"""Hours in a month, as the clouds' calculators count."""
MEMORY_DAYS: Final = 2
"""Days whose misses the margin at the lead time is learnt from."""
_LEAST_HOURS: Final = 2


def make_plan(stack_file: StackFile, catalog: Catalog, report: Callable[[str], None] | None = None) -> Plan:
    """Plan every pool of a stack.

    Args:
        stack_file: the stack, with the place where its demand files lie.
        catalog: what can be bought.
        report: called with what is being done.

    Raises:
        BadInput: with every fault of every pool and its demand file.
    """
    say = report or _silent
    faults = system_faults(stack_file.stack, catalog, stack_file.where)
    region_known = not any(fault.where.endswith(".region") for fault in faults)
    records: dict[str, Record] = {}
    pools: list[PoolPlan] = []
    for place, pool in enumerate(stack_file.stack.pools):
        say(f"planning {pool.name}")
        prepared = _prepare(stack_file, place, catalog if region_known else None, records)
        if isinstance(prepared, list):
            faults += [fault for fault in prepared if fault not in faults]
        elif not faults:
            try:
                pools.append(_pool_plan(pool, prepared, f"{stack_file.where}.pools[{place}]", say))
            except BadInput as error:
                faults += error.faults
    if faults:
        raise BadInput(faults)
    return Plan(stack=stack_file.name, inputs=inputs_of(stack_file, catalog), pools=tuple(pools))


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a pool is planned from."""

    demand: DemandSeries
    record: Record
    events: tuple[Event, ...]
    found: list[Candidate]
    methods: list[Method]
    served: dict[str, Serving]
    """What a replica serves by plain kind of GPU."""
    doubted: tuple[str, ...]
    """Kinds of GPU that were refused, and why."""


def _prepare(stack_file: StackFile, place: int, catalog: Catalog | None, cache: dict[str, Record]) -> _Prepared | list[Fault]:
    """Read and check a pool's inputs; return every fault where there are any."""
    pool, here = stack_file.stack.pools[place], f"{stack_file.where}.pools[{place}]"
    faults: list[Fault] = []
    found: list[Candidate] = []
    events: tuple[Event, ...] = ()
    served: dict[str, Serving] = {}
    doubted: tuple[str, ...] = ()
    key = pool.demand.model_dump_json(exclude={"share", "events"})
    try:
        if key not in cache:
            cache[key] = read_record(stack_file.project.stacks / pool.demand.file, pool.demand, f"{here}.demand")
    except BadInput as error:
        faults += error.faults
    try:
        events = _events(stack_file, place)
    except BadInput as error:
        faults += error.faults
    peak = float(np.nanmax(cache[key].series.values)) * pool.demand.share if key in cache else 1.0
    faults += unit_fault(pool, cache[key].series.unit, here) if key in cache else []
    try:
        served, doubted = servings(pool, stack_file.project.stacks, peak, here)
        found = candidates(stack_file.stack, place, catalog, stack_file.where, served) if catalog else []
    except BadInput as error:
        faults += error.faults
    if pool.forecaster not in {"auto", *FORECASTERS}:
        allowed = f"choose auto, {listed(nearest(pool.forecaster, FORECASTERS, len(FORECASTERS)))}"
        faults.append(Fault(f"{here}.forecaster", f"is {pool.forecaster!r}", allowed))
    if faults:
        return faults
    demand = usual(cache[key].series.recent(), events).scaled(pool.demand.share)
    recorded = len(demand.hours().values) - demand.hours().gaps
    if recorded < _LEAST_HOURS:
        return [Fault(f"{here}.demand.file", f"is '{pool.demand.file}' with {recorded} whole hours of demand", f"{_LEAST_HOURS} or more")]
    names = ("naive",) if not trusted(demand.hours().values) else (*FORECASTERS, *by_tenant(cache[key].split))
    chosen = methods(names if pool.forecaster == "auto" else (pool.forecaster,))
    return _Prepared(demand, cache[key], events, found, chosen, served, doubted)


def _events(stack_file: StackFile, place: int) -> tuple[Event, ...]:
    said = stack_file.stack.pools[place].demand.events
    where = f"{stack_file.where}.pools[{place}].demand"
    return read_events(stack_file.project.stacks / said, said, where) if said else ()


def _pool_plan(pool: Pool, prepared: _Prepared, where: str, say: Callable[[str], None]) -> PoolPlan:
    past = history(prepared.demand)
    lead = replace(lead_task(past, pool), parts=parts(prepared.record, prepared.demand, past.windows))
    hourly = replace(hourly_task(past.hours, pool.quantile), parts=parts(prepared.record, prepared.demand, past.hours))
    say(f"planning {pool.name}: the day ahead")
    day = _rounded(_with_events(day_ahead(hourly, prepared.methods), past.hours.end, prepared.events, pool.demand.share))
    fleets = choose(prepared.found, day.upper.tolist(), pool, where)
    say(f"planning {pool.name}: the lead time")
    ranking = ranked(lead, prepared.methods)
    say(f"planning {pool.name}: its rivals on the last days")
    setting = setting_of(past, pool, fleets[0].candidate.node)
    compared, covered = compare(past, setting, lead, hourly, prepared.methods)
    serving = prepared.served[plain(fleets[0].candidate.machine.gpu or "")]
    target = target_utilisation(fleets[0])
    said = tuple(filter(None, (*serving.reasons, lead_told(pool), utilisation_told(fleets[0], target))))
    reasons = Explained(pool, past, day, ranking, fleets, compared, covered, prepared.record, serving.source, said, prepared.doubted)
    return PoolPlan(
        name=pool.name,
        offer=_offer(fleets[0].candidate.machine),
        runner_up=_offer(fleets[1].candidate.machine) if len(fleets) > 1 else None,
        unit=prepared.demand.unit,
        node_capacity=_six(fleets[0].candidate.node.capacity),
        quantile=pool.quantile,
        lead_minutes=lead_minutes(pool),
        forecaster=_named(ranking[0][1]),
        day_ahead_forecaster=_named(day.method),
        coverage=covered,
        why=(*why(reasons), *taken_out(prepared.demand, prepared.events), *told(prepared.events, past.hours.end, len(day.p50))),
        warnings=(*warnings(reasons), *cautions(prepared.events, past.hours.end, len(day.p50))),
        hours=_hours(day, fleets[0], past.hours.end),
        min_nodes=base(fleets[0].nodes, past.hours.end.hour, lead_minutes(pool)),
        max_nodes=pool.max_nodes,
        target_utilisation=target,
        schedule=schedule(fleets[0].nodes, past.hours.end.hour, lead_minutes(pool)),
        usd_per_month=round(fleets[0].usd / len(fleets[0].nodes) * HOURS_PER_MONTH, 2),
        compared=compared,
    )


def lead_task(past: History, pool: Pool) -> Task:
    """Return the task of forecasting at the pool's lead time: a node ordered now serves in the window after its lead time."""
    windows = past.windows
    horizon = 1 + ceil(lead_minutes(pool) * 60 / windows.step_seconds)
    return Task(windows.values, windows.season, (horizon,), pool.quantile, MEMORY_DAYS * windows.season, GAIN)


def setting_of(past: History, pool: Pool, node: NodeShape) -> Setting:
    """Return what policies for the pool share."""
    windows = past.windows
    lead = ceil(lead_minutes(pool) * 60 / windows.step_seconds)
    return Setting(windows.values, node.capacity, lead, pool.min_nodes, windows.step_seconds / 3600, staffed(node))


def _hours(day: Day, fleet: Fleet, start: dt.datetime) -> tuple[Hour, ...]:
    return tuple(
        Hour(start=start + dt.timedelta(hours=place), demand_p50=p50, demand=upper, replicas=replicas, nodes=nodes)
        for place, (p50, upper, replicas, nodes) in enumerate(
            zip(day.p50.tolist(), day.upper.tolist(), fleet.replicas, fleet.nodes, strict=True)
        )
    )


def _with_events(day: Day, start: dt.datetime, events: tuple[Event, ...], share: float) -> Day:
    return replace(day, p50=affected(day.p50, start, events, share), upper=affected(day.upper, start, events, share))


def _rounded(day: Day) -> Day:
    """Round demand to six digits, so that the nodes follow from the figures that the plan shows."""
    for part in (day.p50, day.upper):
        part[:] = [_six(value) for value in part.tolist()]
    return replace(day)


def _offer(machine: Machine) -> Offer:
    return Offer(
        cloud=machine.cloud.value,
        region=machine.region,
        machine=machine.name,
        gpu=machine.gpu or "",
        gpus=int(machine.gpus),
        usd_per_hour=machine.usd_per_hour,
        price_date=machine.price_date,
    )


def _named(method: Method) -> str:
    return f"{method.forecaster} ({method.margin} margin)"


def _six(value: float) -> float:
    return float(f"{value:.6g}")


def _silent(_text: str) -> None:
    """Say nothing."""
