"""From what is wanted and planned to what components take: the stack file's words in, arguments out, nothing decided."""

from math import ceil

import pulumi

from lepton_components.border import LoopArgs, PoolArgs, ScopeArgs, read
from lepton_components.contract import KeysSpec, cloud
from lepton_infra.config import Budget, Pool, Stack
from lepton_infra.sizing.fleetplan import Part
from lepton_infra.sizing.plan import Plan, PoolPlan


def scope_of(stack: Stack) -> ScopeArgs:
    """Return where the stack is built and whose it is."""
    return {
        "cloud": stack.cloud,
        "region": stack.region,
        "owner": stack.owner,
        "team": stack.team,
        "environment": stack.environment,
    }


def pools_on(runs_on: str, stack: Stack, plan: Plan) -> list[PoolArgs]:
    """Return the pools that run there (`cluster` or `group`), each as its plan says.

    Where the plan has a fleet, a pool is what the fleet places in the stack's own cloud and region: one for each machine and market,
    or none.
    """
    here = [pool for pool in stack.pools if pool.runs_on == runs_on]
    if plan.fleet is None:
        return [_pool(pool, plan.pool(pool.name)) for pool in here]
    parts = {pool.name: [part for part in plan.fleet.builds if part.pool == pool.name] for pool in here}
    return [_part(pool, plan.pool(pool.name), part) for pool in here for part in parts[pool.name]]


def provider_of(scope: ScopeArgs) -> pulumi.ProviderResource:
    """Make the provider that everything in the stack is created through.

    Raises:
        BadArgs: the scope is bad or names no cloud that can be had.
    """
    checked = read(KeysSpec, {"scope": scope}, "provider").scope
    return cloud(checked.cloud).provider(checked.cloud, checked)


def budgets_of(stack: Stack, plan: Plan) -> list[tuple[Budget, float]]:
    """Return the stack's budget with its dollars a month; none where the stack file has no `budget`.

    Where that says no dollars, they are the plan's: the p90 of each pool's month, summed and rounded up to whole dollars. A pool whose
    history is too short for a spread counts with its mean. Disks, network and control plane are not in a plan; `lepton cost` has them.
    """
    if stack.budget is None:
        return []
    months = [pool.usd_per_month for pool in plan.pools]
    planned = ceil(sum(month.expected if month.p90 is None else month.p90 for month in months))
    return [(stack.budget, stack.budget.usd_per_month or planned)]


def targets_of(plan: Plan) -> dict[str, float]:
    """Return the utilisation that an autoscaler in the cluster is to aim at, by pool; pools without a loop left out.

    Nothing in the stack reads it: it is an output for whoever writes the HorizontalPodAutoscaler or the ScaledObject of the service.
    """
    return {pool.name: pool.target_utilisation for pool in plan.pools if pool.target_utilisation is not None}


def loops_of(plan: Plan) -> dict[str, LoopArgs]:
    """Return what scales on load in the cluster, by pool, as the plan simulates it; pools without a loop left out.

    Nothing in the stack reads it either: a KEDA `ScaledObject` or a controller of one's own can, where a single target is too coarse.
    """
    return {pool.name: loop for pool in plan.pools if (loop := _loop(pool, pool.max_nodes)) is not None}


def _loop(planned: PoolPlan, most: int) -> LoopArgs | None:
    """Return the plan's loop with sizes up to the most nodes; None where there is none, or the plan is from before there were steps."""
    loop = planned.loop
    sizes = [step for step in loop.steps if step.nodes <= most] if loop else []
    if not loop or not sizes:
        return None
    return {
        "window_minutes": loop.window_minutes,
        "wait_minutes": loop.scale_in_wait_minutes,
        "release_percent": loop.release_percent,
        "steps": [{"nodes": step.nodes, "out_above": step.out_above, "in_below": step.in_below} for step in sizes],
    }


def _part(pool: Pool, planned: PoolPlan, part: Part) -> PoolArgs:
    args: PoolArgs = {
        "name": part.name,
        "pool": pool.name,
        "machine": part.machine,
        "gpu": part.gpu,
        "gpus": part.gpus,
        "min_nodes": part.min_nodes,
        "max_nodes": part.max_nodes,
        "disk_gib": pool.disk_gib,
        "lead_minutes": planned.lead_minutes,
        "schedule": [{"cron": cron, "min_nodes": least} for cron, least in part.schedule],
    }
    if part.spot:
        args["spot"] = True
    return _with_load(args, planned)


def _with_load(args: PoolArgs, planned: PoolPlan) -> PoolArgs:
    loop = _loop(planned, args["max_nodes"])
    if planned.target_utilisation is not None:
        args["target_utilisation"] = planned.target_utilisation
    if loop is not None:
        args["loop"] = loop
    return args


def _pool(pool: Pool, planned: PoolPlan) -> PoolArgs:
    args: PoolArgs = {
        "name": pool.name,
        "machine": planned.offer.machine,
        "gpu": planned.offer.gpu,
        "gpus": planned.offer.gpus,
        "min_nodes": planned.min_nodes,
        "max_nodes": planned.max_nodes,
        "disk_gib": pool.disk_gib,
        "lead_minutes": planned.lead_minutes,
        "schedule": [{"cron": change.cron, "min_nodes": change.min_nodes} for change in planned.schedule],
    }
    return _with_load(args, planned)
