"""`lepton plan`: from demand to a reviewed plan file."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lepton_infra.config import StackFile
    from lepton_infra.sizing.check import Checked
    from lepton_infra.sizing.plan import Compared, Plan, PoolPlan

_BAR = 24


def plan(
    stack: Annotated[str, typer.Argument(help="Name of the stack, as in Pulumi.<stack>.yaml.")],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 2 where the plan is missing or stale.")] = False,
    check_staffing: Annotated[
        bool, typer.Option("--check-staffing", help="Also run the busiest hour of pools with a promise request by request.")
    ] = False,
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
    from lepton_infra.sizing.promised import told

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
    checked = _checked(stack_file, made) if check_staffing else []
    if as_json:
        staffing = {"staffing": [asdict(row) for row in checked]} if check_staffing else {}
        render.document(made.model_dump(mode="json") | staffing)
        render.note(said)
        return
    for pool in () if check else made.pools:
        _show(pool)
    for line in [] if check else told(made.commitments, [pool.offer.machine for pool in made.pools]):
        render.say(line)
    if made.fleet and not check:
        from lepton_infra.cli.fleet import show_fleet

        show_fleet(made.fleet)
    if check_staffing:
        _staffing(checked)
    render.say(said)


def _checked(stack_file: "StackFile", made: "Plan") -> "list[Checked]":
    """Run each pool's busiest hour request by request."""
    from lepton_infra.cli import render
    from lepton_infra.sizing.check import check_staffing

    with render.progress() as report:
        report("checking the staffing request by request")
        return check_staffing(stack_file, made)


def _staffing(checked: "list[Checked]") -> None:
    """Print how the replicas of each pool's busiest hour did."""
    from lepton_infra.cli import render

    if not checked:
        render.say("No pool promises anything about waiting (slo), or those that do are too large to run request by request.")
        return
    rows = [
        (
            row.pool,
            row.replicas,
            f"{row.spread:g}",
            f"{row.promised:.1%}",
            f"{row.late:.1%}",
            f"{row.waited:.1%}",
            "" if row.ttft_p95 is None else f"{row.ttft_p95:.2f} s",
            "" if row.tpot_ms_p95 is None else f"{row.tpot_ms_p95:.1f} ms",
        )
        for row in checked
    ]
    titles = ("replicas", "spread of lengths", "may be late", "late", "waited", "TTFT p95", "TPOT p95")
    render.table("Staffing of the busiest hour, request by request", [render.Column("pool"), *map(render.number, titles)], rows)


def _show(pool: "PoolPlan") -> None:
    """Print a pool's plan: machine, reasons, doubts, hours, what runs above them, what it costs, rivals."""
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
    render.say("")
    _hours(pool)
    _scaling(pool)
    if pool.compared:
        _compare(pool.name, pool.compared)


def _hours(pool: "PoolPlan") -> None:
    """Print demand and floors by the hour."""
    from lepton_infra.cli import render

    most = max(hour.nodes for hour in pool.hours) or 1
    rows = [
        (
            f"{hour.start:%a %H:%M}",
            *(f"{demand:,.1f}" for demand in (hour.demand_p50, hour.demand_p90, hour.demand_p95, hour.demand_p99)),
            hour.nodes,
            _bar(hour.nodes, most),
        )
        for hour in pool.hours
    ]
    level = f"nodes (p{pool.quantile * 100:g})"
    columns = [render.Column("UTC"), *map(render.number, ("p50", "p90", "p95", "p99", level)), render.Column("")]
    total = sum(hour.nodes for hour in pool.hours)
    foot = ("a day", "", "", "", "", total, f"{total * pool.offer.usd_per_hour:,.2f} $")
    render.table(f"{pool.name}: demand ({pool.unit.replace('_', ' ')}) and the fewest nodes by the hour", columns, rows, foot)


def _scaling(pool: "PoolPlan") -> None:
    """Print what runs above the floors, and the bill."""
    from lepton_infra.cli import render

    loop, money = pool.loop, pool.usd_per_month
    outs = sum(change.scale == "out" for change in pool.schedule)
    render.say(f"  Nodes: {pool.min_nodes} to {pool.max_nodes}; the floor rises {outs} and falls {len(pool.schedule) - outs} times a day.")
    if loop:
        render.say(
            f"  Loop: out above {loop.scale_out_above:.0%} utilisation at the usual size, in below {loop.scale_in_below:.0%}, "
            f"{loop.release_percent} % of the nodes every {loop.scale_in_wait_minutes} minutes."
        )
    spread = "" if money.p10 is None or money.p90 is None else f" (p10 {money.p10:,.0f} $, p90 {money.p90:,.0f} $)"
    render.say(f"  A month: {money.expected:,.0f} ${spread}")
    render.say("")


_POLICIES = {
    "oracle": "perfect knowledge",
    "plan": "this plan, as it would be run",
    "each-window": "our planner, deciding at each window",
    "schedule": "the floors alone",
    "seed": "seed formula, at each window",
    "hpa-70": "target tracking at 70 %",
    "thresholds-80-40": "out at 80 %, in at 40 %",
    "static-peak": "peak of the history, always",
}


def _compare(name: str, compared: "Compared") -> None:
    """Print the plan beside its rivals."""
    from lepton_infra.cli import render

    oracle = compared.of("oracle").usd
    rows = [
        (
            _POLICIES.get(one.policy, one.policy),
            f"{one.node_hours:,.0f}",
            f"{one.usd:,.0f}",
            f"{one.usd / oracle:.2f}" if oracle else "",
            f"{one.short:.1%}",
            f"{one.unserved:.2%}",
            f"{one.utilisation:.0%}",
        )
        for one in compared.policies
    ]
    titles = ("node-hours", "$", "x oracle", "short", "unserved", "used")
    render.table(
        f"{name}: on the last {compared.days} days, each deciding with what it knew then",
        [render.Column("policy"), *map(render.number, titles)],
        rows,
    )


def _bar(nodes: int, most: int) -> str:
    return "█" * round(nodes / most * _BAR)
