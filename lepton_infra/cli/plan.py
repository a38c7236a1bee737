"""`lepton plan`: from demand to a reviewed plan file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lepton_infra.sizing.plan import NodeHours, PoolPlan

_BAR = 24


def plan(
    stack: Annotated[str, typer.Argument(help="Name of the stack, as in Pulumi.<stack>.yaml.")],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 2 where the plan is missing or stale.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as one JSON document.")] = False,
    project: Annotated[Path, typer.Option(help="Directory of the Pulumi project, or one below it.")] = Path(),
) -> None:
    """Forecast demand and write how many nodes of which machine must run when, what that costs and why.

    The plan goes to stacks/plans/<stack>.json: review and commit it. `pulumi up` reads it and computes nothing.

    Example: lepton plan serve-aws
    """
    from lepton_infra.catalog import load_catalog
    from lepton_infra.cli import render
    from lepton_infra.config import find_project, load_stack
    from lepton_infra.sizing.lock import fresh_plan, write_plan

    stack_file = load_stack(find_project(project), stack)
    path = stack_file.project.plan_path(stack)
    if check:
        made = fresh_plan(stack_file)
        said = f"{path.parent.name}/{path.name}: up to date"
    else:
        from lepton_infra.sizing.make import make_plan

        with render.progress() as report:
            made = make_plan(stack_file, load_catalog(), report)
        write_plan(path, made)
        said = f"{path.parent.name}/{path.name}: written"
    for cloud, day in sorted(load_catalog().refreshed.items()):
        render.note(f"{cloud}: prices read from its feed on {day}; LEPTON_CATALOG=shipped plans with the shipped ones.")
    if as_json:
        render.document(made.model_dump(mode="json"))
        render.note(said)
        return
    for pool in () if check else made.pools:
        _show(pool)
    render.say(said)


def _show(pool: "PoolPlan") -> None:
    """Print a pool's plan: machine, reasons, doubts, hours, rivals."""
    import datetime as dt

    from lepton_infra.catalog import dated
    from lepton_infra.cli import render

    offer = pool.offer
    price = f"{offer.usd_per_hour:g} $/h as of {dated(offer.price_date, dt.datetime.now(dt.UTC).date())}"
    render.say(f"{pool.name}: {offer.machine} ({offer.gpus}x {offer.gpu}) in {offer.region}, {price}")
    for sentence in pool.why:
        render.say(f"  {sentence}")
    for doubt in pool.warnings:
        render.note(f"warning: {pool.name}: {doubt}")
    most = max(hour.nodes for hour in pool.hours) or 1
    rows = [
        (f"{hour.start:%a %H:%M}", f"{hour.demand_p50:,.1f}", f"{hour.demand:,.1f}", hour.replicas, hour.nodes, _bar(hour.nodes, most))
        for hour in pool.hours
    ]
    columns = [render.Column("UTC"), *map(render.number, ("p50", f"p{pool.quantile * 100:g}", "replicas", "nodes")), render.Column("")]
    total = sum(hour.nodes for hour in pool.hours)
    foot = ("a day", "", "", "", total, f"{total * offer.usd_per_hour:,.2f} $, {pool.usd_per_month:,.0f} $ a month")
    render.table(f"{pool.name}: demand ({pool.unit.replace('_', ' ')}) and nodes by the hour", columns, rows, foot)
    if pool.compared:
        _compare(pool.name, pool.compared)


def _compare(name: str, compared: "NodeHours") -> None:
    """Print the plan beside its rivals."""
    from lepton_infra.cli import render

    policies = {
        "oracle": ("perfect knowledge", compared.oracle),
        "plan": ("this forecaster, at each window", compared.plan),
        "schedule": ("the hours alone, planned once a day", compared.schedule),
        "thresholds": ("reactive, out at 80 % and in at 40 %", compared.thresholds),
        "static_peak": ("peak of the history, always", compared.static_peak),
    }
    rows = [
        (words, f"{hours:,.0f}", f"{hours / compared.oracle:.2f}" if compared.oracle else "", f"{compared.violated[key]:.1%}")
        for key, (words, hours) in policies.items()
    ]
    columns = [render.Column("policy"), *map(render.number, ("node-hours", "x oracle", "windows short"))]
    render.table(f"{name}: on the last {compared.days} days, each deciding with what it knew then", columns, rows)


def _bar(nodes: int, most: int) -> str:
    return "█" * round(nodes / most * _BAR)
