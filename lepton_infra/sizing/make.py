"""Making a plan: demand, forecast, staffing, fleet, schedule and comparison, in this order, for each pool."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import numpy as np

from lepton_infra.catalog import Catalog, Machine, plain
from lepton_infra.catalog.services import HOURS_PER_MONTH
from lepton_infra.config import Pool, StackFile
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.backtest import MEMORY_DAYS
from lepton_infra.sizing.compare import at_lead, compare
from lepton_infra.sizing.dayahead import HOURS, Day, day_ahead, day_losses, hourly_task
from lepton_infra.sizing.events import Event, affected, cautions, read_events, told
from lepton_infra.sizing.explain import Explained, warnings, why
from lepton_infra.sizing.fleet import Candidate, Fleet, candidates, choose, staff, system_faults
from lepton_infra.sizing.forecast import GAIN, Method, Task, blends
from lepton_infra.sizing.heat import promise_told
from lepton_infra.sizing.history import History, history
from lepton_infra.sizing.lead import lead_minutes
from lepton_infra.sizing.lead import told as lead_told
from lepton_infra.sizing.level import SHOWN, Asked, Case, Level, as_run, asked_of, by_day, find_level, shown
from lepton_infra.sizing.limits import fleet_faults
from lepton_infra.sizing.lock import inputs_of
from lepton_infra.sizing.loop import Limits, calm_windows
from lepton_infra.sizing.looped import aimed_at, written
from lepton_infra.sizing.money import interval
from lepton_infra.sizing.plan import Hour, Money, Offer, Plan, PoolPlan
from lepton_infra.sizing.promised import Needed, needed, promises
from lepton_infra.sizing.record import Record
from lepton_infra.sizing.rungs import forecaster_fault, open_rungs
from lepton_infra.sizing.schedule import base, schedule
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.serving import Serving, measured_peak, servings, unit_fault
from lepton_infra.sizing.simulator import Setting, simulate
from lepton_infra.sizing.source import read_record
from lepton_infra.sizing.staffing import NodeShape, staffed
from lepton_infra.sizing.tenants import by_tenant, parts
from lepton_infra.sizing.together import Member, plan_fleet
from lepton_infra.sizing.usual import taken_out, usual

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
    faults += fleet_faults(stack_file.stack, catalog, stack_file.where)
    records: dict[str, Record] = {}
    members: list[Member] = []
    needs: list[Needed] = []
    for place, pool in enumerate(stack_file.stack.pools):
        say(f"planning {pool.name}")
        prepared = _prepare(stack_file, place, catalog if region_known else None, records)
        if isinstance(prepared, list):
            faults += [fault for fault in prepared if fault not in faults]
        elif not faults:
            try:
                planned = _pool_plan(pool, prepared, f"{stack_file.where}.pools[{place}]", say)
                members.append(Member(pool, planned, prepared.served))
                needs.append(_needed(pool, prepared, planned))
            except BadInput as error:
                faults += error.faults
    if faults:
        raise BadInput(faults)
    stack, pools = stack_file.stack, tuple(member.plan for member in members)
    say("weighing commitments")
    promised = promises(needs, catalog)
    fleet = plan_fleet(stack, members, catalog, stack_file.where, say) if stack.fleet else None
    return Plan(stack=stack_file.name, inputs=inputs_of(stack_file, catalog), pools=pools, commitments=promised, fleet=fleet)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a pool is planned from."""

    demand: DemandSeries
    record: Record
    events: tuple[Event, ...]
    found: list[Candidate]
    names: Sequence[str]
    """Forecasters to choose from."""
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
        served, doubted = servings(pool, stack_file.project.stacks, peak, here, measured_peak(cache.get(key)))
        found = candidates(stack_file.stack, place, catalog, stack_file.where, served) if catalog else []
    except BadInput as error:
        faults += error.faults
    faults += forecaster_fault(pool.forecaster, f"{here}.forecaster")
    if faults:
        return faults
    demand = usual(cache[key].series.recent(), events).scaled(pool.demand.share)
    recorded = len(demand.hours().values) - demand.hours().gaps
    if recorded < _LEAST_HOURS:
        return [Fault(f"{here}.demand.file", f"is '{pool.demand.file}' with {recorded} whole hours of demand", f"{_LEAST_HOURS} or more")]
    names = open_rungs(recorded / HOURS, pool.forecaster)
    chosen = (*names, *(by_tenant(cache[key].split) if len(names) > 1 else ()))
    return _Prepared(demand, cache[key], events, found, chosen, served, doubted)


def _needed(pool: Pool, prepared: _Prepared, made: PoolPlan) -> Needed:
    """Return what the pool needs of the chosen machine over its whole history, which commitments are weighed on."""
    chosen = next(one for one in prepared.found if one.machine.name == made.offer.machine and one.machine.region == made.offer.region)
    return needed(pool.name, chosen.machine, chosen.node, prepared.record.series.scaled(pool.demand.share), pool.min_nodes)


def _events(stack_file: StackFile, place: int) -> tuple[Event, ...]:
    said = stack_file.stack.pools[place].demand.events
    where = f"{stack_file.where}.pools[{place}].demand"
    return read_events(stack_file.project.stacks / said, said, where) if said else ()


def _pool_plan(pool: Pool, prepared: _Prepared, where: str, say: Callable[[str], None]) -> PoolPlan:
    """Plan one pool: foresee, choose a machine, find the level, staff the floors, price them, compare."""
    past, asked = history(prepared.demand), asked_of(pool)
    say(f"planning {pool.name}: the day ahead")
    seen = _foresee(pool, prepared, past, asked)
    fleets = choose(prepared.found, seen.day.at(asked.scored).tolist(), pool, where)
    case = _case(pool, prepared, past, seen, fleets[0].candidate)
    say(f"planning {pool.name}: floors and loop")
    level = find_level(case, seen.ahead[0][1])
    floors = staff(fleets[0].candidate, seen.day.at(level.quantile).tolist(), pool.min_nodes)
    money = _money(case, level, floors)
    loop = written(case.setting, level, float(np.median(seen.day.p50)), lead_minutes(pool))
    say(f"planning {pool.name}: its rivals on the last days")
    judged = compare(case)
    serving = prepared.served[plain(fleets[0].candidate.machine.gpu or "")]
    said = tuple(filter(None, (*serving.reasons, lead_told(pool), promise_told(floors))))
    told_of = Explained(
        pool,
        past,
        asked,
        seen.day,
        seen.lead_ranking,
        seen.ahead,
        fleets,
        floors,
        level,
        loop,
        money,
        judged,
        prepared.record,
        serving.source,
        said,
    )
    return PoolPlan(
        name=pool.name,
        offer=_offer(fleets[0].candidate.machine),
        runner_up=_offer(fleets[1].candidate.machine) if len(fleets) > 1 else None,
        unit=prepared.demand.unit,
        node_capacity=_six(fleets[0].candidate.node.capacity),
        violations=pool.allowed,
        quantile=level.quantile,
        lead_quantile=round(at_lead(case.setting, seen.lead, seen.lead_ranking[0][1], asked, len(case.setting.values))[0], 4),
        lead_minutes=lead_minutes(pool),
        forecaster=_named(seen.lead_ranking[0][1]),
        day_ahead_forecaster=_named(seen.ahead[0][1]),
        coverage=judged.covered if judged else None,
        scored_quantile=asked.scored,
        why=(*why(told_of), *taken_out(prepared.demand, prepared.events), *told(prepared.events, past.hours.end, HOURS)),
        warnings=(*prepared.doubted, *warnings(told_of), *cautions(prepared.events, past.hours.end, HOURS)),
        hours=_hours(seen.day, level.quantile, floors, past.hours.end),
        min_nodes=base(floors.nodes, past.hours.end.hour, lead_minutes(pool)),
        max_nodes=pool.max_nodes,
        target_utilisation=aimed_at(loop),
        loop=loop,
        schedule=schedule(floors.nodes, past.hours.end.hour, lead_minutes(pool)),
        usd_per_month=money,
        compared=judged.table if judged else None,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is foreseen."""

    day: Day
    """The hours planned, events included."""
    lead: Task
    """Forecasting at the lead time."""
    lead_ranking: list[tuple[float, Method]]
    """Every method by its loss there, best first."""
    hourly: Task
    """Forecasting the day ahead."""
    ahead: list[tuple[float, Method]]
    """Every method by its loss there, best first."""


def _foresee(pool: Pool, prepared: _Prepared, past: History, asked: Asked) -> _Seen:
    lead = replace(lead_task(past, pool, asked.scored), parts=parts(prepared.record, prepared.demand, past.windows))
    hourly = replace(hourly_task(past.hours, asked.scored), parts=parts(prepared.record, prepared.demand, past.hours))
    ahead = day_losses(hourly, prepared.names)
    day = day_ahead(hourly, ahead[0][1], shown(asked.levels))
    return _Seen(
        _rounded(_with_events(day, past.hours.end, prepared.events, pool.demand.share)), lead, blends(lead, prepared.names), hourly, ahead
    )


def lead_task(past: History, pool: Pool, quantile: float) -> Task:
    """Return the task of forecasting at the pool's lead time: a node ordered now serves in the window after its lead time."""
    windows = past.windows
    horizon = 1 + ceil(lead_minutes(pool) * 60 / windows.step_seconds)
    return Task(windows.values, windows.season, (horizon,), quantile, MEMORY_DAYS * windows.season, GAIN)


def setting_of(past: History, pool: Pool, node: NodeShape) -> Setting:
    """Return what policies for the pool share."""
    windows = past.windows
    lead = ceil(lead_minutes(pool) * 60 / windows.step_seconds)
    return Setting(windows.values, node.capacity, lead, pool.min_nodes, windows.step_seconds / 3600, staffed(node))


def _case(pool: Pool, prepared: _Prepared, past: History, seen: _Seen, chosen: Candidate) -> Case:
    setting = setting_of(past, pool, chosen.node)
    asked = asked_of(pool)
    limits = Limits(calm_windows(lead_minutes(pool), setting.hours_per_window), pool.max_nodes)
    return Case(past, setting, seen.lead, seen.hourly, prepared.names, asked, limits, chosen.machine.usd_per_hour)


def _money(case: Case, level: Level, floors: Fleet) -> Money:
    """Price a month of floors and loop from the recorded days, each run as it would have been planned."""
    run = simulate(case.setting, as_run(case.setting, level))
    days = by_day(case.past, run.billed, level.span.first)
    found = interval(days)
    month = case.usd_per_hour * HOURS_PER_MONTH
    if found is None:
        return Money(expected=round(floors.usd / HOURS * HOURS_PER_MONTH, 2), p10=None, p90=None, days=0)
    expected, p10, p90 = (round(nodes * month, 2) for nodes in (found.expected, found.p10, found.p90))
    return Money(expected=expected, p10=p10, p90=p90, days=int(np.sum(~np.isnan(days))))


def _hours(day: Day, level: float, fleet: Fleet, start: dt.datetime) -> tuple[Hour, ...]:
    p90, p95, p99, held = (day.at(each).tolist() for each in (*SHOWN, level))
    return tuple(
        Hour(
            start=start + dt.timedelta(hours=place),
            demand_p50=p50,
            demand_p90=p90[place],
            demand_p95=p95[place],
            demand_p99=p99[place],
            demand=held[place],
            replicas=fleet.replicas[place],
            nodes=fleet.nodes[place],
        )
        for place, p50 in enumerate(day.p50.tolist())
    )


def _with_events(day: Day, start: dt.datetime, events: tuple[Event, ...], share: float) -> Day:
    columns = [affected(column, start, events, share) for column in day.quantiles.T]
    return replace(day, p50=affected(day.p50, start, events, share), quantiles=np.stack(columns, axis=1))


def _rounded(day: Day) -> Day:
    """Round demand to six digits, so that the nodes follow from the figures that the plan shows."""
    return replace(day, p50=_digits(day.p50), quantiles=_digits(day.quantiles))


def _digits(values: Floats) -> Floats:
    return np.reshape([_six(value) for value in values.ravel().tolist()], values.shape).astype(np.float64)


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
